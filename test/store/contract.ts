import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { SessionId } from '../../src/domain/record.ts'
import { type DwRecord, encode } from '../../src/store/codec.ts'
import { activeRef, endedRef, type RefName } from '../../src/store/ref-names.ts'
import type { Change, Commit, Entry, Store } from '../../src/store/store.ts'
import { bytesOf, refOf, SAMPLES, SESSION_ID, sampleLock, sampleSession } from './record-samples.ts'

/** A store under test. */
export interface Subject {
  readonly store: Store
  /** A second client of the same records, as another process is. */
  readonly rival: Store
  /** Puts bytes under a ref, sound or not. */
  readonly put: (ref: RefName, bytes: Buffer) => Promise<void>
  readonly close: () => Promise<void>
}

/**
 * What every store keeps, whatever it is made of (store/store.ts, design §3 and §6).
 * `many` is the size of its largest transaction.
 */
export function keepsTheContract(open: () => Promise<Subject>, { many = 50 } = {}): void {
  let subject: Subject
  /** A directory of its own for each test, so that tests see nothing of one another. */
  let top = ''
  let tests = 0

  beforeAll(async () => {
    subject = await open()
  })
  afterAll(async () => subject?.close())
  beforeEach(() => {
    tests += 1
    top = `test-${tests}`
  })

  const refAt = (path: string) => refOf(`${top}/${path}`)
  const lockAt = (path: string, why?: string) =>
    sampleLock(`${top}/${path}`, why === undefined ? {} : { why })
  const creation = (path: string, why?: string): Change => ({
    ref: refAt(path),
    from: null,
    to: lockAt(path, why),
  })
  const deletion = (entry: Entry): Change => ({ ref: entry.ref, from: entry, to: null })
  const update = (entry: Entry, to: DwRecord): Change => ({ ref: entry.ref, from: entry, to })

  async function commit(...changes: readonly Change[]): Promise<ReadonlyMap<RefName, string>> {
    return oidsOf(await subject.store.commit(changes))
  }
  const find = async (ref: RefName) => (await subject.store.read({ refs: [ref] })).get(ref)
  async function entryAt(ref: RefName): Promise<Entry> {
    return (await find(ref)) ?? expect.fail(`there is nothing at ${ref}`)
  }
  async function create(...paths: readonly string[]): Promise<void> {
    await commit(...paths.map((path) => creation(path)))
  }
  async function created(path: string): Promise<Entry> {
    await create(path)
    return entryAt(refAt(path))
  }
  const paths = async () => [...(await subject.store.read({ refs: [refOf(top)] })).keys()].sort()

  describe('watching', () => {
    // a watch has no clock: a change that it does not see is waited for until the test is over
    test.each(['active', 'ended'] as const)('tells of a change at %s by another', async (place) => {
      const id = `SESS-WATCHED${place.toUpperCase()}` as SessionId
      const ref = place === 'active' ? activeRef(id) : endedRef(id)
      const session = (fence: number) => sampleSession({ id, fence })
      for (const step of ['creation', 'update', 'deletion'] as const) {
        let tell = () => {}
        const told = new Promise<void>((resolve) => {
          tell = resolve
        })
        const watch = subject.store.watch(tell)
        watch.attend([ref])
        const from = (await subject.rival.read({ refs: [ref] })).get(ref) ?? null
        const to = step === 'deletion' ? null : session(step.length)
        oidsOf(await subject.rival.commit([{ ref, from, to }]))
        await told
        watch.close()
      }
      expect(await find(ref)).toBeUndefined()
    })
  })

  describe('reading', () => {
    test('finds nothing where nothing is', async () => {
      const nothing = await subject.store.read({ refs: [refOf(top), refAt('a')], above: [refAt('b/c')] })
      expect(nothing.size).toBe(0)
      expect((await subject.store.read({ refs: [] })).size).toBe(0)
    })

    test.each(SAMPLES)(
      'gives back what was written at %s, with the blob that holds it',
      async (ref, record) => {
        const oids = await commit({ ref, from: (await find(ref)) ?? null, to: record })
        const entry = await entryAt(ref)
        expect(entry).toMatchObject({ ref, oid: oids.get(ref), content: { ok: true, record } })
      },
    )

    test('of a ref finds it with all that lies below it and nothing beside it', async () => {
      const below = ['a/x', 'a/y/z']
      await create(...below, 'a.b', 'a-b', 'ab', 'b')
      const found = await subject.store.read({ refs: [refAt('a'), refAt('b')] })
      expect([...found.keys()].sort()).toEqual([...below, 'b'].map(refAt).sort())
      expect(found.get(refAt('a/y/z'))?.content).toMatchObject({ record: lockAt('a/y/z') })
    })

    test('finds what stands above a ref and neither the ref, nor what is beside, nor what is below', async () => {
      await create('a', 'b/x', 'c/d/e', 'ab')
      const refs = ['a/x/y', 'b/x', 'c/d', 'ab/x'].map(refAt)
      const found = await subject.store.read({ refs: [], above: refs })
      expect([...found.keys()].sort()).toEqual([refAt('a'), refAt('ab')])
      expect(found.get(refAt('a'))?.content).toMatchObject({ ok: true, record: lockAt('a') })
    })

    test('finds a whole line at once', async () => {
      await create('a', 'b/c/d', 'b/e')
      const line = (path: string) => ({ refs: [refAt(path)], above: [refAt(path)] })
      expect([...(await subject.store.read(line('a/x'))).keys()]).toEqual([refAt('a')])
      expect([...(await subject.store.read(line('b/c'))).keys()]).toEqual([refAt('b/c/d')])
    })

    test('tells what is wrong with a record and still reads the others', async () => {
      const damage: [string, Buffer, object][] = [
        ['no-json', Buffer.from('{oops'), { ok: false, newer: false, problem: 'is not a JSON object' }],
        ['empty', Buffer.alloc(0), { ok: false, newer: false }],
        ['other-key', encode(lockAt('sound'), { rev: 1, nonce: 'n' }), { ok: false, newer: false }],
        ['newer', bytesOf({ v: 2 }), { ok: false, newer: true }],
      ]
      for (const [path, bytes] of damage) await subject.put(refAt(path), bytes)
      await create('sound')
      const found = await subject.store.read({ refs: [refOf(top)] })
      expect(found.size).toBe(damage.length + 1)
      for (const [path, , content] of damage) expect(found.get(refAt(path))?.content).toMatchObject(content)
      expect(found.get(refAt('sound'))?.content).toMatchObject({ ok: true })
      const above = await subject.store.read({ refs: [], above: [refAt('no-json/x')] })
      expect(above.get(refAt('no-json'))?.content).toMatchObject({ ok: false })
    })
  })

  describe('writing', () => {
    test('counts revisions up and never writes the same bytes twice', async () => {
      const oids = new Set<string>()
      await commit(creation('a'))
      for (const rev of [1, 2, 3]) {
        const entry = await entryAt(refAt('a'))
        expect(entry.content).toMatchObject({ ok: true, rev, record: { v: 1, rev } })
        oids.add(entry.oid)
        await commit(update(entry, lockAt('a')))
      }
      await commit(deletion(await entryAt(refAt('a'))))
      expect(await find(refAt('a'))).toBeUndefined()
      await commit(creation('a'))
      const again = await entryAt(refAt('a'))
      expect(again.content).toMatchObject({ rev: 1 })
      expect(oids.add(again.oid).size).toBe(4)
    })

    test('keeps fields that are not known here', async () => {
      const known = { ...lockAt('a'), colour: 'blue', owner: { ...lockAt('a').owner, team: ['x', { y: 1 }] } }
      await subject.put(refAt('a'), encode(known, { rev: 7, nonce: 'n' }))
      const entry = await entryAt(refAt('a'))
      if (!entry.content.ok || entry.content.record.kind !== 'lock')
        return expect.fail('the lock cannot be read')
      await commit(update(entry, { ...entry.content.record, ttl: 5 }))
      expect((await entryAt(refAt('a'))).content).toMatchObject({ rev: 8, record: { ...known, ttl: 5 } })
    })

    test('creates, changes and deletes in one step', async () => {
      const [a, b] = [await created('a'), await created('b')]
      const oids = await commit(deletion(a), update(b, lockAt('b', 'changed')), creation('c'))
      expect(await paths()).toEqual([refAt('b'), refAt('c')])
      expect([...oids.keys()].sort()).toEqual([refAt('b'), refAt('c')])
      expect((await entryAt(refAt('b'))).content).toMatchObject({ record: lockAt('b', 'changed') })
    })

    test(`takes ${many} records at once and reads them by name and by directory`, async () => {
      const names = Array.from({ length: many }, (_, at) => `directory/${'x'.repeat(120)}-${at}`)
      const oids = await commit(...names.map((name) => creation(name)))
      expect(oids.size).toBe(many)
      const together = await subject.store.read({ refs: [refAt('directory')] })
      const byName = await subject.store.read({ refs: names.map(refAt) })
      for (const found of [together, byName]) {
        expect(new Map([...found.values()].map(({ ref, oid }) => [ref, oid]))).toEqual(oids)
        expect([...found.values()].filter(({ content }) => !content.ok)).toEqual([])
      }
    })
  })

  describe('a conflict', () => {
    test('is what a second creation comes to, and the first stays', async () => {
      const oids = await commit(creation('a', 'first'))
      await inConflict(subject.rival.commit([creation('a', 'second')]), refAt('a'))
      expect((await entryAt(refAt('a'))).oid).toBe(oids.get(refAt('a')))
    })

    test('is what a change or deletion comes to after somebody else changed the record', async () => {
      const read = await created('a')
      const moved = oidsOf(await subject.rival.commit([update(read, lockAt('a', 'theirs'))]))
      await inConflict(subject.store.commit([update(read, lockAt('a', 'mine'))]), refAt('a'))
      await inConflict(subject.store.commit([deletion(read)]), refAt('a'))
      expect((await entryAt(refAt('a'))).oid).toBe(moved.get(refAt('a')))
    })

    test('is what a change comes to after somebody else deleted the record', async () => {
      const read = await created('a')
      await subject.rival.commit([deletion(read)])
      await inConflict(subject.store.commit([update(read, lockAt('a'))]), refAt('a'))
      expect(await paths()).toEqual([])
    })

    test('is what a deletion comes to after somebody else deleted the record', async () => {
      const read = await created('a')
      await subject.rival.commit([deletion(read)])
      await inConflict(subject.store.commit([deletion(read)]), refAt('a'))
    })

    test('in one record leaves all others of the transaction as they were', async () => {
      const [a, b, c] = [await created('a'), await created('b'), await created('c')]
      await subject.rival.commit([update(b, lockAt('b', 'theirs'))])
      const changes = [update(a, lockAt('a', 'mine')), deletion(b), deletion(c), creation('d')]
      await inConflict(subject.store.commit(changes), refAt('b'))
      expect(await paths()).toEqual(['a', 'b', 'c'].map(refAt))
      expect((await entryAt(refAt('a'))).oid).toBe(a.oid)
    })

    test('meets what is created below a record or above one, and names what stands there', async () => {
      await create('a', 'b/c', 'b/d/e')
      await inConflict(subject.store.commit([creation('a/x/y')]), refAt('a'))
      await inConflict(subject.store.commit([creation('b')]), refAt('b/c'), refAt('b/d/e'))
      expect(await paths()).toEqual(['a', 'b/c', 'b/d/e'].map(refAt))
    })

    test('meets a creation beside a deletion on one line, in either direction, until it is done in two steps', async () => {
      const [a, below] = [await created('a'), await created('b/c')]
      await inConflict(subject.store.commit([deletion(a), creation('a/x')]), refAt('a'))
      await inConflict(subject.store.commit([deletion(below), creation('b')]), refAt('b/c'))
      expect(await paths()).toEqual(['a', 'b/c'].map(refAt))
      await commit(deletion(a), deletion(below))
      await commit(creation('a/x'), creation('b'))
      expect(await paths()).toEqual(['a/x', 'b'].map(refAt))
    })

    test('leaves no trace on the line once what stood there is gone', async () => {
      const above = await created('a')
      await inConflict(subject.store.commit([creation('a/x')]), refAt('a'))
      await subject.rival.commit([deletion(above)])
      const line = await subject.store.read({ refs: [refAt('a/x')], above: [refAt('a/x')] })
      expect([...line.values()]).toEqual([])
    })
  })

  describe('at the same time', () => {
    /** Commits by eight clients at once; the outcomes in their order. */
    const race = (changeOf: (racer: number) => Change) =>
      Promise.all(
        Array.from({ length: 8 }, (_, racer) =>
          (racer % 2 === 0 ? subject.store : subject.rival).commit([changeOf(racer)]),
        ),
      )
    const winners = (outcomes: readonly Commit[]) =>
      outcomes.flatMap(({ outcome }, racer) => (outcome === 'committed' ? [racer] : []))

    test('eight creations of one record have exactly one winner', async () => {
      const [winner, ...others] = winners(await race((racer) => creation('a', `racer ${racer}`)))
      expect(others).toEqual([])
      expect((await entryAt(refAt('a'))).content).toMatchObject({ record: lockAt('a', `racer ${winner}`) })
    })

    test('eight changes of one record have exactly one winner', async () => {
      const read = await created('a')
      const [winner, ...others] = winners(await race((racer) => update(read, lockAt('a', `racer ${racer}`))))
      expect(others).toEqual([])
      expect((await entryAt(refAt('a'))).content).toMatchObject({
        rev: 2,
        record: lockAt('a', `racer ${winner}`),
      })
    })

    test('of a directory and a file in it exactly one is taken, in each of eight pairs', async () => {
      const pairs = await Promise.all(
        Array.from({ length: 8 }, async (_, pair) => {
          const changes = [creation(`p${pair}`), creation(`p${pair}/x`)]
          const [first, second] = pair % 2 === 0 ? changes : changes.reverse()
          if (first === undefined || second === undefined) return expect.unreachable()
          const outcomes = await Promise.all([subject.store.commit([first]), subject.rival.commit([second])])
          return winners(outcomes).length
        }),
      )
      expect(pairs).toEqual(pairs.map(() => 1))
      expect(await paths()).toHaveLength(8)
    })

    test('a session and its lock are both written or neither', async () => {
      const ref = activeRef(SESSION_ID)
      const from = (await find(ref)) ?? null
      const both = (racer: number): Change[] => [
        { ref, from, to: sampleSession({ fence: racer }) },
        creation(`lock-${racer}`),
      ]
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, (_, racer) => subject.store.commit(both(racer))),
      )
      const [winner, ...others] = winners(outcomes)
      expect(others).toEqual([])
      expect(await paths()).toEqual([refAt(`lock-${winner}`)])
      expect((await entryAt(ref)).content).toMatchObject({ record: { fence: winner } })
    })
  })
}

/** Expects the commit to be refused for these refs and no others. */
async function inConflict(commit: Promise<Commit>, ...refs: readonly RefName[]): Promise<void> {
  const found = await commit
  expect(found.outcome).toBe('conflict')
  expect(found.outcome === 'conflict' && [...found.refs].sort()).toEqual([...refs].sort())
}

function oidsOf(commit: Commit): ReadonlyMap<RefName, string> {
  return commit.outcome === 'committed' ? commit.oids : expect.fail(`in the way: ${commit.refs.join(', ')}`)
}
