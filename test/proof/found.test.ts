import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { check } from './checker.ts'
import { tell } from './story.ts'
import { plans } from './world/plan.ts'
import { buildWorld } from './world-build.ts'

/** Schedules of {@link file://./simulation.test.ts} in which a promise was broken once. */
const FOUND = [
  {
    what: 'a released lock leaves with a fence that a push sent before it',
    seed: 4242,
    path: '7078',
    empties: false,
  },
  {
    what: 'a refused claim whose session was ended leaves its lock',
    seed: 4242,
    path: '11873',
    empties: true,
  },
  { what: 'an end that was cut short seems to hold up a push', seed: 4242, path: '10763', empties: false },
  {
    what: 'a directory came in place of a key below it, and who noted that was killed',
    seed: 777,
    path: '32642',
    empties: false,
  },
  {
    what: 'a claim takes what a steal, cut short at the remote, has made void',
    seed: 1007919,
    path: '36610',
    empties: false,
  },
  {
    what: 'a clone puts back the lock of a refused claim, of whose end it has not heard',
    seed: 1015838,
    path: '941',
    empties: true,
  },
  {
    what: 'a refused upgrade takes anew what another process of its session has claimed, and is refused then',
    seed: 1023757,
    path: '184',
    empties: true,
  },
  {
    what: 'a push that was on its way puts the first record of an ended session there',
    seed: 1031676,
    path: '4184',
    empties: true,
  },
  {
    what: 'a claim lands in part twice, the second time with a lock of the first, and is refused then',
    seed: 2000003,
    path: '11554',
    empties: false,
  },
  {
    what: 'a claim loses three pushes, and takes the remote for one that does not take them',
    seed: 2007922,
    path: '4157',
    empties: true,
  },
  {
    what: 'a push touches what its session had lost for a moment to a claim above it',
    seed: 5007930,
    path: '10057',
    empties: false,
  },
  {
    what: 'a steal moves both records of a session whose end was cut short',
    seed: 5015849,
    path: '26138',
    empties: false,
  },
  {
    what: 'a session gives up a directory while another process of it claims what is below',
    seed: 6071274,
    path: '38060',
    empties: false,
  },
]

test.for(FOUND)('no promise is broken any more where $what', async ({ seed, path, empties }) => {
  const simulate = await buildWorld()
  let runs = 0
  const property = fc.asyncProperty(fc.scheduler(), plans({ empties }), async (scheduler, plan) => {
    runs += 1
    const history = await simulate(plan, scheduler)
    expect(check(history), tell(history)).toStrictEqual([])
  })
  await fc.assert(property, { seed, path, numRuns: 1, endOnFailure: true })
  expect(runs).toBe(1)
})
