import { chmod, rm, truncate, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GitStore } from '../../src/store/git-store.ts'
import { LOCKS_REF, type RefName } from '../../src/store/ref-names.ts'
import type { Entry } from '../../src/store/store.ts'
import { refOf, sampleLock } from './record-samples.ts'
import { normalRepository, type Place } from './repositories.ts'

let place: Place
let store: GitStore

beforeEach(async () => {
  place = await normalRepository()
  store = place.store()
  const keys = ['a', 'damaged', 'z']
  await store.commit(keys.map((key) => ({ ref: refOf(key), from: null, to: sampleLock(key) })))
})
afterEach(() => place.sandbox.dispose())

const DAMAGED = refOf('damaged')

async function entryAt(ref: RefName): Promise<Entry | undefined> {
  return (await store.read({ refs: [ref] })).get(ref)
}

async function objectFile(ref: RefName): Promise<string> {
  const oid = await place.git('rev-parse', ref)
  const file = place.file(`objects/${oid.slice(0, 2)}/${oid.slice(2)}`)
  await chmod(file, 0o644)
  return file
}

/** Reads everything and returns what is at the damaged ref; all others must be sound. */
async function damagedAmongAll(): Promise<Entry | undefined> {
  const all = await store.read({ refs: [LOCKS_REF] })
  expect([...all.keys()].sort()).toEqual([refOf('a'), DAMAGED, refOf('z')])
  const unsound = [...all.values()].filter(({ content }) => !content.ok)
  expect(unsound.map(({ ref }) => ref)).toEqual([DAMAGED])
  return all.get(DAMAGED)
}

test('a ref of any letters and a blob of any bytes are named, and hide nothing', async () => {
  const odd: RefName = 'refs/dw/locks/path/b/\u00e4-\u6f22'
  for (const bytes of ['\0\n\0', 'ä\u6f22\0{}', '']) {
    const oid = await place.put(odd, Buffer.from(bytes))
    const all = await store.read({ refs: [LOCKS_REF] })
    expect([...all.keys()].sort()).toEqual([refOf('a'), odd, DAMAGED, refOf('z')].sort())
    expect(all.get(odd)).toMatchObject({ oid, content: { ok: false, problem: 'is not a JSON object' } })
    for (const key of ['a', 'damaged', 'z']) {
      expect(all.get(refOf(key))?.content).toMatchObject({ ok: true, record: sampleLock(key) })
    }
  }
})

describe('a record whose blob is gone', () => {
  beforeEach(async () => {
    await rm(await objectFile(DAMAGED))
  })

  test('is named as missing its blob, and all others are read', async () => {
    const expected = { content: { ok: false, newer: false, problem: 'is missing its blob' } }
    const oid = await place.git('rev-parse', DAMAGED)
    expect(await damagedAmongAll()).toMatchObject({ ...expected, oid })
    expect(await entryAt(DAMAGED)).toMatchObject({ ...expected, oid })
  })

  test('is named when it stands above', async () => {
    const below = refOf('damaged/x')
    const first = await store.read({ refs: [], above: [below] })
    expect(first.get(DAMAGED)?.content).toMatchObject({ ok: false, problem: 'is missing its blob' })
    await place.git('pack-refs', '--all', '--prune')
    expect((await store.read({ refs: [], above: [below] })).get(DAMAGED)?.content.ok).toBe(false)
    const refused = await store.commit([{ ref: below, from: null, to: sampleLock('damaged/x') }])
    expect(refused).toMatchObject({ outcome: 'conflict', refs: [DAMAGED] })
    const line = await store.read({ refs: [below], above: [below] })
    expect([...line.keys()]).toEqual([DAMAGED])
    expect(line.get(DAMAGED)?.content).toMatchObject({ ok: false, problem: 'is missing its blob' })
    await damagedAmongAll()
  })

  test('blocks no other line', async () => {
    expect((await store.commit([{ ref: refOf('b'), from: null, to: sampleLock('b') }])).outcome).toBe(
      'committed',
    )
    const line = await store.read({ refs: [refOf('a'), refOf('a/x')], above: [refOf('a/x'), refOf('z/x')] })
    expect([...line.keys()].sort()).toEqual([refOf('a'), refOf('z')])
    expect([...line.values()].every(({ content }) => content.ok)).toBe(true)
  })

  test('can be deleted and replaced by those who know which blob it had', async () => {
    const from = (await entryAt(DAMAGED)) ?? null
    const replaced = await store.commit([{ ref: DAMAGED, from, to: sampleLock('damaged') }])
    expect(replaced.outcome).toBe('committed')
    expect((await store.commit([{ ref: DAMAGED, from, to: null }])).outcome).toBe('conflict')
    const sound = await entryAt(DAMAGED)
    expect(sound?.content.ok).toBe(true)
    expect((await store.commit([{ ref: DAMAGED, from: sound ?? null, to: null }])).outcome).toBe('committed')
  })
})

describe('a record whose blob cannot be unpacked', () => {
  test.each<[how: string, damage: (file: string) => Promise<void>]>([
    ['empty', (file) => truncate(file, 0)],
    ['cut off', (file) => truncate(file, 120)],
    ['overwritten', (file) => writeFile(file, 'garbage')],
  ])('because its file is %s is named, and all others are read', async (_how, damage) => {
    await damage(await objectFile(DAMAGED))
    expect((await damagedAmongAll())?.content).toMatchObject({ ok: false, newer: false })
    const line = await store.read({ refs: [refOf('a')], above: [refOf('damaged/x'), refOf('z/x')] })
    expect(line.get(refOf('a'))?.content.ok).toBe(true)
    expect(line.get(refOf('z'))?.content.ok).toBe(true)
  })
})

describe('a branch name that is a symbolic ref to nothing', () => {
  test('is not written over by a transaction that creates a branch', async () => {
    await place.git('symbolic-ref', 'refs/heads/odd', 'refs/heads/nothing')
    const at = await place.git('rev-parse', 'HEAD')
    const change = { ref: refOf('b'), from: null, to: sampleLock('b') }
    const commit = await store.commit([change], { branch: { ref: 'refs/heads/odd', at } })
    expect(commit).toMatchObject({ outcome: 'conflict', refs: ['refs/heads/odd'] })
    expect(await place.git('symbolic-ref', 'refs/heads/odd')).toBe('refs/heads/nothing')
    expect(await entryAt(refOf('b'))).toBeUndefined()
  })
})

describe('a ref that points at no blob', () => {
  test('is named as damaged, as a leaf and as what stands above', async () => {
    await place.git('update-ref', DAMAGED, 'HEAD')
    expect((await damagedAmongAll())?.content).toMatchObject({ ok: false, newer: false })
    const above = await store.read({ refs: [], above: [refOf('damaged/x')] })
    expect(above.get(DAMAGED)?.content).toMatchObject({ ok: false, newer: false })
  })
})
