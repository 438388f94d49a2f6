import { lstat, readdir } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DwError } from '../domain/error.ts'
import { lockName, parseKey, type TaskKey } from '../domain/key.ts'
import { encodeFileName } from '../domain/name.ts'
import { isBranchName } from '../git/branch-name.ts'
import { resolveNames } from '../git/refs.ts'
import { gitDirOf, listWorktrees, type Worktree, type WorktreeSpec } from '../git/worktrees.ts'
import { readStamp, type Stamp } from '../store/local/stamp.ts'
import { pastHalfMade } from './half-made.ts'
import { realPath } from './real-path.ts'
import type { Workspace } from './workspace.ts'

/** What a user may say about the worktree of a task. */
export interface WorktreeOptions {
  readonly base?: string
  readonly branch?: string
  readonly adopt: boolean
}

/** How a task gets its worktree: by making one, or by going on in one that is there (design §9). */
export type WorktreePlan = {
  readonly path: string
  readonly branch: string
  /** Where the branch starts, or what it was at. */
  readonly base: string
} & (
  | ({ readonly how: 'reuse' } & Pick<Reusable, 'gitDir' | 'stamp' | 'unfinished'>)
  | { readonly how: 'add'; readonly newBranch: boolean; readonly replaces: WorktreeSpec['replaces'] }
)

/**
 * Plans the worktree of `task` without changing anything. Whether the session that a stamp names still
 * lives is for the caller to judge. Throws DW_EXISTS or DW_IN_USE for what is in the way, DW_NOT_FOUND
 * for a base that names no commit, DW_USAGE for a bad branch name.
 */
export async function planWorktree(
  workspace: Workspace,
  task: TaskKey,
  options: WorktreeOptions,
): Promise<WorktreePlan> {
  const branch = options.branch ?? fillTemplate(workspace, 'dw.branch', task)
  if (!isBranchName(branch)) throw new DwError('DW_USAGE', `"${branch}" is no valid branch name`)
  const path = await worktreePath(workspace, task)
  const [worktrees, commits] = await Promise.all([
    pastHalfMade(workspace, () => listWorktrees(workspace.git)),
    resolveStart(workspace, branch, options.base),
  ])
  const base = commits.existing ?? commits.start
  const found = await findReusable(workspace, worktrees, task, branch, path, options)
  if (found !== null) return { how: 'reuse', ...found, branch: found.branch ?? branch, base: base ?? '' }
  if (base === null) throw noCommit(options.base ?? workspace.settings.base)
  const registered = worktrees.find((worktree) => worktree.path === path)
  if (registered === undefined) await refuseOccupied(path)
  return {
    how: 'add',
    path,
    branch,
    base,
    newBranch: commits.existing === null,
    replaces:
      registered === undefined ? null : (await workspace.clone.isIntended(path)) ? 'unfinished' : 'missing',
  }
}

/** The commits that matter, in one process: the branch itself, and where a new one would start. */
async function resolveStart(workspace: Workspace, branch: string, option: string | undefined) {
  const { settings } = workspace
  const remote = settings.remote
  const asked = option ?? settings.base
  const candidates =
    asked === undefined
      ? [
          ...(remote === undefined
            ? []
            : [`refs/remotes/${remote}/${branch}`, `refs/remotes/${remote}/HEAD`]),
          'HEAD',
        ]
      : [asked]
  const names = [`refs/heads/${branch}`, ...candidates].map((name) => `${name}^{commit}`)
  const [existing = null, ...starts] = await resolveNames(workspace.git, names)
  return { existing, start: starts.find((commit) => commit !== null) ?? null }
}

/** A worktree that is there already. */
interface Reusable {
  readonly path: string
  readonly branch: string | null
  readonly gitDir: string
  readonly stamp: Stamp | undefined
  /** A claim was killed before it had made it: nobody was told of it, so nobody works there. */
  readonly unfinished: boolean
}

/** A worktree that is the task's already: by its stamp, else by its branch. Throws DW_IN_USE or DW_EXISTS. */
async function findReusable(
  workspace: Workspace,
  worktrees: readonly Worktree[],
  task: TaskKey,
  branch: string,
  path: string,
  options: WorktreeOptions,
): Promise<Reusable | null> {
  const [main, ...linked] = worktrees
  if (main?.branch === branch && !main.bare) {
    throw new DwError(
      'DW_IN_USE',
      `the branch "${branch}" is checked out in the main worktree "${main.path}"`,
      {
        hints: ['switch the main worktree to another branch', 'or name another branch with --branch'],
      },
    )
  }
  const known = await Promise.all(
    linked.filter((each) => !each.missing).map((each) => withStamp(workspace, each)),
  )
  const isTasks = (stamp: Stamp) => lockName(parseKey(stamp.key)) === lockName(task)
  const stamped = known.find(
    ({ stamp }) => stamp !== undefined && isTasks(stamp) && options.branch === undefined,
  )
  const branched = known.find((each) => each.branch === branch)
  const found = stamped ?? branched
  if (found === undefined) {
    const missing = linked.find((each) => each.missing && each.branch === branch && each.path !== path)
    if (missing !== undefined) throw missingElsewhere(missing, branch)
    const occupied = known.find((each) => each.path === path)
    if (occupied !== undefined) throw otherBranch(occupied.path, occupied.branch, branch)
    return null
  }
  return found
}

async function withStamp(workspace: Workspace, worktree: Worktree): Promise<Reusable> {
  const gitDir = (await gitDirOf(worktree.path)) ?? ''
  const { path, branch } = worktree
  const [stamp, intended] = await Promise.all([readStamp(gitDir), workspace.clone.isIntended(path)])
  return { path, branch, gitDir, stamp, unfinished: intended && stamp === undefined }
}

async function refuseOccupied(path: string): Promise<void> {
  const status = await lstat(path).catch(() => null)
  if (status === null) return
  if (status.isDirectory() && (await readdir(path)).length === 0) return
  throw new DwError('DW_EXISTS', `"${path}" exists and is no worktree of this repository`, {
    hints: ['move it away', 'or set another place: git config dw.worktreePath <template>'],
    details: { path },
  })
}

function missingElsewhere(missing: Worktree, branch: string): DwError {
  return new DwError(
    'DW_EXISTS',
    `the branch "${branch}" belongs to the worktree "${missing.path}", which is gone`,
    {
      hints: ['if it was moved: git worktree repair <new path>', 'if it was deleted: git worktree prune'],
      details: { path: missing.path, branch },
    },
  )
}

function otherBranch(path: string, actual: string | null, branch: string): DwError {
  const on = actual === null ? 'a detached HEAD' : `"${actual}"`
  return new DwError('DW_EXISTS', `"${path}" is a worktree on ${on}, not on "${branch}"`, {
    hints: [actual === null ? 'switch it to the branch' : `go on there with: --branch ${actual} --adopt`],
    details: { path, branch: actual },
  })
}

function noCommit(base: string | undefined): DwError {
  return base === undefined
    ? new DwError('DW_NOT_FOUND', 'there is no commit to start a branch at', {
        hints: ['make a first commit, or claim without a worktree: --no-worktree'],
      })
    : new DwError('DW_NOT_FOUND', `the base "${base}" names no commit`, {
        hints: ['name another with --base'],
      })
}

async function worktreePath(workspace: Workspace, task: TaskKey): Promise<string> {
  const filled = fillTemplate(workspace, 'dw.worktreePath', task)
  const { home } = workspace.around
  const { commonDir, toplevel } = workspace.repository
  const expanded = filled === '~' || filled.startsWith('~/') ? join(home, filled.slice(1)) : filled
  // from the main worktree's top, so that it does not matter where the command is given
  const main = basename(commonDir) === '.git' ? dirname(commonDir) : (toplevel ?? commonDir)
  return realPath(resolve(main, expanded))
}

function fillTemplate(workspace: Workspace, name: 'dw.branch' | 'dw.worktreePath', task: TaskKey): string {
  const template = name === 'dw.branch' ? workspace.settings.branch : workspace.settings.worktreePath
  return template.replace(/\{([^}]*)\}/g, (_, placeholder: string) => {
    if (placeholder === 'task') return encodeFileName(task.task)
    if (placeholder === 'project') return encodeFileName(task.project)
    throw workspace.settings.badTemplate(name, placeholder)
  })
}
