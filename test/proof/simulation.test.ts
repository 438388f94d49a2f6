import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from './checker.ts'
import { LONG, runsOr, seedOf } from './runs.ts'
import { tell } from './story.ts'
import { plans } from './world/plan.ts'
import { buildWorld } from './world-build.ts'

/** Of all schedules, those in which somebody empties the arbiter. */
const EMPTIED = 0.1

const RUNS = runsOr(LONG ? 1_000_000 : 10_000)

test.for([
  ['that nobody empties', false, Math.round(RUNS * (1 - EMPTIED))],
  ['that somebody empties', true, Math.round(RUNS * EMPTIED)],
] as const)(
  'whoever goes first, and whatever is cut or killed, clones and an arbiter %s keep every promise',
  { timeout: LONG ? 24 * 3_600_000 : 600_000 },
  async ([, empties, numRuns]) => {
    const simulate = await buildWorld()
    const seed = seedOf('simulation')
    let run = 0
    const result = await fc.check(
      fc.asyncProperty(fc.scheduler(), plans({ empties }), async (scheduler, plan) => {
        run += 1
        const history = await simulate(plan, scheduler)
        const violations = check(history)
        if (violations.length > 0)
          throw new Error(`${JSON.stringify(violations)}\n${JSON.stringify(plan)}\n${tell(history)}`)
      }),
      { numRuns, seed, endOnFailure: true },
    )
    const { errorInstance } = result
    const story = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
    expect(result.failed, `run ${run} of seed ${seed}: ${story}`).toBe(false)
    expect(run).toBe(numRuns)
  },
)
