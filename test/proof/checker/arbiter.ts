import type { Event, History, Json } from '../history.ts'
import type { Calls } from './calls.ts'
import { covers, placeOf, placeOfKey } from './keys.ts'

type Move = Extract<Event, { kind: 'arbiter moved' }>

/** A lock that stood at the arbiter. */
export interface StoodLock {
  readonly place: string
  readonly oid: string
  readonly session: string
  /** The id that the locks of one claim share. */
  readonly claim: string
  /** In seconds. */
  readonly ttl: number
}

/** A session's record. */
export interface SeenSession {
  readonly id: string
  readonly fence: number
  readonly lastActivity: number
  readonly clone: string
  readonly createdAt: string
  readonly revoked: readonly { readonly lock: string; readonly place: string }[]
  /** Under `ended/`, or not active any more. */
  readonly isOver: boolean
}

/** The call that first noted a lock as lost in its session's record, where it is known, and when. */
interface Voided {
  readonly call: number | null
  readonly time: number
  /** The session's, as it was noted then. */
  readonly lastActivity: number
}

/** The arbiter's refs as they come to be, one move after the other. */
export class Arbiter {
  readonly #history: History
  readonly #refs = new Map<string, string>()
  readonly #sessions = new Map<string, { readonly ref: string; readonly oid: string }[]>()
  /** The sessions whose record moved in the transaction that is under way. */
  #guarded = { transaction: -1, sessions: new Map<string, { before: number; after: number }>() }
  /** When each lock came, as an index into the history. */
  readonly #came = new Map<string, number>()
  readonly #gone: { readonly lock: StoodLock; readonly at: number }[] = []
  readonly #heldAgain = new Set<string>()
  readonly #voided = new Map<string, Voided>()
  wasEmptied = false
  /** The locks that stood when it was emptied. */
  stood: readonly StoodLock[] = []

  constructor(history: History) {
    this.#history = history
  }

  moved({ move, transaction, until, call, time }: Move, at: number): void {
    const { ref, to } = move
    if (to === null) this.#refs.delete(ref)
    else this.#refs.set(ref, to)
    const lock = this.lock(ref, to)
    if (lock !== null) this.#noteHeld(lock, at)
    const gone = this.lock(ref, move.from)
    if (gone !== null) this.#gone.push({ lock: gone, at: until ?? at })
    if (!/^refs\/dw\/.*(?:active|ended)\//.test(ref)) return
    const oid = to ?? move.from
    const session = oid === null ? null : this.session(ref, oid)
    if (session === null) return
    for (const { lock: lost } of to === null ? [] : session.revoked) {
      if (!this.#voided.has(lost)) this.#voided.set(lost, { call, time, lastActivity: session.lastActivity })
    }
    if (this.#guarded.transaction !== transaction) this.#guarded = { transaction, sessions: new Map() }
    const known = this.#sessions.get(session.id) ?? []
    // what an end that was cut short has left lives on beside it, with a fence of its own
    const replaced = move.from === null ? null : this.session(ref, move.from)
    const others = known.map((each) => this.session(each.ref, each.oid)?.fence ?? -1)
    const before = replaced?.fence ?? Math.max(-1, ...others)
    if (to !== null) {
      const earlier = this.#guarded.sessions.get(session.id)
      // of one that has both a live record and an ended one, either may move
      const after = Math.max(earlier?.after ?? -1, session.fence)
      this.#guarded.sessions.set(session.id, { before: earlier?.before ?? before, after })
    }
    const rest = known.filter((each) => each.ref !== ref)
    this.#sessions.set(session.id, to === null ? rest : [...rest, { ref, oid: to }])
  }

  #noteHeld(lock: StoodLock, at: number): void {
    if (!this.#came.has(lock.oid)) this.#came.set(lock.oid, at)
    for (const lost of this.sessionOf(lock.session)?.revoked ?? []) {
      if (covers(lock.place, lost.place)) this.#heldAgain.add(lost.lock)
    }
  }

  /** Whether the session that lost the lock with this object id has held its place since. */
  wasHeldAgain(lost: string): boolean {
    return this.#heldAgain.has(lost)
  }

  empty(calls: Calls): void {
    this.stood = this.locks().filter((lock) => calls.acknowledged(lock))
    this.wasEmptied = true
    for (const ref of [...this.#refs.keys()]) if (ref.startsWith('refs/dw/')) this.#refs.delete(ref)
    this.#sessions.clear()
  }

  /** How a session's fence moved in a transaction so far; null when its record did not move in it. */
  guard(transaction: number, session: string): { readonly before: number; readonly after: number } | null {
    if (this.#guarded.transaction !== transaction) return null
    return this.#guarded.sessions.get(session) ?? null
  }

  /** A session's record; one that has ended before one that has not. */
  sessionOf(id: string): SeenSession | null {
    const found = (this.#sessions.get(id) ?? []).flatMap((each) => this.session(each.ref, each.oid) ?? [])
    return found.find(({ isOver }) => isOver) ?? found[0] ?? null
  }

  /** All locks that stand now. */
  locks(): StoodLock[] {
    return [...this.#refs].flatMap(([ref, oid]) => this.lock(ref, oid) ?? [])
  }

  /** The lock of `session` that covers `place` now. */
  heldBy(session: string, place: string): StoodLock | undefined {
    return this.locks().find((lock) => lock.session === session && covers(lock.place, place))
  }

  /** Whether a lock of `session` covered `place` at some time since `since`, an index into the history. */
  heldSince(session: string, place: string, since: number): boolean {
    const went = this.#gone.some(
      ({ lock, at }) => at >= since && lock.session === session && covers(lock.place, place),
    )
    return went || this.heldBy(session, place) !== undefined
  }

  /** Who made the lock with this object id void; undefined where nobody did. */
  voided(oid: string): Voided | undefined {
    return this.#voided.get(oid)
  }

  /** Whether the lock with this object id has stood here. */
  hasStood(oid: string): boolean {
    return this.#came.has(oid)
  }

  /** When the lock with this object id came, as an index into the history. */
  cameAt(oid: string): number {
    return this.#came.get(oid) ?? 0
  }

  lock(ref: string, oid: string | null): StoodLock | null {
    const place = placeOf(ref)
    const record = oid === null || place === null ? null : this.#history.record(oid)
    if (place === null || oid === null || record === null) return null
    const { session, claim, ttl } = record
    return { place, oid, session: String(session), claim: String(claim), ttl: Number(ttl) }
  }

  session(ref: string, oid: string): SeenSession | null {
    const record = this.#history.record(oid)
    return record?.['kind'] === 'session' ? seen(record, ref.includes('/ended/')) : null
  }
}

function seen(record: Json, ended: boolean): SeenSession {
  const revoked = Array.isArray(record['revoked']) ? (record['revoked'] as Json[]) : []
  const owner = (record['owner'] ?? {}) as Json
  return {
    id: String(record['id']),
    fence: Number(record['fence']),
    lastActivity: Date.parse(String(record['lastActivity'])),
    clone: String(owner['clone']),
    createdAt: String(record['createdAt']),
    revoked: revoked.map(({ lock, key }) => ({ lock: String(lock), place: placeOfKey(String(key)) })),
    isOver: ended || record['status'] !== 'active',
  }
}
