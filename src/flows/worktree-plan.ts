import { lstat, readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { DwError } from '../domain/error.ts'
import { formatKey, lockName, parseKey, type TaskKey } from '../domain/key.ts'
import { shellWord } from '../domain/shell-word.ts'
import { fillTemplate } from '../domain/template.ts'
import { resolveNames } from '../git/refs.ts'
import { gitDirOf, isIndexClean, type Worktree, type WorktreeSpec } from '../git/worktrees.ts'
import { readStamp, type Stamp } from '../store/local/stamp.ts'
import { listPastHalfMade } from './half-made.ts'
import { mainWorktree } from './main-worktree.ts'
import { realPath } from './real-path.ts'
import { askedBase, noCommit, type StartOptions, taskBranch } from './task-start.ts'
import type { Workspace } from './workspace.ts'

/** What a user may say about the worktree of a task. */
export interface WorktreeOptions extends StartOptions {
  readonly adopt: boolean
}

/** How a task gets its worktree: by making one, or by going on in one that is there (design §9). */
export type WorktreePlan = {
  readonly path: string
  readonly branch: string
  /** Where the branch starts, or what it was at. */
  readonly base: string
  /** The top of the main worktree; null when there is none. */
  readonly main: string | null
} & (
  | ({ readonly how: 'reuse' } & Pick<Reusable, 'gitDir' | 'stamp' | 'unfinished'>)
  | {
      readonly how: 'add'
      readonly newBranch: boolean
      readonly replaces: WorktreeSpec['replaces']
      /** A claim of the task was killed while git made the worktree, and git knows nothing of what lies there. */
      readonly isLeft: boolean
    }
)

/**
 * Plans the worktree of `task` without changing anything. Whether the session that a stamp names still
 * lives is for the caller to judge. Throws DW_EXISTS or DW_IN_USE for what is in the way, DW_NOT_FOUND
 * for a base that names no commit, DW_USAGE for a bad branch name, DW_CONFIG for a bad template.
 */
export async function planWorktree(
  workspace: Workspace,
  task: TaskKey,
  options: WorktreeOptions,
  looks = 0,
): Promise<WorktreePlan> {
  const branch = taskBranch(workspace, task, options)
  const [worktrees, commits] = await Promise.all([
    listPastHalfMade(workspace),
    resolveStart(workspace, branch, askedBase(workspace, options)),
  ])
  const main = mainWorktree(workspace, worktrees[0])
  const path = await worktreePath(workspace, task, main)
  const base = commits.existing ?? commits.start
  const known = await Promise.all(worktrees.slice(1).map((each) => withStamp(workspace, each, task)))
  const found = findReusable(worktrees[0], known, task, branch, path, options)
  if (found !== null)
    return { how: 'reuse', ...found, main, branch: found.branch ?? branch, base: base ?? '' }
  if (base === null) throw noCommit(workspace, options)
  const isLeft = (await isOccupied(path)) && (await isIntended(workspace, path, task))
  if (isLeft && looks < LOOKS && !workspace.around.signal.aborted) {
    await workspace.around.sleep(LOOK_PAUSE)
    return planWorktree(workspace, task, options, looks + 1)
  }
  if (!isLeft) await refuseOccupied(path)
  const gone = known.find((each) => each.path === path)
  const replaces = gone === undefined ? null : gone.unfinished ? 'unfinished' : 'missing'
  if (replaces === 'missing') await refuseWithWork(workspace, worktrees, path, branch)
  return { how: 'add', path, branch, base, main, newBranch: commits.existing === null, replaces, isLeft }
}

/** The commits that matter, in one process: the branch itself, and where a new one would start. */
async function resolveStart(workspace: Workspace, branch: string, asked: string | undefined) {
  const { remote } = workspace.settings
  const candidates =
    asked === undefined
      ? [
          ...(remote === undefined
            ? []
            : [`refs/remotes/${remote}/${branch}`, `refs/remotes/${remote}/HEAD`]),
          'HEAD',
        ]
      : // git reads one name a line
        [asked].filter((name) => !name.includes('\n'))
  const names = [`refs/heads/${branch}`, ...candidates].map((name) => `${name}^{commit}`)
  const [existing = null, ...starts] = await resolveNames(workspace.git, names)
  return { existing, start: starts.find((commit) => commit !== null) ?? null }
}

/** A worktree that git knows of. */
interface Known {
  readonly path: string
  readonly branch: string | null
  /** Null for one whose directory is gone. */
  readonly gitDir: string | null
  readonly stamp: Stamp | undefined
  /** A claim was killed before it had made it: nobody was told of it, so nobody works there. */
  readonly unfinished: boolean
}

type Reusable = Known & { readonly gitDir: string }

/** A worktree that is the task's already: by its stamp, else by its branch. Throws DW_IN_USE or DW_EXISTS. */
function findReusable(
  main: Worktree | undefined,
  known: readonly Known[],
  task: TaskKey,
  branch: string,
  path: string,
  options: WorktreeOptions,
): Reusable | null {
  if (main?.branch === branch && !main.bare) throw inMain(main.path, branch)
  const present = known.filter((each): each is Reusable => each.gitDir !== null)
  const isTasks = (stamp: Stamp) => lockName(parseKey(stamp.key)) === lockName(task)
  const stamped = present.find(
    ({ stamp }) => stamp !== undefined && isTasks(stamp) && options.branch === undefined,
  )
  const halfMade = present.find((each) => each.unfinished && each.path === path)
  const found = stamped ?? present.find((each) => each.branch === branch) ?? halfMade
  if (found !== undefined) return found
  const missing = known.find((each) => each.gitDir === null && each.branch === branch && each.path !== path)
  if (missing !== undefined) throw missingElsewhere(missing.path, branch)
  const occupied = present.find((each) => each.path === path)
  if (occupied !== undefined) throw otherBranch(occupied.path, occupied.branch, branch)
  return null
}

async function withStamp(workspace: Workspace, worktree: Worktree, task: TaskKey): Promise<Known> {
  const { path, branch } = worktree
  const gitDir = await gitDirOf(path)
  const stamp = gitDir === null ? undefined : await readStamp(gitDir)
  const unfinished = stamp === undefined && (await workspace.clone.isIntended(path, formatKey(task)))
  return { path, branch, gitDir, stamp, unfinished }
}

/**
 * Refuses to make a worktree anew where one is registered whose directory is gone, as long as git still
 * keeps something of it: what was staged, a HEAD on no branch, or the user's own lock on it.
 */
async function refuseWithWork(
  workspace: Workspace,
  worktrees: readonly Worktree[],
  path: string,
  branch: string,
): Promise<void> {
  const gone = worktrees.find((worktree) => worktree.path === path)
  if (gone === undefined) return
  const onBranch = gone.branch === branch && !gone.locked
  if (!onBranch || !(await isIndexClean(workspace.git, workspace.repository.commonDir, path))) {
    throw missingElsewhere(path, branch)
  }
}

/** How often, and after how many milliseconds each, it is looked again for what a dead claim's git still makes. */
const LOOKS = 50
const LOOK_PAUSE = 100

/** Whether a claim of the task was killed while it made a worktree there: its git outlives it, and may be at it. */
function isIntended(workspace: Workspace, path: string, task: TaskKey): Promise<boolean> {
  return workspace.clone.isIntended(path, formatKey(task))
}

async function isOccupied(path: string): Promise<boolean> {
  const status = await lstat(path).catch(() => null)
  if (status === null) return false
  return !status.isDirectory() || (await readdir(path)).length > 0
}

async function refuseOccupied(path: string): Promise<void> {
  if (!(await isOccupied(path))) return
  throw new DwError('DW_EXISTS', `"${path}" exists and is no worktree of this repository`, {
    hints: [
      `move it away: mv ${shellWord(path)} <another path>`,
      'or set another place: git config dw.worktreePath <template>',
    ],
    details: { path },
  })
}

function inMain(path: string, branch: string): DwError {
  return new DwError('DW_IN_USE', `the branch "${branch}" is checked out in the main worktree "${path}"`, {
    hints: [
      `switch the main worktree to another branch: git -C ${shellWord(path)} switch <branch>`,
      'or name another branch with --branch',
    ],
    details: { path, branch },
  })
}

function missingElsewhere(path: string, branch: string): DwError {
  return new DwError('DW_EXISTS', `the branch "${branch}" belongs to the worktree "${path}", which is gone`, {
    hints: [
      'if it was moved: git worktree repair <new path>',
      'if it was deleted: git worktree unlock, if it was locked, and git worktree prune',
    ],
    details: { path, branch },
  })
}

function otherBranch(path: string, actual: string | null, branch: string): DwError {
  const on = actual === null ? 'a detached HEAD' : `"${actual}"`
  return new DwError('DW_EXISTS', `"${path}" is a worktree on ${on}, not on "${branch}"`, {
    hints: [actual === null ? 'switch it to the branch' : `go on there with: --branch ${actual} --adopt`],
    details: { path, branch: actual },
  })
}

async function worktreePath(workspace: Workspace, task: TaskKey, main: string | null): Promise<string> {
  const { home } = workspace.around
  const template = fillTemplate(workspace.settings.worktreePath, task)
  if ('unknown' in template) throw workspace.settings.badTemplate('dw.worktreePath', template.unknown)
  const filled = template.text
  if (home === '' && /^~(?:\/|$)/.test(filled)) throw workspace.settings.noHome()
  const expanded = filled === '~' || filled.startsWith('~/') ? join(home, filled.slice(1)) : filled
  // from the main worktree, so that it does not matter where the command is given
  return realPath(resolve(main ?? workspace.repository.commonDir, expanded))
}
