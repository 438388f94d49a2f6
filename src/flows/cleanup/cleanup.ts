import type { CleanupItem } from '../../domain/cleanup.ts'
import type { Change } from '../../store/store.ts'
import { commits } from '../until-settled.ts'
import type { Workspace } from '../workspace.ts'
import { knownWorktrees } from '../worktree/known-worktree.ts'
import type { RemovalAnswer } from '../worktree/remove-worktree.ts'
import { left, type Outdated, outdated } from './clean-history.ts'
import { deadFiles } from './clean-local.ts'
import { cleanSessions } from './clean-sessions.ts'
import { orphanedWorktrees, type WorktreeRequest } from './clean-worktrees.ts'
import { sessionSteps } from './session-changes.ts'
import { findCleaner, survey } from './survey.ts'

export interface CleanupRequest extends WorktreeRequest {
  /** The value of `--session`. */
  readonly session?: string
}

export interface CleanupAnswer {
  readonly items: readonly CleanupItem[]
  readonly removed: readonly RemovalAnswer[]
}

/**
 * Tidies up (design §5): sessions and locks that have expired, what ended longer ago than `dw.retention`,
 * what this clone remembers for nobody; it lists orphaned worktrees, and removes those that it is told to. A
 * dry run finds the same things and changes nothing. Throws DW_SCHEMA, DW_CORRUPT_STATE, DW_BUSY, DW_READONLY.
 */
export async function cleanUp(workspace: Workspace, request: CleanupRequest): Promise<CleanupAnswer> {
  const { dryRun } = request
  const me = await findCleaner(workspace, request.session, dryRun)
  const found = await survey(workspace, me, { dryRun })
  const worktrees = await knownWorktrees(workspace)
  const sessions = dryRun
    ? sessionSteps(workspace, found).flatMap(({ items }) => items)
    : await cleanSessions(workspace, found)
  const past = [...(await outdated(workspace, found)), ...(await deadFiles(workspace, found, worktrees))]
  const orphans = await orphanedWorktrees(workspace, found, worktrees, request)
  const items = [
    ...sessions,
    ...(await dropAll(workspace, past, dryRun)),
    ...orphans.map(({ item }) => item),
    ...found.ground.damaged.map((entry) => left(entry).item),
  ]
  return { items, removed: orphans.flatMap(({ removal }) => removal ?? []) }
}

/** Records that one transaction drops. */
const TOGETHER = 100

/** Drops it all; what somebody else has dropped or renewed meanwhile is no news. */
async function dropAll(
  workspace: Workspace,
  past: readonly Outdated[],
  dryRun: boolean,
): Promise<CleanupItem[]> {
  const staying = past.flatMap(({ item }) => (dryRun || item.stays ? [item] : []))
  if (dryRun) return staying
  const items: CleanupItem[] = []
  const done = (each: Outdated) => items.push({ ...each.item, done: true })
  const records = past.filter(({ item, drop }) => typeof drop !== 'function' && !item.stays)
  for (let at = 0; at < records.length; at += TOGETHER) {
    workspace.around.signal.throwIfAborted()
    const some = records.slice(at, at + TOGETHER)
    if (await commits(workspace, changesOf(some))) some.forEach(done)
    else for (const each of some) if (await commits(workspace, changesOf([each]))) done(each)
  }
  for (const each of past) {
    if (typeof each.drop === 'function' && (await each.drop())) done(each)
  }
  return [...items, ...staying]
}

function changesOf(some: readonly Outdated[]): Change[] {
  return some.flatMap(({ drop }) => (typeof drop === 'function' ? [] : drop))
}
