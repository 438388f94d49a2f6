import fc from 'fast-check'
import { expect, test } from 'vitest'
import { criticalPath, type Span } from '../../src/domain/critical-path.ts'

const spans = fc.array(
  fc
    .tuple(fc.nat(100), fc.integer({ min: 1, max: 30 }))
    .map(([start, length]): Span => ({ start, end: start + length })),
  { maxLength: 12 },
)
const overlap = (a: Span, b: Span) => a.start < b.end && b.start < a.end

test('two that ran side by side are one step, the longer one', () => {
  const first = { start: 0, end: 4 }
  expect([...criticalPath([first, { start: 1, end: 9 }, { start: 10, end: 12 }])].sort()).toStrictEqual([
    1, 2,
  ])
  expect([...criticalPath([])]).toStrictEqual([])
})

test('the critical path has the last end, never two at once, and leaves nothing out that fits between', () => {
  fc.assert(
    fc.property(spans, (all) => {
      const found = criticalPath(all)
      const on = all.filter((_, at) => found.has(at))
      const last = Math.max(...all.map(({ end }) => end))
      if (all.length > 0) expect(on.some(({ end }) => end === last)).toBe(true)
      for (const [at, a] of on.entries()) for (const b of on.slice(at + 1)) expect(overlap(a, b)).toBe(false)
      for (const span of all.filter((_, at) => !found.has(at)))
        expect(on.some((each) => overlap(each, span))).toBe(true)
    }),
  )
})
