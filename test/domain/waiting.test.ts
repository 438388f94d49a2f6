import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lockName, onOneLine } from '../../src/domain/key.ts'
import { areRivals, pauseBefore, turnAfter } from '../../src/domain/waiting.ts'

const PAUSES = { first: 200, longest: 4000 }
const NOW = 1_700_000_000_000
const jitters = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const pauses = fc.constantFrom(PAUSES, { first: 1000, longest: 16_000 })

describe('the pause before the next look', () => {
  test('without a lease in sight is from the first pause to the longest', () => {
    fc.assert(
      fc.property(fc.nat(10_000), pauses, jitters, (looks, bounds, jitter) => {
        const pause = pauseBefore({ looks, pauses: bounds, jitter, leaseEnds: [], now: NOW })
        expect(pause).toBeGreaterThanOrEqual(bounds.first)
        expect(pause).toBeLessThanOrEqual(bounds.longest)
      }),
    )
  })

  test('grows with the looks, and doubles until it is the longest', () => {
    const whole = (looks: number) =>
      pauseBefore({ looks, pauses: PAUSES, jitter: 1 - Number.EPSILON, leaseEnds: [], now: NOW })
    expect([0, 1, 2, 3, 4, 5, 6].map(whole)).toStrictEqual([200, 400, 800, 1600, 3200, 4000, 4000])
  })

  test('is never past the end of a lease that still runs, and is past it then', () => {
    const lefts = fc.array(fc.integer({ min: -5000, max: 20_000 }), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.nat(40), jitters, lefts, (looks, jitter, left) => {
        const leaseEnds = left.map((each) => NOW + each)
        const pause = pauseBefore({ looks, pauses: PAUSES, jitter, leaseEnds, now: NOW })
        const next = Math.min(...left.filter((each) => each >= 0))
        expect(pause).toBeGreaterThan(0)
        expect(pause).toBeLessThanOrEqual(Math.max(1, Math.min(next + 1, PAUSES.longest)))
        // a lease has ended once the clock is beyond its end
        if (pause < PAUSES.first) expect(NOW + pause).toBeGreaterThan(NOW + next)
      }),
    )
  })
})

test('a waiter’s turn comes later the more others are ahead, and at once with none', () => {
  expect(turnAfter(0)).toBe(0)
  fc.assert(
    fc.property(fc.nat(1000), (ahead) => {
      expect(turnAfter(ahead + 1)).toBeGreaterThan(turnAfter(ahead))
    }),
  )
})

test('two claims are rivals exactly if a key of one lies on the line of a key of the other', () => {
  const paths = fc.array(fc.constantFrom('a', 'b'), { maxLength: 3 }).map((parts) => parts.join('/'))
  const names = fc.array(
    paths.map((path) => lockName({ kind: 'path', path })),
    { maxLength: 4 },
  )
  fc.assert(
    fc.property(names, names, (a, b) => {
      const pairs = a.flatMap((name) => b.map((other) => onOneLine(name, other)))
      expect(areRivals(a, b)).toBe(pairs.includes(true))
      expect(areRivals(b, a)).toBe(areRivals(a, b))
    }),
  )
})
