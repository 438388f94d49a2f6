import type { BlobId } from '../domain/record.ts'
import { activeRef, lockNameOf, type RefName } from '../store/ref-names.ts'
import { type Change, nextRev } from '../store/store.ts'
import type { CloneSide, Move, Records } from './clone-side.ts'
import { groupsOf } from './groups.ts'
import { planSync } from './plan.ts'
import { isContested, isSame, type LostLock, lockOf, type View } from './views.ts'

/** A ref that the arbiter does not have yet as it stands here. */
export interface Pending {
  readonly ref: RefName
  /** What the arbiter has. */
  readonly lease: BlobId | null
  /** What stands here. */
  readonly local: BlobId | null
  readonly groups: readonly string[]
}

/** What became of the refs here, and what is to go out. */
export interface Reconciled {
  /** Refs that took the arbiter's value. */
  readonly taken: readonly RefName[]
  readonly lost: readonly LostLock[]
  readonly pending: readonly Pending[]
  /** Refs that moved here meanwhile: the next sync looks at them. */
  readonly waiting: readonly RefName[]
  readonly unreadable: readonly RefName[]
}

/**
 * Brings this clone's refs to what the arbiter has, as planned by {@link planSync}: first the local refs,
 * then, in a second transaction, base; in one, a crash could leave base ahead and bring a released lock
 * back (design §7). Every ref is compared with what was read. `now` dates revocations.
 */
export async function reconcile(
  side: CloneSide,
  views: ReadonlyMap<RefName, View>,
  now: string,
): Promise<Reconciled> {
  const records = await readForPlan(side, views)
  const read = records.readSide
  const { steps, lost, unreadable } = planSync(views, read, now)
  const written: Change[] = []
  for (const { view, becomes } of steps.values()) {
    if (typeof becomes !== 'object') continue
    // what both sides become is newer than either
    const sides = [records.entry(view.ref, view.remote), records.entry(view.ref, view.local)]
    const [newest = null] = sides.sort((a, b) => nextRev(b) - nextRev(a))
    written.push({ ref: view.ref, from: newest, to: becomes })
  }
  const staged = side.store.stage(written)
  const fresh = new Map(staged.updates.map(({ ref, to }) => [ref, to]))
  const outcome = [...steps.values()].map(({ view, becomes }) => {
    const next = becomes === 'local' || becomes === 'remote' ? view[becomes] : (fresh.get(view.ref) ?? null)
    return { view, next, groups: groupsOf(view, read) }
  })
  // sessions before locks (design §3): the rules for locks have added some
  outcome.sort((a, b) => (a.view.ref < b.view.ref ? -1 : 1))
  const waiting = await side.follow(
    outcome.map(({ view: { ref, base, local, remote }, next, groups }) => ({
      ref,
      groups,
      local: { from: local, to: next },
      base: { from: base, to: remote },
    })),
    staged.bodies,
  )
  const settled = outcome.filter(({ view }) => !waiting.has(view.ref))
  return {
    taken: settled.flatMap(({ view, next }) =>
      next === view.remote && view.local !== view.remote ? [view.ref] : [],
    ),
    lost: lost.filter(({ ref }) => !waiting.has(ref)),
    pending: settled.flatMap(({ view, next, groups }) =>
      next === view.remote ? [] : [{ ref: view.ref, lease: view.remote, local: next, groups }],
    ),
    waiting: [...waiting] as RefName[],
    unreadable,
  }
}

/** The move of a ref's base; none where it stands there already. */
export function baseMove(side: CloneSide, ref: RefName, from: BlobId | null, to: BlobId | null): Move[] {
  return from === to ? [] : [{ ref: side.baseOf(ref), from, to, groups: [] }]
}

/** Every record that the plan may look into: changed sessions and locks, and the locks' sessions. */
async function readForPlan(side: CloneSide, views: ReadonlyMap<RefName, View>): Promise<Records> {
  const changed = [...views.values()].filter((view) => !isSame(view))
  const direct = changed.filter((view) => !view.ref.startsWith('refs/dw/log/') || isContested(view))
  const first = await side.records(direct.flatMap(wanted))
  const guards = new Set(
    direct
      .filter(({ ref }) => lockNameOf(ref) !== null)
      .flatMap((view) => (['local', 'remote'] as const).map((each) => lockOf(first.readSide(view, each))))
      .flatMap((lock) => (lock === null ? [] : [activeRef(lock.session)])),
  )
  const more = [...guards].flatMap((ref) => views.get(ref) ?? []).filter(isSame)
  return more.length === 0 ? first : side.records([...direct, ...more].flatMap(wanted))
}

function wanted({ ref, base, local, remote }: View): { ref: RefName; oid: BlobId }[] {
  return [base, local, remote].flatMap((oid) => (oid === null ? [] : [{ ref, oid }]))
}
