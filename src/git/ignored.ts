import { type Git, gitError } from './exec.ts'

/** A worktree by its git directory and its top, so that git need not find either. */
export interface Place {
  readonly gitDir: string
  readonly top: string
}

/**
 * The untracked files of a worktree that fit the patterns of `patternFile` (gitignore(5)), from its top.
 * A repository inside is one name with a slash at its end; links are not followed. Names are latin1
 * strings of the bytes that they consist of, for they need not be UTF-8. Throws DW_GIT.
 */
export async function untrackedFitting(git: Git, place: Place, patternFile: string): Promise<string[]> {
  const args = [...at(place), 'ls-files', '--others', '--ignored', `--exclude-from=${patternFile}`, '-z']
  return names(await git.output(args, { cwd: place.top, entering: 'keeping-settings', foreground: true }))
}

/** Those of `paths` that git ignores in a worktree and does not track there. Throws DW_GIT. */
export async function ignoredAmong(git: Git, place: Place, paths: readonly string[]): Promise<string[]> {
  if (paths.length === 0) return []
  const args = [...at(place), 'check-ignore', '-z', '--stdin']
  const input = Buffer.from(`${paths.join('\0')}\0`, 'latin1')
  const options = { input, cwd: place.top, entering: 'keeping-settings', foreground: true } as const
  const result = await git.run(args, options)
  // 1 means that none is (git-check-ignore(1))
  if (result.status !== 0 && result.status !== 1) throw gitError(args, result)
  return names(result.stdout)
}

const at = ({ gitDir, top }: Place) => [`--git-dir=${gitDir}`, `--work-tree=${top}`]

const names = (output: Buffer): string[] =>
  output
    .toString('latin1')
    .split('\0')
    .filter((name) => name !== '')
