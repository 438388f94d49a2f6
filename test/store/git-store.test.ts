import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepsTheContract } from './contract.ts'
import { refOf, sampleLock } from './record-samples.ts'
import {
  bareRepository,
  normalRepository,
  PACKED_KEYS,
  type Place,
  packedRepository,
  sha256Repository,
} from './repositories.ts'

describe('the store in git refs', () => {
  describe('of a normal repository', () => {
    keepsTheContract(async () => (await normalRepository()).subject(true), { many: 1000 })
  })

  describe('of a bare repository', () => {
    keepsTheContract(async () => (await bareRepository()).subject(true))
  })

  describe('of a SHA-256 repository', () => {
    keepsTheContract(async () => (await sha256Repository()).subject(false))
  })

  describe('of a repository with two thousand packed refs', () => {
    keepsTheContract(async () => (await packedRepository()).subject(true))
  })
})

describe('records whose refs are packed', () => {
  let place: Place

  beforeAll(async () => {
    place = await packedRepository()
  })
  afterAll(() => place.sandbox.dispose())

  test('are read, changed and deleted like others', async () => {
    const store = place.store()
    const before = await store.read({ refs: [refOf('packed')] })
    expect([...before.keys()].sort()).toEqual(PACKED_KEYS.map(refOf).sort())
    expect([...before.values()].filter(({ content }) => !content.ok)).toEqual([])
    const [changed = '', deleted = ''] = PACKED_KEYS
    const commit = await store.commit([
      {
        ref: refOf(changed),
        from: before.get(refOf(changed)) ?? null,
        to: sampleLock(changed, { why: 'new' }),
      },
      { ref: refOf(deleted), from: before.get(refOf(deleted)) ?? null, to: null },
    ])
    expect(commit.outcome).toBe('committed')
    const after = await store.read({ refs: [refOf('packed')] })
    expect(after.size).toBe(PACKED_KEYS.length - 1)
    expect(after.get(refOf(changed))?.content).toMatchObject({ rev: 2, record: { why: 'new' } })
    expect(after.has(refOf(deleted))).toBe(false)
  })

  test('stand in the way of what lies above and below them', async () => {
    const store = place.store()
    const last = PACKED_KEYS.at(-1) ?? ''
    const create = (key: string) => store.commit([{ ref: refOf(key), from: null, to: sampleLock(key) }])
    expect(await create(`${last}/x`)).toMatchObject({ outcome: 'conflict', refs: [refOf(last)] })
    const inDirectory = PACKED_KEYS.filter((key) => key.startsWith('packed/directory-9/'))
    expect(inDirectory).toHaveLength(100)
    const above = await create('packed/directory-9')
    expect(above.outcome === 'conflict' && [...above.refs].sort()).toEqual(inDirectory.map(refOf).sort())
  })
})
