import type { LogEvent, Revocation, Session } from './record.ts'
import { uniteRevocations } from './session.ts'

/** One record's three sides: `base` is what both sides agreed on last, null when they never did. */
export interface Sides<T> {
  readonly base: T | null
  readonly local: T
  readonly remote: T
}

/**
 * Both sides' session as one (design §7, Sync): ended beats expired beats active, revocations are united
 * and never dropped, the fence is one above the higher, the activity is the latest. Any other field is the
 * side's that changed it; where both did, the side's with the later activity, the remote's in doubt.
 */
export function mergeSessions({ base, local, remote }: Sides<Session>): Session {
  const later = local.lastActivity > remote.lastActivity ? local : remote
  const other = later === local ? remote : local
  const fields = mergeFields(base, later, other)
  return {
    ...fields,
    kind: 'session',
    id: remote.id,
    status: strongest(local.status, remote.status),
    lastActivity: later.lastActivity,
    fence: Math.max(local.fence, remote.fence) + 1,
    revoked: mergeRevocations(base, local, remote),
  }
}

/** An ended session with what the other side noted on it while it was live: nothing of that is dropped. */
export function mergeIntoEnded(ended: Session, live: Session, liveBase: Session | null): Session {
  const known = new Set((liveBase?.revoked ?? []).map(({ lock }) => lock))
  const added = live.revoked.filter(({ lock }) => !known.has(lock))
  return {
    ...ended,
    fence: Math.max(ended.fence, live.fence) + 1,
    revoked: uniteRevocations(ended.revoked, added),
  }
}

/** Both logs' events, each once, by time; those at one time keep a fixed order. At most `most`, the latest. */
export function mergeLogs(local: readonly LogEvent[], remote: readonly LogEvent[], most: number): LogEvent[] {
  const lines = new Map([...local, ...remote].map((event) => [JSON.stringify(sorted(event)), event]))
  return [...lines]
    .sort(([a, left], [b, right]) => compare(left.at, right.at) || compare(a, b))
    .map(([, event]) => event)
    .slice(-most)
}

/**
 * The revocations of both sides. One that stood in the base and that a side ended, by claiming the key
 * again, stays ended: what is new on either side is never dropped.
 */
function mergeRevocations(base: Session | null, local: Session, remote: Session): Revocation[] {
  const had = new Set((base?.revoked ?? []).map(({ lock }) => lock))
  const onBoth = (lock: string) =>
    [local, remote].every(({ revoked }) => revoked.some((each) => each.lock === lock))
  return uniteRevocations(local.revoked, remote.revoked).filter(({ lock }) => !had.has(lock) || onBoth(lock))
}

function mergeFields(base: Session | null, later: Session, other: Session): Session {
  const result: Record<string, unknown> = { ...later }
  const before = fieldsOf(base)
  const theirs = fieldsOf(other)
  const mine = fieldsOf(later)
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(before)])) {
    // the later side left it as it was: the other side's change counts, a removal included
    if (base !== null && !same(mine[name], before[name])) continue
    if (base === null && mine[name] !== undefined) continue
    if (theirs[name] === undefined) delete result[name]
    else result[name] = theirs[name]
  }
  return result as unknown as Session
}

function fieldsOf(session: Session | null): Readonly<Record<string, unknown>> {
  return session === null ? {} : { ...session }
}

const ORDER = ['active', 'expired', 'ended'] as const

function strongest(a: Session['status'], b: Session['status']): Session['status'] {
  return ORDER.indexOf(a) > ORDER.indexOf(b) ? a : b
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

/** The value with its objects' fields in a fixed order, to be compared as text. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => compare(a, b))
      .map(([name, field]) => [name, sorted(field)]),
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
