import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { keepsTheContract } from './contract.ts'
import { refOf, sampleLock } from './record-samples.ts'
import { NEWER_GIT, type Place, reftableRepository } from './repositories.ts'

describe.skipIf(NEWER_GIT === undefined)('the store with a newer git (DW_TEST_GIT)', () => {
  describe('in refs of a reftable repository', () => {
    keepsTheContract(async () => (await reftableRepository()).subject(false), { many: 1000 })
  })

  describe('under settings of the user', () => {
    let place: Place

    beforeAll(async () => {
      place = await reftableRepository()
    })
    afterAll(() => place.sandbox.dispose())

    const creation = (key: string) => ({ ref: refOf(key), from: null, to: sampleLock(key) })

    test('is what the tests run: a git that knows reftable', async () => {
      expect(await place.git('rev-parse', '--show-ref-format')).toBe('reftable')
    })

    test('leaves no reflog, even where all refs have one', async () => {
      await place.git('config', 'core.logAllRefUpdates', 'always')
      await place.git('update-ref', 'refs/other/logged', 'HEAD')
      expect((await place.store().commit([creation('logged')])).outcome).toBe('committed')
      expect((await place.git('reflog', 'list')).split('\n')).toContain('refs/other/logged')
      expect(await place.git('reflog', 'list')).not.toContain('refs/dw')
      await place.git('config', '--unset', 'core.logAllRefUpdates')
    })

    test('is not stopped by a reference-transaction hook that stands in the configuration', async () => {
      await place.git('config', 'hook.veto.event', 'reference-transaction')
      await place.git('config', 'hook.veto.command', 'exit 1')
      await expect(place.git('update-ref', 'refs/other/vetoed', 'HEAD')).rejects.toThrow()
      const impatient = { elapsed: clockOf(10_000), sleep: async () => undefined }
      expect((await place.store(impatient).commit([creation('vetoed')])).outcome).toBe('committed')
    })
  })
})

/** A clock that is `step` milliseconds further at each look. */
function clockOf(step: number): () => number {
  let now = 0
  return () => {
    now += step
    return now
  }
}
