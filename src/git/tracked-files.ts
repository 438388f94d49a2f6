import { type Git, gitError } from './exec.ts'

/** A file of the index: its name from the top of the worktree, as bytes, and whether it is a symbolic link. */
export interface TrackedFile {
  readonly name: Buffer
  readonly isLink: boolean
}

/** The tracked files that pathspecs fit; `allFit` is false when git says that one of them fits none. */
export interface Tracked {
  readonly files: readonly TrackedFile[]
  readonly allFit: boolean
}

const LINK_MODE = '120000'

/**
 * The files of the index that `pathspecs` fit, by git's own rules, counted from the current directory
 * (git-ls-files(1)). Each file once, also when it has several stages. Throws DW_GIT.
 */
export async function trackedFiles(git: Git, pathspecs: readonly string[]): Promise<Tracked> {
  const args = ['ls-files', '--stage', '-z', '--full-name', '--error-unmatch', '--', ...pathspecs]
  const result = await git.run(args)
  // 1 is for pathspecs that fit nothing; what the others fit is listed all the same
  if (result.status !== 0 && result.status !== 1) throw gitError(args, result)
  const files = new Map<string, TrackedFile>()
  for (const entry of entriesOf(result.stdout)) files.set(entry.name.toString('latin1'), entry)
  return { files: [...files.values()], allFit: result.status === 0 }
}

/** `<mode> <object> <stage>\t<name>\0` each. */
function* entriesOf(output: Buffer): Generator<TrackedFile> {
  for (let at = 0; at < output.length; ) {
    const tab = output.indexOf(9, at)
    const end = output.indexOf(0, tab)
    const mode = output.toString('latin1', at, output.indexOf(32, at))
    yield { name: output.subarray(tab + 1, end), isLink: mode === LINK_MODE }
    at = end + 1
  }
}
