import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { RescuedEntry, RescuedFile } from '../../domain/rescue.ts'
import type { WorktreeStatus } from '../../git/worktree-status.ts'

/** Ignored content is kept up to this size, in bytes; more than that is made anew, not written by hand. */
const MOST_IGNORED_BYTES = 32 * 1024 * 1024
/** And up to this number of files. */
const MOST_IGNORED_FILES = 200

/** What there is to keep of an index, beyond HEAD. */
export function indexOf(status: WorktreeStatus): {
  readonly index: readonly RescuedEntry[]
  readonly unindexed: readonly string[]
  readonly intended: readonly string[]
} {
  const staged = status.changed.filter(({ staged }) => staged !== null)
  return {
    index: staged.flatMap(({ path, index }) => index.map((entry) => ({ path, ...entry }))),
    unindexed: staged.filter(({ index }) => index.length === 0).map(({ path }) => path),
    intended: status.changed
      .filter(({ staged, unstaged, index }) => staged === null && unstaged === 'A' && index.length === 0)
      .map(({ path }) => path),
  }
}

/** The files to keep, and tracked paths without a file. */
export interface Gathered {
  readonly files: readonly RescuedFile[]
  readonly gone: readonly string[]
  /** Ignored files and directories that are too much to keep. */
  readonly left: readonly string[]
}

/** Finds the files of a worktree that HEAD and index cannot bring back. `unwatched` are changed ones that status hides. */
export async function gatherFiles(
  top: string,
  status: WorktreeStatus,
  unwatched: readonly string[],
): Promise<Gathered> {
  const changed = status.changed
    .filter(
      ({ unstaged, index, submodule }) =>
        !submodule && (unstaged !== null || index.some(({ stage }) => stage > 0)),
    )
    .map(({ path }) => path)
  const ignored = await ignoredFiles(top, status.ignored)
  const described = await Promise.all([
    ...[...changed, ...unwatched].map((path) => describe(top, path, 'tracked')),
    ...status.untracked.filter((path) => !path.endsWith('/')).map((path) => describe(top, path, 'untracked')),
    ...ignored.keep.map((path) => describe(top, path, 'ignored')),
  ])
  const files = described.filter((file) => file !== null)
  const present = new Set(files.map(({ path }) => path))
  return { files, gone: changed.filter((path) => !present.has(path)), left: ignored.left }
}

async function describe(top: string, path: string, state: RescuedFile['state']): Promise<RescuedFile | null> {
  const status = await lstat(join(top, path)).catch(() => null)
  if (status === null || !(status.isFile() || status.isSymbolicLink())) return null
  const mode = (status.mode & 0o7777).toString(8)
  return { path, type: status.isSymbolicLink() ? 'link' : 'file', mode, state }
}

async function ignoredFiles(
  top: string,
  names: readonly string[],
): Promise<{ keep: string[]; left: string[] }> {
  const keep: string[] = []
  const left: string[] = []
  let bytes = 0
  for (const name of names) {
    const files = name.endsWith('/') ? await filesUnder(top, name) : [name]
    const sizes = await Promise.all((files ?? []).map((file) => sizeOf(join(top, file))))
    const size = sizes.reduce((sum, each) => sum + each, 0)
    const fits =
      files !== null && keep.length + files.length <= MOST_IGNORED_FILES && bytes + size <= MOST_IGNORED_BYTES
    if (!fits) left.push(name)
    else {
      keep.push(...files)
      bytes += size
    }
  }
  return { keep, left }
}

/** The files under an ignored directory; null when there are more than are kept. */
async function filesUnder(top: string, directory: string): Promise<string[] | null> {
  const found: string[] = []
  for (const entry of await readdir(join(top, directory), { withFileTypes: true }).catch(() => [])) {
    const path = `${directory}${entry.name}`
    if (!entry.isDirectory()) found.push(path)
    else {
      const inside = await filesUnder(top, `${path}/`)
      if (inside === null) return null
      found.push(...inside)
    }
    if (found.length > MOST_IGNORED_FILES) return null
  }
  return found
}

async function sizeOf(path: string): Promise<number> {
  return lstat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/** Files and directories of a worktree's git directory that tell what was under way there. */
const STATE = [
  'MERGE_HEAD',
  'MERGE_MODE',
  'MERGE_MSG',
  'MERGE_RR',
  'AUTO_MERGE',
  'SQUASH_MSG',
  'CHERRY_PICK_HEAD',
  'REVERT_HEAD',
  'REBASE_HEAD',
  'ORIG_HEAD',
  'BISECT_LOG',
  'BISECT_NAMES',
  'BISECT_START',
  'BISECT_TERMS',
  'BISECT_EXPECTED_REV',
  'COMMIT_EDITMSG',
  'sequencer',
  'rebase-merge',
  'rebase-apply',
  'logs/HEAD',
  // whose it is
  'dw-stamp.json',
]

/** The state of a worktree's git directory: small files, with their bytes. */
export async function gatherState(gitDir: string): Promise<{ path: string; bytes: Buffer }[]> {
  const found: { path: string; bytes: Buffer }[] = []
  const take = async (path: string): Promise<void> => {
    const kind = await lstat(join(gitDir, path)).catch(() => null)
    if (kind?.isFile()) found.push({ path, bytes: await readFile(join(gitDir, path)) })
    if (!kind?.isDirectory()) return
    for (const name of await readdir(join(gitDir, path))) await take(`${path}/${name}`)
  }
  for (const path of STATE) await take(path)
  return found
}

/** The bytes of a link are its target. */
export async function linkBytes(top: string, path: string): Promise<Buffer> {
  return readlink(join(top, path), 'buffer')
}
