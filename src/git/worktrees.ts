import { readdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { type Git, type GitResult, gitError } from './exec.ts'

/** One entry of `git worktree list`. */
export interface Worktree {
  readonly path: string
  /** The branch's short name; null when HEAD is detached or the entry is bare. */
  readonly branch: string | null
  /** HEAD's commit; null on a branch without one, and for a bare entry. */
  readonly head: string | null
  readonly bare: boolean
  /** The user has locked it (`git worktree lock`). */
  readonly locked: boolean
}

/** All worktrees of the repository, the main one first. */
export async function listWorktrees(git: Git): Promise<Worktree[]> {
  const output = await git.output(['worktree', 'list', '--porcelain', '-z'])
  const entries = output
    .toString('utf8')
    .split('\0\0')
    .filter((entry) => entry !== '')
  return entries.map((entry) => {
    const fields = new Map(entry.split('\0').map((line): [string, string] => splitOnce(line)))
    const branch = fields.get('branch')
    return {
      path: fields.get('worktree') ?? '',
      branch: branch === undefined ? null : branch.replace(/^refs\/heads\//, ''),
      head: /^(?!0+$)/.test(fields.get('HEAD') ?? '0') ? (fields.get('HEAD') ?? null) : null,
      bare: fields.has('bare'),
      locked: fields.has('locked'),
    }
  })
}

function splitOnce(line: string): [string, string] {
  const space = line.indexOf(' ')
  return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)]
}

/** How to make a worktree of a branch that exists. */
export interface WorktreeSpec {
  readonly path: string
  readonly branch: string
  /** What is registered at the path: nothing, a worktree whose directory is gone, or one killed half made. */
  readonly replaces: 'missing' | 'unfinished' | null
}

/**
 * Runs `git worktree add`, with the user's own hooks and terminal. The branch exists by now, so nothing is
 * tracked, and parallel adds do not fail on config.lock (design §9). Throws DW_GIT.
 */
export async function addWorktree(git: Git, spec: WorktreeSpec): Promise<void> {
  // git wants it twice for one that it locked while it was making it
  const force = { none: [], missing: ['--force'], unfinished: ['--force', '--force'] }[
    spec.replaces ?? 'none'
  ]
  const args = ['worktree', 'add', '--quiet', ...force, '--', spec.path, spec.branch]
  const result: GitResult = await git.run(args, { foreground: true })
  if (result.status !== 0) throw gitError(args, result)
}

/** Whether git is, or was when it was killed, still making the worktree: it marks such a one as locked. */
export async function isInitializing(gitDir: string): Promise<boolean> {
  const reason = await readFile(resolve(gitDir, 'locked'), 'utf8').catch(() => '')
  return reason.trim() === 'initializing'
}

/** Completes a worktree whose making was killed. Whether it could: an index.lock may be in the way. */
export async function completeWorktree(git: Git, path: string, branch: string): Promise<boolean> {
  const args = ['checkout', '--force', '--quiet', branch, '--']
  if ((await git.run(args, { cwd: path, entering: true, foreground: true })).status !== 0) return false
  return (await git.run(['worktree', 'unlock', '--', path])).status === 0
}

/** Whether the index of a worktree whose directory is gone holds nothing that its HEAD does not. */
export async function isIndexClean(git: Git, commonDir: string, path: string): Promise<boolean> {
  const gitDir = await adminDirOf(commonDir, path)
  if (gitDir === null) return false
  return (await git.run([`--git-dir=${gitDir}`, 'diff-index', '--cached', '--quiet', 'HEAD'])).status === 0
}

/** The directory in which git keeps the linked worktree at `path`, also when that is gone; null for none. */
export async function adminDirOf(commonDir: string, path: string): Promise<string | null> {
  const names = await readdir(resolve(commonDir, 'worktrees')).catch(() => [])
  for (const name of names) {
    const gitDir = resolve(commonDir, 'worktrees', name)
    const link = await readFile(resolve(gitDir, 'gitdir'), 'utf8').catch(() => '')
    if (link !== '' && resolve(gitDir, link.replace(/\n$/, '')) === resolve(path, '.git')) return gitDir
  }
  return null
}

/**
 * Removes a new worktree that is clean; false when git would not, which it says of one with work in it. For
 * one with submodules git wants to be forced, so it is asked first whether all else is clean.
 */
export async function removeWorktree(git: Git, path: string, gitDir: string): Promise<boolean> {
  const polite = await git.run(['worktree', 'remove', '--', path], { timeout: REMOVE_TIMEOUT })
  if (polite.status === 0) return true
  if ((await stat(resolve(gitDir, 'modules')).catch(() => null)) === null) return false
  const args = ['status', '--porcelain', '--untracked-files=all', '--ignore-submodules=all']
  const { status, stdout } = await git.run(args, { cwd: path, entering: true })
  if (status !== 0 || stdout.length > 0) return false
  return (await git.run(['worktree', 'remove', '--force', '--', path])).status === 0
}

/** Removes a worktree of which the caller has kept all that is in it. Throws DW_GIT. */
export async function removeKeptWorktree(git: Git, path: string): Promise<void> {
  await git.output(['worktree', 'remove', '--force', '--', path], { timeout: REMOVE_TIMEOUT })
}

/** Deleting many files takes longer than our plumbing, in milliseconds. */
const REMOVE_TIMEOUT = 600_000

/**
 * Drops git's record of a worktree that it was stopped making: there is nothing in it, and git has it
 * locked, hence the two forces. A record that was cut off makes git itself die; then its own directory,
 * which still says "initializing", goes, or has nothing in it at all (then a git that is just making it fails,
 * and can be called again).
 */
export async function dropUnfinished(git: Git, commonDir: string, path: string): Promise<void> {
  if ((await git.run(['worktree', 'remove', '--force', '--force', '--', path])).status === 0) return
  const records = resolve(commonDir, 'worktrees')
  for (const name of await readdir(records).catch(() => [])) {
    const gitDir = resolve(records, name)
    const link = await readFile(resolve(gitDir, 'gitdir'), 'utf8').catch(() => '')
    const isCutOff = link.trim() === '' && isRecordName(name, path)
    const isIts = link.trim() === resolve(path, '.git') || (isCutOff && name === basename(path))
    if (isIts && (await isInitializing(gitDir))) await rm(gitDir, { recursive: true, force: true })
    else if (isCutOff) await dropEmpty(gitDir)
  }
}

/** Whether git would give a record of the worktree at `path` this name: it adds a number to one that is taken. */
function isRecordName(name: string, path: string): boolean {
  const wanted = basename(path)
  return name.startsWith(wanted) && /^\d*$/.test(name.slice(wanted.length))
}

/** Removes a directory that has nothing in it, and only such a one. */
export async function dropEmpty(directory: string): Promise<void> {
  await rmdir(directory).catch(() => undefined)
}

/**
 * The records of worktrees whose making was cut off while git wrote them, before `time` (milliseconds of the file
 * system's clock), as the directories in which git keeps them. With one of them `git worktree list` dies, for good.
 */
export async function cutOffRecords(commonDir: string, time: number): Promise<string[]> {
  const records = resolve(commonDir, 'worktrees')
  const found: string[] = []
  for (const name of await readdir(records).catch(() => [])) {
    const gitDir = resolve(records, name)
    const common = await readFile(resolve(gitDir, 'commondir'), 'utf8').catch(() => '')
    const marked = await stat(resolve(gitDir, 'locked')).catch(() => null)
    if (common.trim() !== '' || marked === null || marked.mtimeMs > time) continue
    if (await isInitializing(gitDir)) found.push(gitDir)
  }
  return found
}

/** Drops one of {@link cutOffRecords}: nobody was told of it, and git cannot read it. */
export async function dropCutOff(gitDir: string): Promise<void> {
  await rm(gitDir, { recursive: true, force: true })
}

/** Creates a branch at a commit; false when it was there. */
export async function createBranch(git: Git, branch: string, at: string): Promise<boolean> {
  return (
    (await git.run(['update-ref', '--stdin'], { input: `create refs/heads/${branch} ${at}\n` })).status === 0
  )
}

/** Deletes a branch that still points at `at`; whether it did. */
export async function deleteBranch(git: Git, branch: string, at: string): Promise<boolean> {
  const result = await git.run(['update-ref', '-d', `refs/heads/${branch}`, at])
  return result.status === 0
}

/**
 * The git directory of the worktree at `path`: what its `.git` names, or is. Null when there is none.
 */
export async function gitDirOf(path: string): Promise<string | null> {
  const dotGit = resolve(path, '.git')
  try {
    const link = /^gitdir: (.*)\n?$/s.exec(await readFile(dotGit, 'utf8'))
    return link?.[1] === undefined ? null : resolve(path, link[1].replace(/\n$/, ''))
  } catch (error) {
    return isErrno(error, 'EISDIR') ? dotGit : null
  }
}

/** The directory that the worktrees of `gitDir`'s repository share. */
export async function commonDirOf(gitDir: string): Promise<string> {
  try {
    return resolve(gitDir, (await readFile(resolve(gitDir, 'commondir'), 'utf8')).replace(/\n$/, ''))
  } catch {
    return gitDir
  }
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** The refs that only the worktree of this git directory has (gitrepository-layout(5)). */
export async function worktreeRefs(git: Git, gitDir: string): Promise<{ name: string; oid: string }[]> {
  const args = ['for-each-ref', '--format=%(refname) %(objectname)']
  const own = ['refs/bisect', 'refs/worktree', 'refs/rewritten']
  const output = await git.output([`--git-dir=${gitDir}`, ...args, ...own], { entering: true })
  return output
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map(splitOnce)
    .map(([name, oid]) => ({ name, oid }))
}
