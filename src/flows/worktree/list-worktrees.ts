import { parseKey, type TaskKey } from '../../domain/key.ts'
import type { Result, ResultStatus } from '../../domain/record.ts'
import { type Merged, mergedInto } from '../../git/merged.ts'
import { aheadBehind, branchesIn, resolveNames } from '../../git/refs.ts'
import { readWorktreeStatus, type WorktreeStatus } from '../../git/worktree-status.ts'
import { resultRef } from '../../store/ref-names.ts'
import type { Workspace } from '../workspace.ts'
import { type KnownWorktree, knownWorktrees } from './known-worktree.ts'

/** One worktree as lists show it. */
export interface WorktreeRow {
  readonly path: string
  readonly main: boolean
  readonly missing: boolean
  readonly locked: boolean
  readonly branch: string | null
  readonly task: string | null
  readonly project: string | null
  readonly session: string | null
  /** The last result of the task that can be read, and its pull request. */
  readonly result: ResultStatus | null
  readonly pr: string | null
  /** How many paths are changed, and how many untracked; null where git cannot tell. */
  readonly changed: number | null
  readonly untracked: number | null
  /** Commits against the upstream, or against the base where there is none. */
  readonly ahead: number | null
  readonly behind: number | null
  readonly merged: Merged
}

/** What is known of a row before git has looked at the files. */
export type RowStart = Omit<WorktreeRow, 'changed' | 'untracked' | 'ahead' | 'behind' | 'merged'>

/** How many worktrees are looked at together. */
const AT_ONCE = 4

/**
 * Looks at every worktree. `begun` is told what is known before the files are looked at, `row` each row as
 * it is known, in order. Throws DW_GIT.
 */
export async function listWorktreeRows(
  workspace: Workspace,
  watch: {
    readonly begun?: (rows: readonly RowStart[]) => void
    readonly row?: (row: WorktreeRow) => void
  } = {},
): Promise<WorktreeRow[]> {
  const known = await knownWorktrees(workspace)
  const results = await resultsOf(workspace, known)
  watch.begun?.(known.map((worktree) => startOf(worktree, results)))
  const bases = await basesOf(workspace, known[0])
  const merged = new Set((await Promise.all(bases.map((base) => branchesIn(workspace.git, base)))).flat())
  const rows: Promise<WorktreeRow>[] = []
  const waiting = [...known.entries()]
  const slots = new Array<Promise<unknown>>(AT_ONCE).fill(Promise.resolve())
  for (const [at, worktree] of waiting) {
    const row = (slots[at % AT_ONCE] ?? Promise.resolve()).then(() =>
      rowOf(workspace, worktree, results, bases, merged),
    )
    slots[at % AT_ONCE] = row.catch(() => undefined)
    rows.push(row)
  }
  const done: WorktreeRow[] = []
  for (const row of rows) {
    const each = await row
    watch.row?.(each)
    done.push(each)
  }
  return done
}

type Results = ReadonlyMap<string, Result>

/** The results of the tasks that worktrees were made for, by their refs. */
async function resultsOf(workspace: Workspace, known: readonly KnownWorktree[]): Promise<Results> {
  const keys = known.map(taskOf).filter((task) => task !== null)
  if (keys.length === 0) return new Map()
  const snapshot = await workspace.store.read({ refs: [...new Set(keys.map(resultRef))] })
  return new Map(
    [...snapshot].flatMap(([ref, { content }]): [string, Result][] =>
      content.ok && content.record.kind === 'result' ? [[ref, content.record]] : [],
    ),
  )
}

function taskOf({ stamp }: KnownWorktree): TaskKey | null {
  const key = stamp === undefined ? null : parseKey(stamp.key)
  return key?.kind === 'task' ? key : null
}

function startOf(worktree: KnownWorktree, results: Results): RowStart {
  const { path, main, missing, locked, branch, stamp } = worktree
  const task = taskOf(worktree)
  const result = task === null ? undefined : results.get(resultRef(task))
  return {
    path,
    main,
    missing,
    locked,
    branch,
    task: task?.task ?? null,
    project: task?.project ?? null,
    session: stamp?.session ?? null,
    result: result?.status ?? null,
    pr: result?.pr ?? null,
  }
}

/** The commits that work is merged into: the remote's HEAD, and what the main worktree is on. */
export async function basesOf(
  workspace: Workspace,
  main: Pick<KnownWorktree, 'branch'> | undefined,
): Promise<string[]> {
  const { settings } = workspace
  const names = [
    ...(settings.base === undefined ? [] : [settings.base]),
    ...(settings.remote === undefined ? [] : [`refs/remotes/${settings.remote}/HEAD`]),
    ...(main?.branch == null ? [] : [`refs/heads/${main.branch}`]),
  ]
  const commits = await resolveNames(
    workspace.git,
    names.map((name) => `${name}^{commit}`),
  )
  return [...new Set(commits.filter((commit) => commit !== null))]
}

async function rowOf(
  workspace: Workspace,
  worktree: KnownWorktree,
  results: Results,
  bases: readonly string[],
  mergedBranches: ReadonlySet<string>,
): Promise<WorktreeRow> {
  const start = startOf(worktree, results)
  const unknown = { changed: null, untracked: null, ahead: null, behind: null, merged: null }
  if (worktree.missing || worktree.bare) return { ...start, ...unknown }
  const status = await readWorktreeStatus(workspace.git, worktree.path, { all: false }).catch(() => null)
  if (status === null) return { ...start, ...unknown }
  const { ahead, behind } = await distance(workspace, status, bases)
  return {
    ...start,
    changed: status.changed.length,
    untracked: status.untracked.length,
    ahead,
    behind,
    merged: await mergedOf(workspace, worktree, status, bases, mergedBranches, ahead),
  }
}

async function distance(
  workspace: Workspace,
  status: WorktreeStatus,
  bases: readonly string[],
): Promise<{ ahead: number | null; behind: number | null }> {
  if (status.upstream !== null) return status.upstream
  const [base] = bases
  if (status.head === null || base === undefined) return { ahead: null, behind: null }
  return aheadBehind(workspace.git, status.head, base)
}

/**
 * How the work in a worktree got into one of `bases`; null when it did not, and where nobody has worked yet.
 * `mergedBranches` are those that a base has all of, `ahead` the commits that the first base has not, if known.
 */
export async function mergedOf(
  workspace: Workspace,
  worktree: KnownWorktree,
  status: WorktreeStatus,
  bases: readonly string[],
  mergedBranches: ReadonlySet<string>,
  ahead: number | null,
): Promise<Merged> {
  const { head, branch } = status
  // a branch that nobody has worked on yet has nothing that could be merged
  if (worktree.main || head === null || head === worktree.stamp?.base) return null
  if (branch !== null && mergedBranches.has(branch)) return 'merged'
  if (ahead === 0 && status.upstream === null) return 'merged'
  for (const base of bases) {
    const how = await mergedInto(workspace.git, head, base)
    if (how !== null) return how
  }
  return null
}
