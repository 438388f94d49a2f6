import { describe, expect, test } from 'vitest'
import { keepsTheContract } from './contract.ts'
import { refOf, sampleLock } from './record-samples.ts'
import { awkwardlyNamedRepository, linkedWorktree, Place, submodule } from './repositories.ts'

describe('the store in git refs', () => {
  describe('seen from a linked worktree', () => {
    keepsTheContract(async () => (await linkedWorktree()).subject(true))
  })

  describe('of a submodule', () => {
    keepsTheContract(async () => (await submodule()).subject(true))
  })

  describe('of a repository whose path has spaces, quotes and letters beyond ASCII', () => {
    keepsTheContract(async () => (await awkwardlyNamedRepository()).subject(true))
  })
})

describe('a repository with several places', () => {
  const creation = { ref: refOf('src'), from: null, to: sampleLock('src') }

  test('has the same records in its main and its linked worktree', async () => {
    const linked = await linkedWorktree()
    const main = await Place.at(linked.sandbox)
    await linked.store().commit([creation])
    expect((await main.store().read({ refs: [creation.ref] })).get(creation.ref)?.content.ok).toBe(true)
    expect(await main.store().commit([creation])).toMatchObject({ outcome: 'conflict', refs: [creation.ref] })
    linked.sandbox.dispose()
  })

  test('keeps the records of a submodule apart from its own', async () => {
    const part = await submodule()
    const whole = await Place.at(part.sandbox)
    await part.store().commit([creation])
    expect((await whole.store().read({ refs: [creation.ref] })).size).toBe(0)
    expect((await part.store().read({ refs: [creation.ref] })).size).toBe(1)
    part.sandbox.dispose()
  })
})
