import { type LockName, prefixes } from '../domain/key.ts'
import type { Lock, Revocation, Session, SessionId, Timestamp } from '../domain/record.ts'
import { absentSession, revoke } from '../domain/session.ts'
import { activeRef, endedRef, lockNameOf, type RefName } from '../store/ref-names.ts'
import {
  type Becomes,
  type LostLock,
  lockOf,
  type ReadSide,
  recordOf,
  sessionOf,
  type View,
} from './views.ts'

/** A session that is made for a lock whose own is absent lasts this long, in seconds; it has expired anyway. */
const ABSENT_TTL = 86_400

/** What a plan is made of, and comes to so far. */
interface Planning {
  readonly views: ReadonlyMap<RefName, View>
  readonly read: ReadSide
  /** What each ref becomes; the rules for locks add to it. */
  readonly steps: Map<RefName, { view: View; becomes: Becomes }>
  /** Refs of records that cannot be read, and that something is left alone for. */
  readonly unreadable: RefName[]
  /** What revocations are dated. */
  readonly now: Timestamp
}

/**
 * The rules for locks (design §7): the arbiter wins a lock's whole line, a lock lost that way becomes a
 * revocation, and no lock is pushed without a session that guards it.
 */
export function planLocks(planning: Planning): LostLock[] {
  const { views, steps } = planning
  // one that does not leave stands in the way of others; one that does not come may be lost to them
  leaveUnguarded(planning, ({ local }) => local === null)
  const lost = lostLocks(planning)
  for (const { ref } of lost) {
    const view = views.get(ref)
    if (view !== undefined) steps.set(ref, { view, becomes: 'remote' })
  }
  for (const each of lost) noteLoss(planning, each)
  leaveUnguarded(planning, ({ local }) => local !== null)
  for (const view of outgoing(planning)) guard(planning, view)
  return lost
}

/** Locks that go out, or away there. */
function outgoing({ steps }: Planning): View[] {
  return [...steps.values()].flatMap(({ view, becomes }) =>
    lockNameOf(view.ref) !== null && becomes !== 'remote' && view.local !== view.remote ? [view] : [],
  )
}

/** A lock whose session cannot be read is left alone: it must not go without that. */
function leaveUnguarded(planning: Planning, which: (view: View) => boolean): void {
  const { read, steps, unreadable } = planning
  for (const view of outgoing(planning).filter(which)) {
    const locks = [lockOf(read(view, 'local')), lockOf(read(view, 'remote'))]
    const ids = locks.flatMap((lock) => (lock === null ? [] : [lock.session]))
    const broken = ids.filter((id) => !isReadable(planning, id)).map(activeRef)
    if (broken.length > 0) steps.delete(view.ref)
    unreadable.push(...new Set(broken.filter((ref) => !unreadable.includes(ref))))
  }
}

/** Locks here that the arbiter has something else for, on their own ref or on their line. */
function lostLocks({ views, read, steps }: Planning): LostLock[] {
  const there = standing({ views, steps })
  const below = new Map<LockName, View>()
  for (const [name, view] of there) for (const above of prefixes(name)) below.set(above, view)
  return [...steps.values()].flatMap(({ view, becomes }): LostLock[] => {
    const name = lockNameOf(view.ref)
    if (name === null || view.local === null || view.local === view.remote) return []
    const lock = lockOf(read(view, 'local'))
    if (lock === null) return []
    const across = [...prefixes(name).flatMap((above) => there.get(above) ?? []), below.get(name)]
    const collider = across.find((each) => each !== undefined && each.ref !== view.ref)
    const wasTaken = becomes === 'remote' && view.local !== view.base
    if (!wasTaken && (becomes === 'remote' || collider === undefined)) return []
    const winner = lockOf(read(wasTaken ? view : (collider ?? view), 'remote'))
    if (wasTaken && winner?.session === lock.session) return []
    return [{ ref: view.ref, lock, oid: view.local, by: winner?.session ?? 'somebody else' }]
  })
}

/** The locks that stand at the arbiter and that this clone is not about to delete there. */
function standing({ views, steps }: Pick<Planning, 'views' | 'steps'>): Map<LockName, View> {
  const found = new Map<LockName, View>()
  for (const view of views.values()) {
    const name = lockNameOf(view.ref)
    if (name === null || view.remote === null) continue
    const leaves = view.local === null && steps.get(view.ref)?.becomes === 'local'
    if (!leaves) found.set(name, view)
  }
  return found
}

/** Adds the revocation of a lost lock to its session's record, if that lives. */
function noteLoss(planning: Planning, { lock, oid, by }: LostLock): void {
  const found = nextSession(planning, lock.session)
  if (found === null || found.session.status !== 'active') return
  const known = found.session.revoked.find(({ key }) => key === lock.key)
  const why = known?.why ?? 'the remote decided otherwise'
  const note: Revocation = { key: lock.key, lock: oid, by: known?.by ?? by, at: planning.now, why }
  planning.steps.set(found.view.ref, { view: found.view, becomes: revoke(found.session, [note]) })
}

/**
 * Sees to it that the sessions of a lock that goes out move with it, and their fences: a fenced push may have
 * brought a session's record there before the lock that it was moved for.
 */
function guard(planning: Planning, view: View): void {
  const { read, steps } = planning
  const sides = [lockOf(read(view, 'local')), lockOf(read(view, 'remote'))]
  const locks = new Map(sides.flatMap((lock) => (lock === null ? [] : [[lock.session, lock]])))
  for (const [id, lock] of locks) {
    const found = nextSession(planning, id)
    if (found !== null && found.session.fence <= fenceThere(found.view, read)) {
      const { session } = found
      steps.set(found.view.ref, { view: found.view, becomes: { ...session, fence: session.fence + 1 } })
    }
    if (found === null && view.local !== null) createGuard(planning, lock)
  }
}

/** Whether a live session's record can be read on both sides, where it is. */
function isReadable({ views, read }: Planning, id: SessionId): boolean {
  const view = views.get(activeRef(id))
  if (view === undefined) return true
  return (['local', 'remote'] as const).every(
    (side) => view[side] === null || sessionOf(read(view, side)) !== null,
  )
}

function fenceThere(view: View, read: ReadSide): number {
  return sessionOf(read(view, 'remote'))?.fence ?? -1
}

/** A lock without a session goes out with one that has expired: anybody may take it. */
function createGuard({ views, steps, now }: Planning, lock: Lock): void {
  const ref = activeRef(lock.session)
  const isThere = [ref, endedRef(lock.session)].some(
    (each) => views.get(each)?.local ?? views.get(each)?.remote,
  )
  if (isThere) return
  const view: View = views.get(ref) ?? { ref, base: null, local: null, remote: null }
  steps.set(ref, { view, becomes: absentSession(lock, now, ABSENT_TTL, []) })
}

/** The live session as it will be after the steps so far; null where there is none, or its record cannot be read. */
function nextSession(
  { views, read, steps, unreadable }: Planning,
  id: SessionId,
): { readonly view: View; readonly session: Session } | null {
  const view = views.get(activeRef(id)) ?? steps.get(activeRef(id))?.view
  if (view === undefined || unreadable.includes(view.ref)) return null
  const becomes = steps.get(view.ref)?.becomes ?? 'remote'
  const session = sessionOf(recordOf(view, becomes, read))
  return session === null ? null : { view, session }
}
