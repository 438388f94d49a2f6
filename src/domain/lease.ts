import type { Lock, Session, SessionId, Timestamp, Versioned } from './record.ts'

/** Since when this clone has seen a session's `lastActivity` unchanged, by this clone's own clock. */
export interface Observation {
  readonly lastActivity: Timestamp
  /** Milliseconds since the epoch. */
  readonly since: number
}

/** From where leases are judged: this clone, its clock in milliseconds, what it has observed. */
export interface Vantage {
  readonly clone: string
  readonly now: number
  readonly observed: ReadonlyMap<SessionId, Observation>
}

/** Shortest extra time, in seconds, that another machine's clock is given before its word is believed. */
const CLOCK_GRACE_SECONDS = 3600

/**
 * When a lease of `ttl` seconds ends, in milliseconds since the epoch (design §5, Lease).
 * A session of this clone is judged by the wall clock. A session of another clone is judged by how long
 * this clone has seen it silent; until it has watched for a whole `ttl`, the record's own time counts,
 * with one more max(`ttl`, 1 h), so that a clock wrong by that much takes nothing.
 */
export function leaseEnd(session: Session, ttl: number, vantage: Vantage): number {
  const lastActivity = Date.parse(session.lastActivity)
  if (session.owner.clone === vantage.clone) return lastActivity + ttl * 1000
  const byRecord = lastActivity + (ttl + Math.max(ttl, CLOCK_GRACE_SECONDS)) * 1000
  const observation = vantage.observed.get(session.id)
  if (observation === undefined || observation.lastActivity !== session.lastActivity) return byRecord
  return Math.min(byRecord, observation.since + ttl * 1000)
}

/** Whether `session` has been silent for longer than `ttl` seconds. */
export function isSilent(session: Session, ttl: number, vantage: Vantage): boolean {
  return vantage.now > leaseEnd(session, ttl, vantage)
}

/** What a lock is worth: `void` is one that its session's record says was taken already (design §5). */
export type LockState = 'live' | 'expired' | 'void'

/** Judges `lock` by its session's record, absent as undefined. */
export function lockState(lock: Versioned<Lock>, session: Session | undefined, vantage: Vantage): LockState {
  if (session === undefined) return 'expired'
  if (session.revoked.some((revocation) => revocation.lock === lock.oid)) return 'void'
  if (session.status !== 'active') return 'expired'
  return isSilent(session, lock.record.ttl, vantage) ? 'expired' : 'live'
}

/**
 * A session's state as seen now: an `active` one has expired after its own `ttl` of silence, or its
 * longest lock's, whichever is more. `lockTtls` are the ttls of its locks, in seconds.
 */
export function sessionState(
  session: Session,
  lockTtls: readonly number[],
  vantage: Vantage,
): Session['status'] {
  if (session.status !== 'active') return session.status
  const ttl = Math.max(session.ttl, ...lockTtls)
  return isSilent(session, ttl, vantage) ? 'expired' : 'active'
}

/**
 * How long a session may go without writing a heartbeat, in seconds: `interval`, or a quarter of its
 * shortest ttl when that is less (design §5).
 */
export function heartbeatDue(interval: number, session: Session, lockTtls: readonly number[]): number {
  return Math.min(interval, Math.min(session.ttl, ...lockTtls) / 4)
}

/** What a clone should remember of a session after seeing it at `now`: unchanged activity keeps its start. */
export function observe(session: Session, before: Observation | undefined, now: number): Observation {
  if (before !== undefined && before.lastActivity === session.lastActivity && before.since <= now)
    return before
  return { lastActivity: session.lastActivity, since: now }
}
