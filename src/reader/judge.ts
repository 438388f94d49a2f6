import type { Holding } from '../domain/claim.ts'
import { parseKey } from '../domain/key.ts'
import { lockState, sessionState, type Vantage } from '../domain/lease.ts'
import type { Lock, Session, SessionId } from '../domain/record.ts'
import type { SessionRow } from '../domain/session-row.ts'
import { activeRef, endedRef, lockNameOf, type RefName } from '../store/ref-names.ts'
import type { Entry } from './remote-refs.ts'

/** Records as they are worth now. */
export interface Judged {
  readonly holdings: readonly Holding[]
  /** The last active first. */
  readonly sessions: readonly SessionRow[]
  /** Records that cannot be read, and locks whose session cannot: they count as held. */
  readonly damaged: readonly Entry[]
}

/** Judges every lock by its session's record, `ended/` first (design §5). */
export function judge(entries: ReadonlyMap<RefName, Entry>, vantage: Vantage): Judged {
  const damaged = [...entries.values()].filter(({ content }) => !content.ok)
  const isDamaged = (ref: RefName) => entries.get(ref)?.content.ok === false
  const isUnread = (id: SessionId) => isDamaged(activeRef(id)) || isDamaged(endedRef(id))
  const sessions = new Map<SessionId, Session>()
  for (const { ref, content } of entries.values()) {
    if (!content.ok || content.record.kind !== 'session' || isUnread(content.record.id)) continue
    const { id } = content.record
    if (ref === endedRef(id) || !sessions.has(id)) sessions.set(id, content.record)
  }
  const holdings: Holding[] = []
  for (const { entry, lock } of locksAmong(entries)) {
    const name = lockNameOf(entry.ref)
    if (name === null || isUnread(lock.session)) {
      damaged.push(entry)
      continue
    }
    const session = sessions.get(lock.session)
    const state = lockState({ oid: entry.oid, record: lock }, session, vantage)
    holdings.push({ name, key: parseKey(lock.key), oid: entry.oid, record: lock, session, state })
  }
  return { holdings, sessions: rows([...sessions.values()], holdings, vantage), damaged }
}

/** The records of sessions that locks name and that were not read: those that have ended, if any. */
export function unreadSessions(entries: ReadonlyMap<RefName, Entry>): SessionId[] {
  const named = new Set(locksAmong(entries).map(({ lock }) => lock.session))
  return [...named].filter((id) => !entries.has(activeRef(id)) && !entries.has(endedRef(id)))
}

function locksAmong(entries: ReadonlyMap<RefName, Entry>): { entry: Entry; lock: Lock }[] {
  return [...entries.values()].flatMap((entry) =>
    entry.content.ok && entry.content.record.kind === 'lock' ? [{ entry, lock: entry.content.record }] : [],
  )
}

function rows(sessions: readonly Session[], holdings: readonly Holding[], vantage: Vantage): SessionRow[] {
  const locksOf = new Map<SessionId, Holding[]>()
  for (const holding of holdings) {
    const locks = locksOf.get(holding.record.session)
    if (locks === undefined) locksOf.set(holding.record.session, [holding])
    else locks.push(holding)
  }
  return sessions
    .map((session): SessionRow => {
      const locks = locksOf.get(session.id) ?? []
      const ttls = locks.map(({ record }) => record.ttl)
      return { session, state: sessionState(session, ttls, vantage), mine: false, locks }
    })
    .sort((a, b) => (a.session.lastActivity < b.session.lastActivity ? 1 : -1))
}
