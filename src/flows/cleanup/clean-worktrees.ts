import { type CleanupItem, judge } from '../../domain/cleanup.ts'
import { DwError } from '../../domain/error.ts'
import { type LockName, lockName, onOneLine, parseKey } from '../../domain/key.ts'
import type { SessionId } from '../../domain/record.ts'
import { readWorktreeStatus } from '../../git/worktree-status.ts'
import { lockRef } from '../../store/ref-names.ts'
import { readGround } from '../ground.ts'
import type { Workspace } from '../workspace.ts'
import type { KnownWorktree } from '../worktree/known-worktree.ts'
import { basesOf, mergedOf } from '../worktree/list-worktrees.ts'
import { type RemovalAnswer, refuseRemoval, removeWorktree } from '../worktree/remove-worktree.ts'
import type { Survey } from './survey.ts'

export interface WorktreeRequest {
  readonly dryRun: boolean
  /** Removes orphaned worktrees that pass every gate; with `merged` only those whose branch is merged. */
  readonly prune: boolean
  readonly merged: boolean
}

/** An orphaned worktree, and how it was removed, if it was. */
export interface OrphanAnswer {
  readonly item: CleanupItem
  readonly removal: RemovalAnswer | null
}

/**
 * The orphaned worktrees that claims made: no live lock and no live session names them (design §4). They go
 * only when asked for, through every gate of design §9; each that stays says why.
 */
export async function orphanedWorktrees(
  workspace: Workspace,
  survey: Survey,
  known: readonly KnownWorktree[],
  request: WorktreeRequest,
): Promise<OrphanAnswer[]> {
  const orphans = known.filter((worktree) => isOrphaned(survey, worktree))
  if (orphans.length === 0) return []
  const bases = request.merged ? await basesOf(workspace, known[0]) : []
  const answers: OrphanAnswer[] = []
  for (const worktree of orphans) {
    workspace.around.signal.throwIfAborted()
    answers.push(await answerFor(workspace, survey, worktree, request, bases))
  }
  return answers
}

async function answerFor(
  workspace: Workspace,
  survey: Survey,
  worktree: KnownWorktree,
  request: WorktreeRequest,
  bases: readonly string[],
): Promise<OrphanAnswer> {
  const { path, stamp, missing } = worktree
  const whose = `of ${stamp?.key}, which nobody works on${missing ? '; its directory is gone' : ''}`
  const stays = (why: string): OrphanAnswer => {
    return {
      item: { what: 'worktree', name: path, why: `${whose}; ${why}`, done: false, stays: true },
      removal: null,
    }
  }
  if (!request.prune && !request.merged) return stays('remove it with --prune')
  if (worktree.gitDir === workspace.repository.gitDir) return stays('it stays: this command was given in it')
  try {
    const how = request.merged ? await howMerged(workspace, worktree, bases) : null
    if (request.merged && how === null) return stays('it stays: its branch is not merged')
    const why = how === null ? whose : `${whose}; its branch is ${how}`
    const item: CleanupItem = { what: 'worktree', name: path, why, done: false }
    if (request.dryRun) {
      await refuseRemoval(workspace, worktree)
      return { item, removal: null }
    }
    const removal = await removeOrphan(workspace, survey, worktree)
    return { item: { ...item, done: true }, removal }
  } catch (error) {
    if (!(error instanceof DwError) || error.code === 'DW_INTERRUPTED') throw error
    return stays(`it stays: ${error.message}`)
  }
}

/**
 * Removes it while no claim can go on in it: claims note their intent before they take a worktree, and so
 * does this; whoever was first has claimed the task by then, which is looked for again.
 */
async function removeOrphan(
  workspace: Workspace,
  survey: Survey,
  worktree: KnownWorktree,
): Promise<RemovalAnswer> {
  const { clone, around } = workspace
  await clone.intend(worktree.path, { session: survey.by as SessionId, key: INTENT }, around.fileClock())
  try {
    const key = keyOf(worktree)
    const refs = key === null ? [] : [lockRef(key)]
    const { holdings } = await readGround(workspace, await workspace.store.read({ refs, above: refs }))
    const taken = holdings.find(({ state }) => state === 'live')
    if (taken !== undefined) {
      throw new DwError('DW_IN_USE', `${taken.record.session} has claimed it by now`, { hints: [] })
    }
    return await removeWorktree(workspace, worktree, { force: false })
  } finally {
    await clone.dropIntent(worktree.path)
  }
}

/** What an intent of a clean-up says instead of a task's key. */
const INTENT = 'cleanup'

function isOrphaned({ ground, stays, me }: Survey, worktree: KnownWorktree): boolean {
  const { main, stamp, path } = worktree
  if (main || stamp === undefined) return false
  const key = keyOf(worktree)
  const isHeld = ground.holdings.some(
    ({ state, name, record }) =>
      state === 'live' &&
      (record.worktree === path || (key !== null && onOneLine(name, key) && name.startsWith('task/'))),
  )
  // records that cannot be read count as held
  if (isHeld || ground.damaged.some(({ ref }) => key !== null && ref === lockRef(key))) return false
  return !stays.some((stay) => {
    const { session, ended } = stay
    const isLive = !ended && session.status === 'active' && !judge(stay, me, ground.vantage).expires
    return isLive && (session.id === stamp.session || session.worktree?.path === path)
  })
}

function keyOf({ stamp }: KnownWorktree): LockName | null {
  try {
    return stamp === undefined ? null : lockName(parseKey(stamp.key))
  } catch {
    return null
  }
}

async function howMerged(workspace: Workspace, worktree: KnownWorktree, bases: readonly string[]) {
  const { path, gitDir, missing } = worktree
  if (missing || gitDir === null) return null
  const status = await readWorktreeStatus(workspace.git, path, { all: false })
  return mergedOf(workspace, worktree, status, { bases, graph: null, evidence: null })
}
