import type { Holding } from './claim.ts'
import { isSilent, sessionState, type Vantage } from './lease.ts'
import type { Session, SessionId } from './record.ts'
import { endOf } from './session.ts'

/** What a clean-up does, or would do, to one thing. */
export interface CleanupItem {
  readonly what: CleanupKind
  readonly name: string
  readonly why: string
  /** False when it was left, and when nothing is done. */
  readonly done: boolean
  /** It is only named: it stays, for the reason given. */
  readonly stays?: true
}

export type CleanupKind =
  | 'session'
  | 'lock'
  | 'ended-session'
  | 'log'
  | 'rescue'
  | 'binding'
  | 'file'
  | 'worktree'
  | 'damaged'

/** A session's record where it stands, and the locks that name it. */
export interface Stay {
  readonly session: Session
  readonly ended: boolean
  readonly locks: readonly Holding[]
}

/** What becomes of a session: it moves to `ended/`, or only loses locks, which may be none. */
export interface Verdict {
  readonly expires: boolean
  readonly drop: readonly Holding[]
}

/**
 * Judges a session and its locks (design §5, Lease). `me` is the session that cleans up: it was heard from
 * just now, so of its locks only those go that were taken already. A live lock is never dropped.
 */
export function judge(stay: Stay, me: SessionId | null, vantage: Vantage): Verdict {
  const { session, ended, locks } = stay
  if (session.id === me) return { expires: false, drop: locks.filter(({ state }) => state === 'void') }
  const drop = locks.filter(({ state }) => state !== 'live')
  const ttls = locks.map(({ record }) => record.ttl)
  const over = !ended && sessionState(session, ttls, vantage) !== 'active'
  return { expires: over && !isYoungNote(session, vantage), drop }
}

/**
 * Whether the record was made a short while ago for a session that was absent: it stands in the way of a late
 * write of its holder (design §5), so it stays where it is for as long as such a holder could be writing.
 */
function isYoungNote(session: Session, vantage: Vantage): boolean {
  if (session.status === 'active') return false
  return !isSilent({ ...session, lastActivity: session.createdAt }, session.ttl, vantage)
}

/** Whether something that was over at `time` has been kept for `retention` seconds. Both times in milliseconds. */
export function isPastRetention(time: number, retention: number, now: number): boolean {
  return now - time > retention * 1000
}

/** Whether an ended session may be forgotten: nothing that stands elsewhere names it any more. */
export function isForgettable(stay: Stay, retention: number, now: number): boolean {
  return stay.ended && stay.locks.length === 0 && isPastRetention(endOf(stay.session), retention, now)
}
