import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ago, durationOption, formatDuration, formatLeft, parseDuration } from '../../src/domain/duration.ts'
import { timestamp } from './arbitrary.ts'

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 } as const
const units = fc.constantFrom('s', 'm', 'h', 'd')

describe('a duration', () => {
  test('is so many of its unit, up to the ten years that records take', () => {
    const most = 10 * 365 * SECONDS.d
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999_999 }), units, (count, unit) => {
        const seconds = count * SECONDS[unit]
        expect(parseDuration(`${count}${unit}`)).toBe(seconds <= most ? seconds : null)
      }),
    )
    expect(parseDuration('3650d')).toBe(most)
    expect(parseDuration('3651d')).toBeNull()
  })

  test.each(
    [
      [
        '',
        ' ',
        '90',
        's',
        'h1',
        '1w',
        '1.5h',
        '-1s',
        '+1s',
        '0s',
        '0d',
        '1h30m',
        '1 h',
        '1H',
        '1e3s',
        '٣s',
        '1s\n1s',
      ],
      ['1000000000s'],
    ].flat(),
  )('is not written %j', (text) => {
    expect(parseDuration(text)).toBeNull()
    expect(() => durationOption('--ttl', text)).toThrow(
      expect.objectContaining({ code: 'DW_USAGE', message: `--ttl "${text}" is no duration` }),
    )
  })

  test('in an option is its seconds', () => {
    expect(durationOption('--ttl', '15m')).toBe(900)
  })

  test.each([
    [-5, '0s'],
    [0.4, '0s'],
    [59.4, '59s'],
    [59.5, '1m'],
    [60, '1m'],
    [3599, '59m'],
    [3600, '1h'],
    [3660, '1h1m'],
    [7199, '1h59m'],
    [7200, '2h'],
    [2 * 86_400 - 1, '47h59m'],
    [2 * 86_400, '2d'],
    [30.9 * 86_400, '30d'],
  ])('of %d seconds is said as %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text)
  })

  test('is said in at most its whole length and more than half of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 * 365 * 86_400 }), (seconds) => {
        const said = secondsIn(formatDuration(seconds))
        expect(said).toBeLessThanOrEqual(seconds)
        expect(said).toBeGreaterThan(seconds / 2)
      }),
    )
  })
})

/** The seconds that a text like `1h59m` says. */
function secondsIn(text: string): number {
  const parts = text.match(/\d+[smhd]/g) ?? []
  expect(parts.join(''), 'the text is made of durations').toBe(text)
  return parts.reduce((sum, part) => sum + (parseDuration(part) ?? 0), 0)
}

describe('what is left of a lease', () => {
  test('is said in whole minutes, rounded up, and in seconds at its end', () => {
    expect([7200, 7199.5, 7141, 7140, 61, 60, 59, 1, 0, -3].map(formatLeft)).toEqual([
      '2h',
      '2h',
      '2h',
      '1h59m',
      '2m',
      '1m',
      '59s',
      '1s',
      '0s',
      '0s',
    ])
  })

  test('is never said to be shorter than it is, below two days', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 * 86_400 - 60 }), (seconds) => {
        const said = secondsIn(formatLeft(seconds))
        expect(said).toBeGreaterThanOrEqual(seconds)
        expect(said).toBeLessThan(seconds + 60)
      }),
    )
  })
})

describe('a time in the past', () => {
  const now = Date.parse('2026-03-01T12:00:00.000Z')

  test.each([
    [0, 'just now'],
    [999, 'just now'],
    [-3_600_000, 'just now'],
    [1000, '1s ago'],
    [720_000, '12m ago'],
  ])('of %d milliseconds before is said as %s', (milliseconds, text) => {
    expect(ago(timestamp(now - milliseconds), now)).toBe(text)
  })
})
