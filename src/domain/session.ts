import { isAbove, type LockName, lockName, parseKey, type TaskKey } from './key.ts'
import type { Lock, Owner, Revocation, Session, SessionId, Timestamp } from './record.ts'

/** A session that starts now, with nothing claimed. `ttl` in seconds. */
export function startSession(start: {
  readonly id: SessionId
  readonly owner: Owner
  readonly at: Timestamp
  readonly ttl: number
  readonly project?: string
}): Session {
  return {
    kind: 'session',
    id: start.id,
    status: 'active',
    owner: start.owner,
    ...(start.project === undefined ? {} : { project: start.project }),
    createdAt: start.at,
    lastActivity: start.at,
    ttl: start.ttl,
    fence: 0,
    revoked: [],
  }
}

/**
 * The session heard from at `at`. Where the clock was set back, activity still moves on, by a millisecond:
 * other clones watch for it to change (design §5, Lease).
 */
export function heard(session: Session, at: Timestamp): Session {
  const last = session.lastActivity
  if (at === last) return session
  return { ...session, lastActivity: at > last ? at : new Date(Date.parse(last) + 1).toISOString() }
}

/** The session after a change of its own locks: the fence moves, and it was heard from. */
export function movedFence(session: Session, at: Timestamp): Session {
  return heard({ ...session, fence: session.fence + 1 }, at)
}

/**
 * The session after locks of it were taken by somebody else: the fence moves, each lock is noted once,
 * and `lastActivity` stays, so that those who watch its silence are not misled (design §5).
 */
export function revoke(session: Session, revocations: readonly Revocation[]): Session {
  return { ...session, fence: session.fence + 1, revoked: uniteRevocations(session.revoked, revocations) }
}

/** Both lists as one, each lock blob once, the first note kept, oldest first. Nothing is ever dropped. */
export function uniteRevocations(a: readonly Revocation[], b: readonly Revocation[]): Revocation[] {
  const byLock = new Map<string, Revocation>()
  for (const revocation of [...a, ...b].sort(byTimeThenContent)) {
    if (!byLock.has(revocation.lock)) byLock.set(revocation.lock, revocation)
  }
  return [...byLock.values()]
}

function byTimeThenContent(a: Revocation, b: Revocation): number {
  const left = [a.at, a.lock, a.by, a.key, a.why].join('\0')
  const right = [b.at, b.lock, b.by, b.key, b.why].join('\0')
  return left < right ? -1 : left > right ? 1 : 0
}

/** The session without the revocations that holding `held` again has ended (design §5, Takeover). */
export function withoutRevocationsOf(session: Session, held: readonly LockName[]): Session {
  const covered = (revocation: Revocation) => {
    const name = lockName(parseKey(revocation.key))
    return held.some((other) => other === name || isAbove(other, name))
  }
  return { ...session, revoked: session.revoked.filter((revocation) => !covered(revocation)) }
}

/**
 * The record made for a session that is absent but whose lock is taken: expired and revoked, so that a
 * late write of its holder, leased on absence, fails (design §5).
 */
export function absentSession(lock: Lock, at: Timestamp, ttl: number, revocations: Revocation[]): Session {
  const started = startSession({ id: lock.session, owner: lock.owner, at: lock.acquiredAt, ttl })
  return { ...revoke(started, revocations), status: 'expired', createdAt: at }
}

/**
 * The session as it was `before` a claim that failed: with its project, task, worktree and pull request, and
 * with the revocations that the claim was to end.
 */
export function backTo(session: Session, before: Session): Session {
  const { project, task, worktree, pr, ...rest } = session
  return {
    ...rest,
    ...(before.project === undefined ? {} : { project: before.project }),
    ...(before.task === undefined ? {} : { task: before.task }),
    ...(before.worktree === undefined ? {} : { worktree: before.worktree }),
    ...(before.pr === undefined ? {} : { pr: before.pr }),
    revoked: uniteRevocations(session.revoked, before.revoked),
  }
}

/** The session that works on `task` from now on: the pull request of another task is not this one's. */
export function workingOn(session: Session, task: TaskKey): Session {
  const isSame =
    session.task !== undefined &&
    session.project !== undefined &&
    lockName({ kind: 'task', project: session.project, task: session.task }) === lockName(task)
  const { pr, ...rest } = session
  const kept = isSame && pr !== undefined ? { pr } : {}
  return { ...rest, ...kept, project: task.project, task: task.task }
}

/** The session as it is kept after its end by its own holder: its revocations end with it (design §5). */
export function endedSession(session: Session, at: Timestamp): Session {
  return { ...movedFence(session, at), status: 'ended', revoked: [] }
}

/** Locks that an ended session notes one by one: that it ended says that all are gone. */
const MOST_NOTED = 100

/**
 * The session as it is kept after somebody else ended it: by whom, and the locks it lost that way, stay
 * noted, so that its holder is told.
 */
export function endedByOther(
  session: Session,
  by: string,
  at: Timestamp,
  lost: readonly Revocation[],
): Session {
  return { ...revoke(session, lost.slice(0, MOST_NOTED)), status: 'ended', endedBy: by, endedAt: at }
}

/**
 * The session as it is kept once a clean-up found it expired: the locks that it lost that way stay noted, so
 * that a holder who comes back is told.
 */
export function expiredSession(session: Session, at: Timestamp, lost: readonly Revocation[]): Session {
  return { ...revoke(session, lost.slice(0, MOST_NOTED)), status: 'expired', endedAt: at }
}

/** When the session was over, in milliseconds since the epoch: the last that is known to have happened to it. */
export function endOf(session: Session): number {
  const times = [session.lastActivity, session.endedAt, ...session.revoked.map(({ at }) => at)]
  return Math.max(...times.flatMap((time) => (time === undefined ? [] : [Date.parse(time)])))
}
