import type { BlobId, SessionId } from '../domain/record.ts'
import { activeRef, lockNameOf, META_REF, type RefName } from '../store/ref-names.ts'
import { checkArbiter } from './check-arbiter.ts'
import type { Values } from './clone-side.ts'
import { finishSync } from './finish-sync.ts'
import { outgoing } from './outgoing.ts'
import { parcels } from './parcels.ts'
import { baseMove, type Pending, reconcile } from './reconcile.ts'
import { parcelLanded } from './settle-parcel.ts'
import type { Sharing } from './sharing.ts'
import { type LostLock, lockOf, sessionOf, type View } from './views.ts'

/** What a sync did. */
export interface SyncReport {
  /** Refs that took the arbiter's value, and refs that the arbiter took. */
  readonly received: readonly RefName[]
  readonly sent: readonly RefName[]
  readonly lost: readonly LostLock[]
  /** Refs that moved meanwhile, or that the arbiter did not take: they go with the next sync. */
  readonly waiting: readonly RefName[]
  /** Of these, those that moved here, and what belongs together with them. */
  readonly moved: readonly RefName[]
  readonly unreadable: readonly RefName[]
  /** What the arbiter said to a push that it refused; only ever shown. */
  readonly said: string
}

/** Tells how far a sync is: it asks the arbiter, puts so many refs side by side, or has sent so many of them. */
export type SyncProgress = (step: 'asking' | 'comparing' | 'sending', done: number, total: number) => void

/** How often a sync looks anew after a push was refused, and after a step that had to come before another. */
const ROUNDS = 6

/**
 * One whole sync (design §7). The caller holds the mutex. Throws DW_OFFLINE, DW_UNKNOWN_OUTCOME,
 * DW_REMOTE_RESET, DW_SCHEMA.
 * `putBack` treats the arbiter as one that this clone has never met, and `renews` gives its records this
 * clone's id.
 */
export async function syncRecords(
  sharing: Sharing,
  options: { readonly putBack?: boolean; readonly renews?: boolean; readonly progress?: SyncProgress } = {},
): Promise<SyncReport> {
  const progress = options.progress ?? (() => undefined)
  const received = new Set<RefName>()
  const sent = new Set<RefName>()
  const lost: LostLock[] = []
  const { signal } = sharing.runtime
  const isCalm = !signal.aborted
  for (let round = 1; ; round += 1) {
    if (isCalm) signal.throwIfAborted()
    progress('asking', 0, 0)
    const views = await look(sharing, round === 1 ? options : {})
    progress('comparing', 0, views.size)
    const { taken, pending, ...more } = await reconcile(sharing.side, views, sharing.timestamp())
    for (const ref of taken) received.add(ref)
    lost.push(...more.lost)
    const still = await standing(sharing, pending)
    const pushed = await send(sharing, still, views.get(META_REF) ?? null, progress)
    for (const ref of pushed.sent) sent.add(ref)
    const open = pending.map(({ ref }) => ref).filter((ref) => !sent.has(ref))
    if (open.length === 0 || round === ROUNDS || (pushed.sent.length === 0 && round > 3)) {
      await sharing.noteExchange()
      const { unreadable, waiting: moved } = more
      const waiting = [...new Set([...moved, ...open])]
      return { received: [...received], sent: [...sent], lost, waiting, moved, unreadable, said: pushed.said }
    }
    if (pushed.sent.length === 0) await sharing.runtime.sleep(50 * round * sharing.runtime.random())
  }
}

/** Reads base and local, then fetches, then reads what was found: never in another order (design §7). */
async function look(
  sharing: Sharing,
  { putBack = false, renews = false }: { readonly putBack?: boolean; readonly renews?: boolean },
): Promise<ReadonlyMap<RefName, View>> {
  const { side, arbiter } = sharing
  const { base, local } = await finishSync(side)
  // a ref whose file a power cut has left empty is not one that was deleted here, though git lists neither
  await side.store.refuseBrokenAmong(new Map([...base].filter(([ref]) => !local.has(ref))))
  await arbiter.fetch()
  const remote = await side.seen()
  const views = viewsOf(base, local, remote)
  if (putBack) return forgetBase(sharing, views, renews)
  await checkArbiter(sharing, views)
  return views
}

/** All refs of all sides. */
export function viewsOf(base: Values, local: Values, remote: Values): Map<RefName, View> {
  const refs = new Set([...base.keys(), ...local.keys(), ...remote.keys()])
  return new Map(
    [...refs].sort().map((ref) => {
      const view = {
        ref,
        base: base.get(ref) ?? null,
        local: local.get(ref) ?? null,
        remote: remote.get(ref) ?? null,
      }
      return [ref, view]
    }),
  )
}

/** For `share --again`: nothing was ever agreed on, but for what this clone's own sessions have given up. */
async function forgetBase(
  sharing: Sharing,
  views: ReadonlyMap<RefName, View>,
  renews: boolean,
): Promise<ReadonlyMap<RefName, View>> {
  const { side } = sharing
  const given = await givenUpHere(sharing, views)
  // the new id is this clone's word, not the arbiter's
  if (renews) given.add(META_REF)
  const anew = [...views.values()].map((view) => ({
    ...view,
    base: given.has(view.ref) ? view.remote : null,
  }))
  await side.move(anew.flatMap(({ ref, base }) => baseMove(side, ref, views.get(ref)?.base ?? null, base)))
  return new Map(anew.map((view) => [view.ref, view]))
}

/** Locks that others put back at the arbiter, of sessions of this clone that do not hold them any more. */
async function givenUpHere(sharing: Sharing, views: ReadonlyMap<RefName, View>): Promise<Set<RefName>> {
  const put = [...views.values()].flatMap(({ ref, local, remote }) =>
    lockNameOf(ref) !== null && local === null && remote !== null ? [{ ref, oid: remote }] : [],
  )
  const locks = await sharing.side.records(put)
  const owners = put.flatMap(({ ref, oid }) => {
    const session = lockOf(locks.get(oid))?.session
    const local = session === undefined ? null : views.get(activeRef(session))?.local
    return local ? [{ ref, session: activeRef(session ?? NOBODY), oid: local }] : []
  })
  const sessions = await sharing.side.records(owners.map(({ session, oid }) => ({ ref: session, oid })))
  const isMine = (oid: BlobId) => sessionOf(sessions.get(oid))?.owner.clone === sharing.cloneId
  return new Set(owners.filter(({ oid }) => isMine(oid)).map(({ ref }) => ref))
}

const NOBODY = 'nobody' as SessionId

/**
 * What is still to go out as it was read before the fetch. Another process of this clone may have settled it
 * with the arbiter since, and taken it back there, too: what it has moved waits for the next look.
 */
async function standing(sharing: Sharing, pending: readonly Pending[]): Promise<readonly Pending[]> {
  if (pending.length === 0) return pending
  const { base, local } = await sharing.side.values(pending.map(({ ref }) => ref))
  const moved = pending.filter(
    (each) => (base.get(each.ref) ?? null) !== each.lease || (local.get(each.ref) ?? null) !== each.local,
  )
  const groups = new Set(moved.flatMap((each) => each.groups))
  return pending.filter((each) => !moved.includes(each) && !each.groups.some((group) => groups.has(group)))
}

/** Pushes what the arbiter does not have, in parcels that stay together. */
async function send(
  sharing: Sharing,
  pending: readonly Pending[],
  meta: View | null,
  progress: SyncProgress,
): Promise<{ readonly sent: readonly RefName[]; readonly said: string }> {
  const sent: RefName[] = []
  let said = ''
  // a meta that is new goes with the first parcel; after that it guards the others
  let known: BlobId | null = meta?.remote ?? null
  for (const parcel of parcels(pending)) {
    progress('sending', sent.length, pending.length)
    const ready = await outgoing(sharing, parcel)
    await sharing.side.store.write(ready.bodies)
    const result = await sharing.arbiter.push(ready.steps, known)
    if (result.outcome === 'unsent') throw sharing.arbiter.offline(result.said)
    const isTaken =
      result.outcome === 'accepted' ||
      (result.outcome === 'unclear' && (await parcelLanded(sharing, parcel, ready.steps, result)))
    const taken = isTaken ? new Set(ready.steps.map(({ ref }) => ref)) : result.taken
    const isWhole = isTaken || !sharing.arbiter.atomic
    if (!isWhole) {
      said = result.said
      continue
    }
    const landed = ready.steps.filter(({ ref }) => taken.has(ref))
    await ready.settle(new Set(landed.map(({ ref }) => ref)))
    sent.push(...landed.map(({ ref }) => ref as RefName))
    known = (landed.find(({ ref }) => ref === META_REF)?.to as BlobId | null | undefined) ?? known
  }
  return { sent, said }
}
