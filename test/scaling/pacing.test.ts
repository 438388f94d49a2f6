import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BUSY,
  clonesWithin,
  DEFAULTS,
  heartbeatPeriod,
  seeded,
  simulate,
  syncPeriod,
} from '../../bench/pacing.ts'
import { heartbeatDue } from '../../src/domain/lease.ts'
import { Settings } from '../../src/flows/settings.ts'
import { Config } from '../../src/git/config.ts'
import { sampleSession } from '../store/record-samples.ts'

const counted = () => seeded(7)

const pacings = fc.record({
  heartbeatInterval: fc.integer({ min: 60, max: 7200 }),
  lockTtl: fc.integer({ min: 300, max: 86_400 }),
  sessionTtl: fc.integer({ min: 300, max: 172_800 }),
})

test('the model of pacing has the defaults and the heartbeats of the program', () => {
  const settings = new Settings(new Config(new Map()))
  const { heartbeatInterval, lockTtl, sessionTtl } = settings
  expect({ heartbeatInterval, lockTtl, sessionTtl }).toStrictEqual(DEFAULTS)
  fc.assert(
    fc.property(pacings, (pacing) => {
      const session = sampleSession({ ttl: pacing.sessionTtl })
      expect(heartbeatPeriod(pacing)).toBe(heartbeatDue(pacing.heartbeatInterval, session, [pacing.lockTtl]))
    }),
  )
})

test('the model never sends more heartbeats than syncs or than are due, and no change is lost', () => {
  fc.assert(
    fc.property(pacings, fc.integer({ min: 1, max: 60 }), (pacing, commands) => {
      const quiet = { commands, changes: 0, looks: 0 }
      const { pushes, fetches } = simulate(40, pacing, quiet, 240, counted())
      const most = Math.min(1 / heartbeatPeriod(pacing), 1 / syncPeriod(pacing)) * 60 * 40
      expect(pushes).toBeLessThanOrEqual(most * 1.1 + 1)
      expect(pushes).toBeLessThanOrEqual(fetches)
      const busy = simulate(40, pacing, { ...quiet, changes: commands }, 240, counted())
      expect(Math.abs(busy.pushes - (40 * commands) / 60)).toBeLessThan(40 * commands * 0.006)
    }),
    { numRuns: 30 },
  )
})

test('by the model, agents at work keep within 6 pushes a minute to some fifty clones, and longer leases help the calm', () => {
  const within = clonesWithin(6, DEFAULTS, BUSY, counted())
  expect(within).toBeGreaterThan(45)
  expect(within).toBeLessThan(65)
  const long = { ...DEFAULTS, heartbeatInterval: 3600, lockTtl: 28_800 }
  const calm = { ...BUSY, commands: 10, changes: 1 }
  const ratio = clonesWithin(6, long, calm, counted()) / clonesWithin(6, DEFAULTS, calm, counted())
  expect(ratio).toBeGreaterThan(1.5)
})
