import { DwError } from '../domain/error.ts'
import { lockName, parseKey, type TaskKey } from '../domain/key.ts'
import { sessionState } from '../domain/lease.ts'
import type { Session, SessionId } from '../domain/record.ts'
import { activeRef, endedRef, LOCKS_REF } from '../store/ref-names.ts'
import { readGround } from './ground.ts'
import type { Workspace } from './workspace.ts'
import type { WorktreeOptions, WorktreePlan } from './worktree-plan.ts'

/**
 * Refuses a worktree that is there and that the task may not go on in (design §9): one that no claim
 * made, or one that a live session other than `mine` uses for another task; `--adopt` lifts both. The
 * worktree of this very task goes with the task's lock. Throws DW_EXISTS, DW_IN_USE.
 */
export async function checkReuse(
  workspace: Workspace,
  plan: WorktreePlan,
  task: TaskKey,
  mine: readonly (SessionId | undefined)[],
  options: WorktreeOptions,
): Promise<void> {
  if (plan.how !== 'reuse' || options.adopt) return
  const { stamp, path, branch, unfinished } = plan
  if (unfinished && stamp === undefined) return
  if (stamp === undefined) throw notOurs(path, branch)
  if (mine.includes(stamp.session) || lockName(parseKey(stamp.key)) === lockName(task)) return
  if ((await liveSession(workspace, stamp.session)) !== null) throw stampedByOther(path, stamp.session)
}

/** The session when it still counts as live, by its lease and those of its locks; else null. */
export async function liveSession(workspace: Workspace, id: SessionId): Promise<Session | null> {
  const snapshot = await workspace.store.read({ refs: [activeRef(id), endedRef(id), LOCKS_REF] })
  // a dry run asks this, too
  const ground = await readGround(workspace, snapshot, { remember: false })
  const found = ground.sessions.get(id)
  if (found === undefined || found.ended) return null
  const ttls = ground.holdings.filter(({ record }) => record.session === id).map(({ record }) => record.ttl)
  return sessionState(found.session, ttls, ground.vantage) === 'active' ? found.session : null
}

/** DW_IN_USE for a worktree whose stamp names another session that is live. */
function stampedByOther(path: string, session: SessionId): DwError {
  return new DwError('DW_IN_USE', `the worktree "${path}" is used by ${session}, which is live`, {
    hints: ['work in it all the same: --adopt', 'or name another branch with --branch'],
    details: { path, session },
  })
}

/** DW_EXISTS for a worktree of the branch that no claim made. */
function notOurs(path: string, branch: string): DwError {
  return new DwError('DW_EXISTS', `the branch "${branch}" is checked out in "${path}", which no claim made`, {
    hints: ['work in it: --adopt', 'or name another branch with --branch'],
    details: { path, branch },
  })
}
