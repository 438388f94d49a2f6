import type { Holding } from '../domain/claim.ts'
import { parseKey } from '../domain/key.ts'
import { lockState, type Observation, observe, type Vantage } from '../domain/lease.ts'
import type { Lock, SessionId } from '../domain/record.ts'
import { activeRef, endedRef, lockNameOf, lockRef } from '../store/ref-names.ts'
import type { Entry, Snapshot } from '../store/store.ts'
import { type SessionEntry, sessionIn } from './identity.ts'
import type { Workspace } from './workspace.ts'

/** The locks of a snapshot, each judged by its session's record (design §5). */
export interface Ground {
  readonly holdings: readonly Holding[]
  /** Records that cannot be read, and locks whose session cannot: they count as held. */
  readonly damaged: readonly Entry[]
  readonly sessions: ReadonlyMap<SessionId, SessionEntry>
  /** Every record read: the given snapshot and the sessions that its locks name. */
  readonly snapshot: Snapshot
  readonly vantage: Vantage
}

/**
 * Judges every lock in `snapshot`; sessions that are not in it are read, in one call. What is seen of other
 * clones' sessions is remembered, unless nothing may be written.
 */
export async function readGround(
  workspace: Workspace,
  snapshot: Snapshot,
  options: { readonly remember: boolean } = { remember: true },
): Promise<Ground> {
  const locks = [...snapshot.values()].flatMap(lockEntries)
  const unread = [...new Set(locks.map(({ lock }) => lock.session))].filter(
    (id) => !snapshot.has(activeRef(id)) && !snapshot.has(endedRef(id)),
  )
  const more =
    unread.length === 0
      ? new Map()
      : await workspace.store.read({ refs: unread.flatMap((id) => [activeRef(id), endedRef(id)]) })
  const whole: Snapshot = more.size === 0 ? snapshot : new Map([...snapshot, ...more])
  const sessions = sessionsIn(whole)
  const damaged = [...whole.values()].filter(({ content }) => !content.ok)
  const doubtful = sessionsAt(new Set(damaged.map(({ ref }) => ref)), locks)
  const vantage = await vantageOn(workspace, [...sessions.values()], options.remember)
  const holdings = locks.flatMap(({ entry, lock }): Holding[] => {
    const name = lockNameOf(entry.ref)
    if (name === null || doubtful.has(lock.session)) {
      damaged.push(entry)
      return []
    }
    const session = sessions.get(lock.session)?.session
    const state = lockState({ oid: entry.oid, record: lock }, session, vantage)
    return [{ name, key: parseKey(lock.key), oid: entry.oid, record: lock, session, state }]
  })
  return { holdings, damaged, sessions, snapshot: whole, vantage }
}

/** Those of the locks' sessions that have a record at one of `refs`. */
function sessionsAt(refs: ReadonlySet<string>, locks: readonly { readonly lock: Lock }[]): Set<SessionId> {
  if (refs.size === 0) return new Set()
  const ids = [...new Set(locks.map(({ lock }) => lock.session))]
  return new Set(ids.filter((id) => refs.has(activeRef(id)) || refs.has(endedRef(id))))
}

/** The sessions of a snapshot by id, `ended/` first; those that cannot be read are left out. */
function sessionsIn(snapshot: Snapshot): Map<SessionId, SessionEntry> {
  const found = new Map<SessionId, SessionEntry>()
  for (const { content } of snapshot.values()) {
    if (!content.ok || content.record.kind !== 'session') continue
    const { id } = content.record
    const readable = [endedRef(id), activeRef(id)].every((ref) => snapshot.get(ref)?.content.ok ?? true)
    const session = readable ? sessionIn(snapshot, id) : undefined
    if (session !== undefined) found.set(id, session)
  }
  return found
}

/** The lock's own entry in the ground's snapshot. */
export function entryOf(ground: Ground, holding: Holding): Entry {
  const entry = ground.snapshot.get(lockRef(holding.name))
  if (entry === undefined) throw new Error(`a holding without its entry: ${holding.name}`)
  return entry
}

/** From where this clone judges leases; what it sees of other clones' sessions is remembered. */
async function vantageOn(
  workspace: Workspace,
  found: readonly SessionEntry[],
  remember: boolean,
): Promise<Vantage> {
  const { clone, cloneId, around } = workspace
  const now = around.now()
  const foreign = found.filter(({ session, ended }) => !ended && session.owner.clone !== cloneId)
  const observed = await Promise.all(
    foreign.map(async ({ session }): Promise<[SessionId, Observation]> => {
      const before = await clone.observation(session.id)
      const observation = observe(session, before, now)
      // remembering is an aid: where it cannot be written, the record's own time decides
      if (remember && observation !== before)
        await clone.setObservation(session.id, observation).catch(() => undefined)
      return [session.id, observation]
    }),
  )
  return { clone: cloneId, now, observed: new Map(observed) }
}

function lockEntries(entry: Entry): { entry: Entry; lock: Lock }[] {
  const { content } = entry
  return content.ok && content.record.kind === 'lock' ? [{ entry, lock: content.record }] : []
}
