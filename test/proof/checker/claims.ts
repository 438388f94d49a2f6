import type { Whole } from '../checker.ts'
import type { Call, Event } from '../history.ts'
import type { StoodLock } from './arbiter.ts'
import { isClaim } from './calls.ts'
import { covers, isOnLine } from './keys.ts'

type Moved = Extract<Event, { kind: 'arbiter moved' }>
type Answered = Extract<Event, { kind: 'answered' }>

/** A lock that goes is given up by its own session, stolen from it, or expired by the rule. */
export function checkRemoval({ history, calls, arbiter, report }: Whole, event: Moved, at: number): void {
  const { move, call: sender } = event
  const gone = arbiter.lock(move.ref, move.from)
  if (gone === null || move.from === move.to) return
  const next = arbiter.lock(move.ref, move.to)
  if (next?.session === gone.session) return
  const session = arbiter.sessionOf(gone.session)
  const isNoted = session === null || session.isOver || session.revoked.some(({ lock }) => lock === gone.oid)
  if (calls.gaveUp(gone.session, gone.place, arbiter.cameAt(gone.oid))) return
  // a claim that did not come to its end is taken back by itself, or by nobody
  if (!calls.acknowledged(gone) && calls.claimed(gone.session, gone.place, 0)) {
    const made = calls.get(sender)
    if (made?.call.session === gone.session) return
  }
  // what a push that was cut short has made void, any claim may take: then its sender has to answer for it
  const voided = arbiter.voided(gone.oid)
  const call = voided?.call ?? sender
  const takers = takersOf(calls, gone, call === sender ? next : null, call)
  if (takers.length === 0) {
    report('acknowledged', `the lock on ${gone.place} of ${gone.session} went, and nobody took it`, at)
    return
  }
  if (!isNoted) {
    report('two holders', `${gone.session} lost ${gone.place}, and its record does not say so`, at)
  }
  if (takers.some(({ kind }) => kind === 'steal') || calls.ended(gone.session)) return
  const silence = silenceOf(history, arbiter, {
    gone,
    takers: takers.map(({ clone }) => clone),
    time: voided?.time ?? event.time,
    lastActivity: voided?.lastActivity ?? null,
  })
  if (silence === null || silence > gone.ttl) return
  report('live lease', `${gone.place} of ${gone.session} was taken ${silence} s after it renewed`, at)
}

/** The calls that may have taken the lock away: the one that sent it, else those of its clone, else all that could. */
function takersOf(
  calls: Whole['calls'],
  gone: StoodLock,
  next: StoodLock | null,
  sender: number | null,
): Call[] {
  const takers = [...calls.all()]
    .map(({ call }) => call)
    .filter((call) => isClaim(call) && call.session !== gone.session)
    .filter(({ keys }) => keys.some((key) => isOnLine(key, gone.place)))
    .filter(({ session }) => next === null || session === next.session)
  const itself = takers.filter(({ id }) => id === sender)
  const clone = calls.get(sender)?.call.clone
  const near = takers.filter((call) => call.clone === clone)
  return [itself, near, takers].find((some) => some.length > 0) ?? []
}

/**
 * How long a session had been silent when its lock was taken, in seconds: that must be longer than the lock's
 * time (design §5, Lease). Null for one that is promised nothing: it is over, or the clock of a taker is wrong
 * by more than max(ttl, 1 h).
 */
function silenceOf(
  history: Whole['history'],
  arbiter: Whole['arbiter'],
  taken: {
    readonly gone: StoodLock
    readonly takers: readonly string[]
    readonly time: number
    readonly lastActivity: number | null
  },
): number | null {
  const { gone, takers, time, lastActivity } = taken
  const session = arbiter.sessionOf(gone.session)
  if (session === null || session.isOver) return null
  const theirs = history.clocks.get(session.clone) ?? 0
  const grace = Math.max(gone.ttl, 3600) * 1000
  if (takers.some((clone) => (history.clocks.get(clone) ?? 0) - theirs > grace)) return null
  return (time - ((lastActivity ?? session.lastActivity) - theirs)) / 1000
}

/** A claim that succeeds stands at the arbiter, and nobody else holds what it holds. */
export function checkAcknowledged(whole: Whole, event: Answered, at: number): void {
  const { calls, arbiter, report } = whole
  const made = calls.get(event.call)
  if (made === undefined || event.answer.code !== null || !isClaim(made.call) || arbiter.wasEmptied) return
  const { session, keys } = made.call
  if (session === null) return
  for (const key of keys) {
    const isHeld = arbiter.heldBy(session, key) !== undefined
    if (!arbiter.heldSince(session, key, made.from)) {
      report('acknowledged', `${session} was told that it holds ${key}, and it never did`, at)
    }
    const others: readonly StoodLock[] = isHeld ? arbiter.locks() : []
    for (const lock of others) {
      if (lock.session !== session && isOnLine(lock.place, key)) {
        report('two holders', `${session} and ${lock.session} hold ${key} and ${lock.place}`, at)
      }
    }
  }
}

/** What stood when the arbiter was emptied stands again at the end, unless it was given up or taken since. */
export function checkLost({ history, calls, arbiter, report }: Whole): void {
  const final = history.final?.arbiter
  if (final === undefined) return
  const now = [...final].flatMap(([ref, oid]) => arbiter.lock(ref, oid) ?? [])
  for (const { session, place } of arbiter.stood) {
    if (now.some((lock) => lock.session === session && covers(lock.place, place))) continue
    const others = [...calls.all()].some(
      ({ call }) =>
        call.session !== session && isClaim(call) && call.keys.some((key) => isOnLine(key, place)),
    )
    if (others || calls.gaveUp(session, place, 0)) continue
    report('acknowledged', `${place} of ${session} was gone with the arbiter's records`, null)
  }
}
