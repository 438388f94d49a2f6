import { parseKey, type TaskKey } from '../../domain/key.ts'
import type { Result, ResultStatus } from '../../domain/record.ts'
import { CommitGraph } from '../../git/commit-graph.ts'
import { MergeEvidence } from '../../git/merge-evidence.ts'
import { type Merged, mergedInto } from '../../git/merged.ts'
import { aheadBehind, resolveNames } from '../../git/refs.ts'
import { readStatuses, readWorktreeStatus, type WorktreeStatus } from '../../git/worktree-status.ts'
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

/** How many processes look at worktrees together, and at how many worktrees each. */
const AT_ONCE = 3
const EACH = 6

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
  const statuses = readAll(workspace, known)
  const ground = readGrounds(workspace, known)
  // it may fail before the first status is there
  ground.catch(() => undefined)
  const rows = known.map(async (worktree, at) =>
    rowOf(workspace, worktree, results, await statuses[at], await ground),
  )
  // whoever waits for one row is not the first to hear of another that failed
  for (const row of rows) row.catch(() => undefined)
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

/** What rows are compared with. */
interface MergeGround {
  readonly bases: readonly string[]
  /** Null where the worktrees have no history in common: then git is asked for each. */
  readonly graph: CommitGraph | null
  readonly evidence: MergeEvidence | null
}

/** What is known of the commits before git is asked for one worktree. */
async function readGrounds(workspace: Workspace, known: readonly KnownWorktree[]): Promise<MergeGround> {
  const { git } = workspace
  const bases = await basesOf(workspace, known[0])
  const heads = known.flatMap(({ head }) => head ?? [])
  const graph = await CommitGraph.read(git, [...heads, ...bases]).catch(() => null)
  // the main worktree, and those that nobody has worked in, are not asked for
  const worked = known.flatMap(({ main, head, stamp }) =>
    main || head === null || head === stamp?.base ? [] : [head],
  )
  const evidence = graph && (await MergeEvidence.read(git, graph, worked, bases).catch(() => null))
  return { bases, graph, evidence }
}

/** The status of each worktree, in order; null where git cannot tell, or there is nothing to look at. */
function readAll({ git }: Workspace, known: readonly KnownWorktree[]): Promise<WorktreeStatus | null>[] {
  const paths = known.flatMap(({ missing, bare, path }) => (missing || bare ? [] : [path]))
  const found = new Map<string, Promise<WorktreeStatus | null>>()
  const slots = new Array<Promise<unknown>>(AT_ONCE).fill(Promise.resolve())
  for (let at = 0; at < paths.length; at += EACH) {
    const some = paths.slice(at, at + EACH)
    const slot = (at / EACH) % AT_ONCE
    const read = (slots[slot] ?? Promise.resolve()).then(() => readStatuses(git, some))
    slots[slot] = read.catch(() => undefined)
    for (const [place, path] of some.entries()) {
      // one that fails keeps git from looking at the others: each is then asked for itself
      const alone = () => readWorktreeStatus(git, path, { all: false }).catch(() => null)
      found.set(
        path,
        read.then((each) => each[place] ?? alone(), alone),
      )
    }
  }
  return known.map(async ({ path }) => (await found.get(path)) ?? null)
}

async function rowOf(
  workspace: Workspace,
  worktree: KnownWorktree,
  results: Results,
  status: WorktreeStatus | null | undefined,
  ground: MergeGround,
): Promise<WorktreeRow> {
  const start = startOf(worktree, results)
  const unknown = { changed: null, untracked: null, ahead: null, behind: null, merged: null }
  if (status === null || status === undefined) return { ...start, ...unknown }
  // somebody may have committed since the graph was read
  const now = status.head === worktree.head ? ground : { ...ground, graph: null, evidence: null }
  const [base] = ground.bases
  const distance = status.upstream ?? (await distanceTo(workspace, now.graph, status.head, base))
  return {
    ...start,
    changed: status.changed.length,
    untracked: status.untracked.length,
    ahead: distance?.ahead ?? null,
    behind: distance?.behind ?? null,
    merged: await mergedOf(workspace, worktree, status, now),
  }
}

async function distanceTo(
  { git }: Workspace,
  graph: CommitGraph | null,
  head: string | null,
  base: string | undefined,
): Promise<{ readonly ahead: number; readonly behind: number } | null> {
  if (head === null || base === undefined) return null
  if (graph === null) return aheadBehind(git, head, base)
  const { ahead, behind } = graph.apart(head, base)
  return { ahead: ahead.length, behind: behind.length }
}

/**
 * How the work in a worktree got into one of the ground's bases; null when it did not, and where nobody has
 * worked yet.
 */
export async function mergedOf(
  workspace: Workspace,
  worktree: KnownWorktree,
  { head }: WorktreeStatus,
  { bases, graph, evidence }: MergeGround,
): Promise<Merged> {
  // a branch that nobody has worked on yet has nothing that could be merged
  if (worktree.main || head === null || head === worktree.stamp?.base) return null
  if (bases.some((base) => graph?.apart(head, base).ahead.length === 0)) return 'merged'
  for (const base of bases) {
    const how = await mergedInto(workspace.git, head, base, evidence?.doubts(head, base) ?? undefined)
    if (how !== null) return how
  }
  return null
}
