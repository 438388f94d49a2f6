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

type Steps = Map<RefName, { view: View; becomes: Becomes }>

/** A session that is made for a lock whose own is absent lasts this long, in seconds; it has expired anyway. */
const ABSENT_TTL = 86_400

/**
 * The rules for locks (design §7): the arbiter wins a lock's whole line, a lock lost that way becomes a
 * revocation, and no lock is pushed without a session that guards it. Changes `steps`.
 */
export function planLocks(
  views: ReadonlyMap<RefName, View>,
  read: ReadSide,
  steps: Steps,
  now: Timestamp,
): LostLock[] {
  const lost = lostLocks(views, read, steps)
  for (const { ref } of lost) {
    const view = views.get(ref)
    if (view !== undefined) steps.set(ref, { view, becomes: 'remote' })
  }
  for (const each of lost) noteLoss(views, read, steps, each, now)
  for (const { view, becomes } of [...steps.values()]) {
    if (lockNameOf(view.ref) !== null && becomes !== 'remote' && view.local !== view.remote) {
      guard(view, views, read, steps, now)
    }
  }
  return lost
}

/** Locks here that the arbiter has something else for, on their own ref or on their line. */
function lostLocks(views: ReadonlyMap<RefName, View>, read: ReadSide, steps: Steps): LostLock[] {
  const there = standing(views, steps)
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
function standing(views: ReadonlyMap<RefName, View>, steps: Steps): Map<LockName, View> {
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
function noteLoss(
  views: ReadonlyMap<RefName, View>,
  read: ReadSide,
  steps: Steps,
  { lock, oid, by }: LostLock,
  at: Timestamp,
): void {
  const found = nextSession(lock.session, views, read, steps)
  if (found === null || found.session.status !== 'active') return
  const known = found.session.revoked.find(({ key }) => key === lock.key)
  const why = known?.why ?? 'the remote decided otherwise'
  const note: Revocation = { key: lock.key, lock: oid, by: known?.by ?? by, at, why }
  steps.set(found.view.ref, { view: found.view, becomes: revoke(found.session, [note]) })
}

/**
 * Sees to it that the sessions of a lock that goes out move with it, and their fences: a fenced push may have
 * brought a session's record there before the lock that it was moved for.
 */
function guard(
  view: View,
  views: ReadonlyMap<RefName, View>,
  read: ReadSide,
  steps: Steps,
  now: Timestamp,
): void {
  const sides = [lockOf(read(view, 'local')), lockOf(read(view, 'remote'))]
  const locks = new Map(sides.flatMap((lock) => (lock === null ? [] : [[lock.session, lock]])))
  for (const [id, lock] of locks) {
    const found = nextSession(id, views, read, steps)
    if (found !== null && found.session.fence <= fenceThere(found.view, read)) {
      const { session } = found
      steps.set(found.view.ref, { view: found.view, becomes: { ...session, fence: session.fence + 1 } })
    }
    if (found === null && view.local !== null) createGuard(lock, views, steps, now)
  }
}

function fenceThere(view: View, read: ReadSide): number {
  return sessionOf(read(view, 'remote'))?.fence ?? -1
}

/** A lock without a session goes out with one that has expired: anybody may take it. */
function createGuard(lock: Lock, views: ReadonlyMap<RefName, View>, steps: Steps, now: Timestamp): void {
  const ref = activeRef(lock.session)
  const isThere = [ref, endedRef(lock.session)].some(
    (each) => views.get(each)?.local ?? views.get(each)?.remote,
  )
  if (isThere) return
  const view: View = views.get(ref) ?? { ref, base: null, local: null, remote: null }
  steps.set(ref, { view, becomes: absentSession(lock, now, ABSENT_TTL, []) })
}

/** The live session as it will be after `steps`. */
function nextSession(
  id: SessionId,
  views: ReadonlyMap<RefName, View>,
  read: ReadSide,
  steps: Steps,
): { readonly view: View; readonly session: Session } | null {
  const view = views.get(activeRef(id)) ?? steps.get(activeRef(id))?.view
  if (view === undefined) return null
  const becomes = steps.get(view.ref)?.becomes ?? 'remote'
  const session = sessionOf(recordOf(view, becomes, read))
  return session === null ? null : { view, session }
}
