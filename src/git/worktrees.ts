import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Git, type GitResult, gitError } from './exec.ts'

/** One entry of `git worktree list`. */
export interface Worktree {
  readonly path: string
  /** The branch's short name; null when HEAD is detached or the entry is bare. */
  readonly branch: string | null
  readonly bare: boolean
  /** Its directory is gone. */
  readonly missing: boolean
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
      bare: fields.has('bare'),
      missing: fields.has('prunable'),
    }
  })
}

function splitOnce(line: string): [string, string] {
  const space = line.indexOf(' ')
  return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)]
}

/** How to make a worktree: a new branch at `base`, or an existing one. */
export interface WorktreeSpec {
  readonly path: string
  readonly branch: string
  /** The commit to start a new branch at; null when the branch exists. */
  readonly base: string | null
  /** What is registered at the path: nothing, a worktree whose directory is gone, or one killed half made. */
  readonly replaces: 'missing' | 'unfinished' | null
}

/**
 * Runs `git worktree add`, with the user's own hooks and terminal. `--no-track` because parallel adds
 * otherwise fail on config.lock (design §9). Throws DW_GIT.
 */
export async function addWorktree(git: Git, spec: WorktreeSpec): Promise<void> {
  // git wants it twice for one that it locked while it was making it
  const force = { none: [], missing: ['--force'], unfinished: ['--force', '--force'] }[
    spec.replaces ?? 'none'
  ]
  const target =
    spec.base === null
      ? [...force, '--', spec.path, spec.branch]
      : [...force, '--no-track', '-b', spec.branch, '--', spec.path, spec.base]
  const args = ['worktree', 'add', '--quiet', ...target]
  const result: GitResult = await git.run(args, { foreground: true })
  if (result.status !== 0) throw gitError(args, result)
}

/** Whether git is, or was when it was killed, still making the worktree: it marks such a one as locked. */
export async function isInitializing(gitDir: string): Promise<boolean> {
  const reason = await readFile(resolve(gitDir, 'locked'), 'utf8').catch(() => '')
  return reason.trim() === 'initializing'
}

/** Completes a worktree whose making was killed. Whether it could: an index.lock may be in the way. */
export async function completeWorktree(git: Git, path: string): Promise<boolean> {
  const reset = await git.run(['reset', '--hard', '--quiet'], { cwd: path, entering: true, foreground: true })
  if (reset.status !== 0) return false
  return (await git.run(['worktree', 'unlock', '--', path])).status === 0
}

/** Removes a clean worktree; false when git would not, which it says of one with work in it. */
export async function removeWorktree(git: Git, path: string): Promise<boolean> {
  return (await git.run(['worktree', 'remove', '--', path])).status === 0
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
