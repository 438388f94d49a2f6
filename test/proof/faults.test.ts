import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check } from './checker.ts'
import { FAULTS, type Fault } from './faults.ts'
import { plans } from './world/plan.ts'
import { buildWorld } from './world-build.ts'

/** How many schedules of a fault's seed go by, the last of them included, until the checker says so. */
async function caughtAfter(simulate: Simulate, { seed, within, empties, sentences }: Fault) {
  const said = new Set<string>()
  const property = fc.asyncProperty(
    fc.scheduler(),
    plans({ empties: empties === true }),
    async (scheduler, plan) => {
      const found = check(await simulate(plan, scheduler))
      for (const { sentence } of found) said.add(sentence)
      return !found.some(({ sentence }) => sentences.includes(sentence))
    },
  )
  const { failed, numRuns } = await fc.check(property, { seed, numRuns: within, endOnFailure: true })
  return { after: failed ? numRuns : null, said }
}

type Simulate = Awaited<ReturnType<typeof buildWorld>>

describe('the checker', async () => {
  const sound = await buildWorld()

  test.for(FAULTS)('catches $name, and nothing in the sound build with seed $seed', async (fault) => {
    const { after } = await caughtAfter(await buildWorld(fault.patches), fault)
    expect(after, `not caught within ${fault.within} schedules`).not.toBeNull()
    const { after: never, said } = await caughtAfter(sound, { ...fault, within: after ?? 0 })
    expect([...said]).toStrictEqual([])
    expect(never).toBeNull()
  })
})

test('a build whose fault fits nowhere in the sources is refused', async () => {
  const patch = { file: 'src/domain/lease.ts', find: 'what nobody wrote', put: '' }
  await expect(buildWorld([patch])).rejects.toThrow('has not exactly one "what nobody wrote"')
})
