import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { BlobId, Lock, Session, SessionId } from '../../src/domain/record.ts'
import { parcels } from '../../src/share/parcels.ts'
import { planSync } from '../../src/share/plan.ts'
import type { Becomes, View } from '../../src/share/views.ts'
import type { DwRecord } from '../../src/store/codec.ts'
import { activeRef, endedRef, lockNameOf, type RefName, refsCollide } from '../../src/store/ref-names.ts'
import { sessionWith } from '../domain/arbitrary.ts'

const NOW = '2026-01-01T00:00:00.000Z'
const SESSIONS = ['SESS-0000000001', 'SESS-0000000002', 'SESS-0000000003'] as SessionId[]
const PATHS = ['src', 'src/a', 'src/a/x', 'src/b', 'docs', 'docs/c']

/** One side: refs with their blobs. Blobs of all sides lie in one pool, as in a repository. */
type State = ReadonlyMap<RefName, BlobId>

class Pool {
  readonly #records = new Map<BlobId, DwRecord>()

  add(record: DwRecord): BlobId {
    const oid = (this.#records.size + 1).toString(16).padStart(40, '0') as BlobId
    this.#records.set(oid, record)
    return oid
  }

  get(oid: BlobId | null): DwRecord | null {
    return oid === null ? null : (this.#records.get(oid) ?? null)
  }
}

interface Op {
  readonly session: number
  readonly path: string
  readonly what: 'claim' | 'release' | 'heartbeat' | 'steal'
}

const op: fc.Arbitrary<Op> = fc.record({
  session: fc.nat(SESSIONS.length - 1),
  path: fc.constantFrom(...PATHS),
  what: fc.constantFrom('claim' as const, 'release' as const, 'heartbeat' as const, 'steal' as const),
})

/** What one clone does by the rules: a change of a lock moves its sessions, and git's naming rule holds. */
function act(pool: Pool, state: Map<RefName, BlobId>, { session, path, what }: Op): void {
  const id = SESSIONS[session] as SessionId
  const mine = activeRef(id)
  const ref: RefName = `refs/dw/locks/path/${path}`
  const move = (of: SessionId, change: (before: Session) => Session) => {
    const before = pool.get(state.get(activeRef(of)) ?? null)
    const record = before?.kind === 'session' ? before : sessionWith({ id: of, lastActivity: NOW })
    state.set(activeRef(of), pool.add(change(record)))
  }
  const bump = (before: Session): Session => ({ ...before, fence: before.fence + 1 })
  const held = pool.get(state.get(ref) ?? null)
  if (what === 'heartbeat' && state.has(mine)) move(id, (before) => ({ ...before }))
  if (what === 'release' && held?.kind === 'lock' && held.session === id) {
    state.delete(ref)
    move(id, bump)
  }
  const steals = what === 'steal' && held?.kind === 'lock' && held.session !== id
  const isFree = ![...state.keys()].some((other) => refsCollide(other, ref))
  if (steals && held.kind === 'lock') {
    const lock = state.get(ref) as BlobId
    const note = { key: path, lock, by: id, at: NOW, why: 'stolen' }
    move(held.session, (before) => ({ ...bump(before), revoked: [...before.revoked, note] }))
  }
  if (steals || (what === 'claim' && isFree)) {
    move(id, bump)
    state.set(ref, pool.add(lockOf(id, path)))
  }
}

function lockOf(session: SessionId, key: string): Lock {
  const owner = { user: 'ann', host: 'mill', clone: 'c' }
  return { kind: 'lock', id: 'LOCK-1', key, session, owner, claim: 'CLAIM-1', acquiredAt: NOW, ttl: 7200 }
}

const histories = fc.record({
  before: fc.array(op, { maxLength: 12 }),
  here: fc.array(op, { maxLength: 8 }),
  there: fc.array(op, { maxLength: 8 }),
  /** Sessions of which a fenced push then brought the record to the arbiter, without their locks, and what followed. */
  pushed: fc.array(fc.nat(SESSIONS.length - 1), { maxLength: 2 }),
  later: fc.array(op, { maxLength: 4 }),
})

type History = typeof histories extends fc.Arbitrary<infer T> ? T : never

interface World {
  readonly pool: Pool
  readonly base: State
  readonly local: State
  readonly remote: State
}

function worldOf({ before, here, there, pushed, later }: History): World {
  const pool = new Pool()
  const base = new Map<RefName, BlobId>()
  for (const each of before) act(pool, base, each)
  const [local, remote] = [new Map(base), new Map(base)]
  for (const each of here) act(pool, local, each)
  for (const each of there) act(pool, remote, each)
  for (const at of pushed) push(pool, activeRef(SESSIONS[at] as SessionId), { base, local, remote })
  for (const each of later) act(pool, local, each)
  return { pool, base, local, remote }
}

/** A fenced push: the record as it stands here, with its fence moved, where the arbiter's is the one agreed on. */
function push(
  pool: Pool,
  ref: RefName,
  sides: Readonly<Record<'base' | 'local' | 'remote', Map<RefName, BlobId>>>,
) {
  const mine = pool.get(sides.local.get(ref) ?? null)
  if (mine?.kind !== 'session' || sides.base.get(ref) !== sides.remote.get(ref)) return
  const moved = pool.add({ ...mine, fence: mine.fence + 1 })
  for (const side of Object.values(sides)) side.set(ref, moved)
}

/** One round of sync by the plan: what stands here and there afterwards, and what agreed. */
function round({ pool, base, local, remote }: World): World & { readonly lost: readonly BlobId[] } {
  const refs = new Set([...base.keys(), ...local.keys(), ...remote.keys()])
  const views = new Map(
    [...refs].map((ref): [RefName, View] => [
      ref,
      { ref, base: base.get(ref) ?? null, local: local.get(ref) ?? null, remote: remote.get(ref) ?? null },
    ]),
  )
  const { steps, lost, unreadable } = planSync(views, (view, side) => pool.get(view[side]), NOW)
  expect(unreadable).toStrictEqual([])
  const [here, there, agreed] = [new Map(local), new Map(remote), new Map(base)]
  const put = (state: Map<RefName, BlobId>, ref: RefName, oid: BlobId | null) =>
    oid === null ? state.delete(ref) : state.set(ref, oid)
  const pending = []
  for (const { view, becomes } of steps.values()) {
    const next = nextOid(pool, view, becomes)
    put(here, view.ref, next)
    put(agreed, view.ref, view.remote)
    if (next !== view.remote) pending.push({ ref: view.ref, lease: view.remote, local: next, groups: [] })
  }
  for (const parcel of parcels(pending)) {
    expectGuarded(pool, parcel)
    for (const { ref, local: oid } of parcel) {
      put(there, ref, oid)
      put(agreed, ref, oid)
    }
  }
  expectTree(here)
  expectTree(there)
  return { pool, base: agreed, local: here, remote: there, lost: lost.map(({ oid }) => oid) }
}

function nextOid(pool: Pool, view: View, becomes: Becomes): BlobId | null {
  if (becomes === 'nothing') return null
  return typeof becomes === 'object' ? pool.add(becomes) : view[becomes]
}

/** No lock is pushed without a session that guards it, whose fence moves. */
function expectGuarded(
  pool: Pool,
  parcel: readonly { ref: RefName; lease: BlobId | null; local: BlobId | null }[],
): void {
  const fence = (oid: BlobId | null) => {
    const record = pool.get(oid)
    return record?.kind === 'session' ? record.fence : -1
  }
  for (const { ref, lease, local } of parcel) {
    if (lockNameOf(ref) === null) continue
    for (const record of [pool.get(lease), pool.get(local)]) {
      if (record?.kind !== 'lock') continue
      const guard = parcel.find((each) => each.ref === activeRef(record.session))
      expect(guard, `${ref} without ${record.session}`).toBeDefined()
      if (guard !== undefined) expect(fence(guard.local)).toBeGreaterThan(fence(guard.lease))
    }
  }
}

/** Git can hold it: no ref lies below another. */
function expectTree(state: State): void {
  const refs = [...state.keys()]
  for (const ref of refs) {
    expect(refs.filter((other) => other !== ref && refsCollide(ref, other))).toStrictEqual([])
  }
}

test('a sync ends with both sides alike, and git can hold every state on the way', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const once = round(worldOf(history))
      const twice = round(once)
      const last = round(twice)
      expect(sortedRefs(last.local)).toStrictEqual(sortedRefs(last.remote))
      expect(sortedRefs(last.base)).toStrictEqual(sortedRefs(last.remote))
      expect(sortedRefs(last.local)).toStrictEqual(sortedRefs(twice.local))
    }),
    { numRuns: 2000 },
  )
})

test('no lock of the arbiter is taken from its session, and a lock lost here is in a revocation', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const world = worldOf(history)
      const after = round(world)
      for (const [ref, oid] of world.remote) {
        if (lockNameOf(ref) === null || world.base.get(ref) === oid) continue
        // taken at the arbiter since the two last agreed: it stays, whatever was done here
        expect(after.remote.get(ref)).toBe(oid)
        expect(after.local.get(ref)).toBe(oid)
      }
      const noted = [...after.local.values()].flatMap((oid) => {
        const record = world.pool.get(oid)
        return record?.kind === 'session' ? record.revoked.map(({ lock }) => lock) : []
      })
      for (const lock of after.lost) expect(noted).toContain(lock)
    }),
    { numRuns: 2000 },
  )
})

test('a revocation that one side wrote is on both afterwards, and no fence goes back', () => {
  fc.assert(
    fc.property(histories, (history) => {
      const world = worldOf(history)
      const after = round(world)
      for (const side of [world.local, world.remote]) {
        for (const [ref, oid] of side) {
          const before = world.pool.get(oid)
          const now = world.pool.get(after.remote.get(ref) ?? null)
          if (before?.kind !== 'session' || now?.kind !== 'session') continue
          expect(now.fence).toBeGreaterThanOrEqual(before.fence)
          const locks = now.revoked.map(({ lock }) => lock)
          for (const { lock } of before.revoked) expect(locks).toContain(lock)
        }
      }
    }),
    { numRuns: 2000 },
  )
})

function sortedRefs(state: State): [RefName, BlobId][] {
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1))
}

describe('the first record of a session that comes to the remote after its end', () => {
  const [id = '' as SessionId] = SESSIONS
  const [live, ended] = [activeRef(id), endedRef(id)]
  const first = sessionWith({ id, fence: 0, lastActivity: NOW, revoked: [] })
  const known = { ...first, fence: 2 }
  const over = { ...first, status: 'ended' as const, fence: 3 }
  const note = { key: 'src', lock: 'a'.repeat(40) as BlobId, by: SESSIONS[1] ?? id, at: NOW, why: 'expired' }

  /** What a clone plans that has `base` and `local` of the live record, where the remote has both. */
  function planned(base: Session | null, local: Session | null, remote: Session) {
    const pool = new Pool()
    const oid = (record: Session | null) => (record === null ? null : pool.add(record))
    const base_ = oid(base)
    const views = new Map<RefName, View>([
      [live, { ref: live, base: base_, local: local === base ? base_ : oid(local), remote: oid(remote) }],
      [ended, { ref: ended, base: null, local: null, remote: oid(over) }],
    ])
    const { steps } = planSync(views, (view, side) => pool.get(view[side]), NOW)
    return { live: steps.get(live)?.becomes, ended: steps.get(ended)?.becomes }
  }

  test('goes on both sides', () => {
    expect(planned(known, known, first)).toStrictEqual({ live: 'nothing', ended: 'remote' })
    expect(planned(known, null, first)).toStrictEqual({ live: 'nothing', ended: 'remote' })
  })

  test('goes where only a heartbeat was known since', () => {
    const beaten = { ...first, lastActivity: '2026-01-01T00:10:00.000Z' }
    expect(planned(beaten, beaten, first).live).toBe('nothing')
    expect(planned(first, first, beaten).live).toBe('remote')
  })

  test('goes, and what was noted here alone goes on in the ended record', () => {
    const noted = { ...known, fence: 3, revoked: [note] }
    const { live: becomes, ended: united } = planned(known, noted, first)
    expect(becomes).toBe('nothing')
    expect(united).toMatchObject({ status: 'ended', revoked: [note] })
  })
})

describe('a lock that was given up here goes not out', () => {
  const [id = '' as SessionId] = SESSIONS
  const live = activeRef(id)
  const lock = 'refs/dw/locks/path/src' as RefName
  const session = sessionWith({ id, fence: 3, lastActivity: NOW, revoked: [] })
  const GARBAGE = 'f'.repeat(40) as BlobId
  const given = (pool: Pool): View => {
    const oid = pool.add(lockOf(id, 'src'))
    return { ref: lock, base: oid, local: null, remote: oid }
  }
  const plan = (pool: Pool, ...views: View[]) =>
    planSync(new Map(views.map((view) => [view.ref, view])), (view, side) => pool.get(view[side]), NOW)

  test('where its session cannot be read at the remote', () => {
    const pool = new Pool()
    const [base, local] = [pool.add(session), pool.add({ ...session, fence: 4 })]
    const { steps, unreadable } = plan(pool, given(pool), { ref: live, base, local, remote: GARBAGE })
    expect(steps.has(lock)).toBe(false)
    expect(unreadable).toStrictEqual([live])
  })

  test('where its session cannot be read here, and that is not overwritten', () => {
    const pool = new Pool()
    const [base, remote] = [pool.add(session), pool.add({ ...session, fence: 4 })]
    const { steps, unreadable } = plan(pool, given(pool), { ref: live, base, local: GARBAGE, remote })
    expect([...steps.keys()]).toStrictEqual([])
    expect(unreadable).toStrictEqual([live])
  })

  test('and stands in the way of a lock above it, which is lost', () => {
    const pool = new Pool()
    const [base, local] = [pool.add(session), pool.add({ ...session, fence: 4 })]
    const other = SESSIONS[1] ?? id
    const theirs = pool.add(sessionWith({ id: other, fence: 1, lastActivity: NOW, revoked: [] }))
    const above = pool.add(lockOf(other, 'src'))
    const below = pool.add(lockOf(id, 'src/a'))
    const { lost } = plan(
      pool,
      { ref: lock, base: null, local: above, remote: null },
      { ref: `${lock}/a` as RefName, base: below, local: null, remote: below },
      { ref: live, base, local, remote: GARBAGE },
      { ref: activeRef(other), base: theirs, local: theirs, remote: theirs },
    )
    expect(lost.map(({ ref }) => ref)).toStrictEqual([lock])
  })

  test('and a lock of it that is not out yet is lost to the line at the remote', () => {
    const pool = new Pool()
    const other = SESSIONS[1] ?? id
    const theirs = pool.add(sessionWith({ id: other, fence: 1, lastActivity: NOW, revoked: [] }))
    const mine = pool.add(lockOf(id, 'src'))
    const below = pool.add(lockOf(other, 'src/a'))
    const { lost, steps } = plan(
      pool,
      { ref: lock, base: null, local: mine, remote: null },
      { ref: `${lock}/a` as RefName, base: null, local: null, remote: below },
      { ref: live, base: null, local: pool.add(session), remote: GARBAGE },
      { ref: activeRef(other), base: null, local: null, remote: theirs },
    )
    expect(lost.map(({ ref }) => ref)).toStrictEqual([lock])
    expect(steps.get(lock)?.becomes).toBe('remote')
  })
})

describe('a record that cannot be read', () => {
  const [id = '' as SessionId] = SESSIONS
  const [live, ended] = [activeRef(id), endedRef(id)]
  const GARBAGE = 'f'.repeat(40) as BlobId
  const plan = (pool: Pool, ...views: View[]) =>
    planSync(new Map(views.map((view) => [view.ref, view])), (view, side) => pool.get(view[side]), NOW)

  test('here does not go over a good one at the remote', () => {
    const pool = new Pool()
    const good = pool.add(sessionWith({ id, fence: 3, lastActivity: NOW, revoked: [] }))
    const { steps, unreadable } = plan(pool, { ref: live, base: good, local: GARBAGE, remote: good })
    expect([...steps]).toStrictEqual([])
    expect(unreadable).toStrictEqual([live])
  })

  test('at the remote is not deleted with an end here', () => {
    const pool = new Pool()
    const session = sessionWith({ id, fence: 3, lastActivity: NOW, revoked: [] })
    const over = pool.add({ ...session, status: 'ended', fence: 4 })
    const views: View[] = [
      { ref: live, base: pool.add(session), local: null, remote: GARBAGE },
      { ref: ended, base: null, local: over, remote: null },
    ]
    const { steps, unreadable } = plan(pool, ...views)
    expect(steps.has(live)).toBe(false)
    expect(unreadable).toStrictEqual([live])
  })

  test('here goes with an end at the remote', () => {
    const pool = new Pool()
    const session = sessionWith({ id, fence: 3, lastActivity: NOW, revoked: [] })
    const over = pool.add({ ...session, status: 'ended', fence: 4 })
    const { steps, unreadable } = plan(
      pool,
      { ref: live, base: pool.add(session), local: GARBAGE, remote: null },
      { ref: ended, base: null, local: null, remote: over },
    )
    expect(steps.get(live)?.becomes).toBe('remote')
    expect(unreadable).toStrictEqual([])
  })

  test('as an end here takes no live record away', () => {
    const pool = new Pool()
    const session = pool.add(sessionWith({ id, fence: 3, lastActivity: NOW, revoked: [] }))
    const { steps, unreadable } = plan(
      pool,
      { ref: live, base: session, local: null, remote: session },
      { ref: ended, base: null, local: GARBAGE, remote: null },
    )
    expect([...steps]).toStrictEqual([])
    expect(unreadable).toContain(ended)
  })
})
