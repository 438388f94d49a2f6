import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SessionId } from '../../src/domain/record.ts'
import { decode, encode, MAX_LONG_RECORD_BYTES, MAX_RECORD_BYTES } from '../../src/store/codec.ts'
import { activeRef, META_REF, projectRef, type RefName } from '../../src/store/ref-names.ts'
import {
  altered,
  bytesOf,
  LOG_REF,
  refOf,
  SAMPLES,
  SESSION_ID,
  sampleEvent,
  sampleLock,
  sampleProject,
  sampleSession,
} from './record-samples.ts'

const STAMP = { rev: 4, nonce: 'n1' }
/** Why the bytes are no record; fails when they are one, or one of a newer version. */
function problemOf(ref: RefName, bytes: Uint8Array): string {
  const decoded = decode(ref, bytes)
  if (decoded.ok) throw new Error('the record was taken')
  expect(decoded.newer).toBe(false)
  return decoded.problem
}

describe('a damaged record', () => {
  const lock = sampleLock('src')
  const session = sampleSession()

  test.each([
    ['', 'is not a JSON object'],
    ['{', 'is not a JSON object'],
    ['null', 'is not a JSON object'],
    ['[]', 'is not a JSON object'],
    ['"lock"', 'is not a JSON object'],
    ['{} {}', 'is not a JSON object'],
    ['{}', 'has no version'],
    ['{"v":"1"}', 'has no version'],
    ['{"v":0}', 'has no version'],
    ['{"v":null}', 'has no version'],
  ])('%j is refused: it %s', (text, problem) => {
    expect(problemOf(refOf('src'), Buffer.from(text))).toBe(problem)
  })

  test.each(['kind', 'id', 'rev', 'nonce', 'key', 'session', 'owner', 'claim', 'acquiredAt', 'ttl'])(
    'is a lock without "%s"',
    (name) => {
      expect(problemOf(refOf('src'), altered(lock, { [name]: undefined }))).not.toBe('')
    },
  )

  test.each([
    { kind: 'session' },
    { kind: 'other' },
    { rev: -1 },
    { rev: 1.5 },
    { nonce: '' },
    { ttl: 0 },
    { ttl: -60 },
    { ttl: 1e12 },
    { ttl: '60' },
    { owner: 'ann' },
    { owner: { user: 'ann', host: 'mill' } },
    { session: 'no id' },
    { session: '../x' },
    { key: 'task:app/-x' },
    { key: 7 },
    { acquiredAt: 1_772_366_400 },
    { acquiredAt: '2026-03-01' },
    { acquiredAt: '2026-03-01T12:00:00Z' },
    { acquiredAt: '2026-03-01T12:00:00.000+01:00' },
    { acquiredAt: '2026-13-01T12:00:00.000Z' },
    { acquiredAt: '2026-03-01T25:00:00.000Z' },
  ])('is a lock with %j', (fields) => {
    expect(problemOf(refOf('src'), altered(lock, fields))).not.toBe('')
  })

  test.each([
    '2026-02-30T12:00:00.000Z',
    '2025-02-29T12:00:00.000Z',
    '2026-04-31T12:00:00.000Z',
    '2026-03-01T24:00:00.000Z',
  ])('is one with a time that is in no calendar: %s', (time) => {
    expect(problemOf(refOf('src'), altered(lock, { acquiredAt: time }))).toContain('date that exists')
  })

  test('is one with a time that a date would not give back, and no other', () => {
    const part = (most: number, digits = 2) =>
      fc.nat({ max: most }).map((number) => String(number).padStart(digits, '0'))
    const times = fc
      .tuple(part(9999, 4), part(14), part(33), part(26), part(62), part(62), part(999, 3))
      .map(([year, month, day, hour, minute, second, milli]) => {
        return `${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`
      })
    const isReal = (time: string) => {
      const date = new Date(time)
      return !Number.isNaN(date.getTime()) && date.toISOString() === time
    }
    fc.assert(
      fc.property(times, (time) => {
        expect(decode(refOf('src'), altered(lock, { acquiredAt: time })).ok).toBe(isReal(time))
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    { status: 'sleeping' },
    { fence: -1 },
    { revoked: {} },
    { revoked: [{ key: 'src' }] },
    { revoked: [{ ...session.revoked[0], lock: 'not an id' }] },
    { worktree: '/home/ann' },
    { lastActivity: 'now' },
  ])('is a session with %j', (fields) => {
    expect(problemOf(activeRef(SESSION_ID), altered(session, fields))).not.toBe('')
  })

  test.each([
    { name: 'api' },
    { name: '' },
    { name: 'a/b' },
    { name: '-web' },
    { path: '' },
    { path: '/' },
    { path: '/etc' },
    { path: '..' },
    { path: 'packages/../../x' },
    { path: './packages' },
    { path: 'packages/' },
    { path: '.git/hooks' },
    { path: 'packages/.GIT' },
    { path: 'task:web/T' },
    { path: 'project:web' },
    { path: 7 },
    { base: '' },
    { branch: ['x'] },
    { rev: -1 },
  ])('is a project with %j', (fields) => {
    expect(problemOf(projectRef('web'), altered(sampleProject(), fields))).not.toBe('')
  })

  test('is one that names another key or session than its ref', () => {
    expect(problemOf(refOf('src'), altered(lock, { key: 'docs' }))).toBe('names another key than its ref')
    expect(problemOf(refOf('src'), altered(lock, { key: 'src/a.ts' }))).toBe('names another key than its ref')
    expect(decode(refOf('src'), altered(lock, { key: 'SRC' })).ok, 'a spelling of the same key').toBe(true)
    const other = activeRef('SESS-ZZZZZZZZZZ' as SessionId)
    expect(problemOf(other, altered(session, {}))).toBe('names another session than its ref')
    expect(problemOf(`refs/dw/ended/${session.id.toLowerCase()}x`, altered(session, {}))).toBe(
      'names another session than its ref',
    )
  })

  test('is one of another kind than its ref', () => {
    for (const [ref, { kind }] of SAMPLES.filter(([ref]) => ref !== META_REF)) {
      for (const [, record] of SAMPLES.filter(([, other]) => other.kind !== kind)) {
        expect(problemOf(ref, encode(record, STAMP)), `${record.kind} at ${ref}`).not.toBe('')
      }
    }
  })

  test('is one that is larger than 64 KiB, and a log that is larger than 256', () => {
    const padding = ' '.repeat(MAX_RECORD_BYTES - altered(lock, {}).length)
    expect(decode(refOf('src'), Buffer.concat([altered(lock, {}), Buffer.from(padding)])).ok).toBe(true)
    expect(problemOf(refOf('src'), Buffer.concat([altered(lock, {}), Buffer.from(`${padding} `)]))).toBe(
      'is larger than 64 KiB',
    )
    expect(problemOf(LOG_REF, Buffer.alloc(MAX_LONG_RECORD_BYTES + 1, '\n'))).toBe('is larger than 256 KiB')
  })

  test.each([
    ['[', ']'],
    ['{"a":', '}'],
  ])('is one whose "%s" go more than 32 levels deep, the record itself among them', (open, close) => {
    const nested = (levels: number) => {
      const value = `${open.repeat(levels)}0${close.repeat(levels)}`
      return Buffer.from(altered(lock, { extra: 0 }).toString().replace('"extra":0', `"extra":${value}`))
    }
    expect(decode(refOf('src'), nested(31)).ok).toBe(true)
    expect(problemOf(refOf('src'), nested(32))).toBe('is not a JSON object')
  })

  test.each([40, 1000, 30_000])('is one with %d objects in one another', (depth) => {
    const nested = `${'{"a":'.repeat(depth / 2)}${'['.repeat(depth / 2)}${']'.repeat(depth / 2)}${'}'.repeat(depth / 2)}`
    const text = altered(lock, { extra: 0 }).toString().replace('"extra":0', `"extra":${nested}`)
    expect(problemOf(refOf('src'), Buffer.from(text))).not.toBe('')
  })

  test.each(['"extra":0', '"why":"new error format – Ärger"', '"clone":"clone-1"'])(
    'is one with a field "__proto__" in the place of %s, and nothing gets a new prototype',
    (field) => {
      const text = altered(lock, { extra: 0 }).toString()
      expect(text).toContain(field)
      const poisoned = text.replace(field, `${field},"__proto__":{"polluted":true}`)
      expect(problemOf(refOf('src'), Buffer.from(poisoned))).not.toBe('')
      expect({}).not.toHaveProperty('polluted')
    },
  )

  test('is named by the line, in a log', () => {
    const line = (value: unknown) => bytesOf(value).toString()
    const good = line(sampleEvent())
    expect(problemOf(LOG_REF, Buffer.from(`${good}oops\n`))).toBe('line 2 is not a JSON object')
    expect(
      problemOf(LOG_REF, Buffer.from(`${good}\n${good}${line({ ...sampleEvent(), at: 'now' })}`)),
    ).toMatch(/^line 3 /)
  })
})

const isJsonObject = (value: unknown) => typeof value === 'object' && value !== null

describe('any bytes', () => {
  const sound = SAMPLES.map(([, record]) => encode(record, STAMP))
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.jsonValue().map((extra) => altered(sampleLock('src'), isJsonObject(extra) ? { ...extra } : { extra })),
    fc
      .tuple(fc.constantFrom(...sound), fc.nat(), fc.uint8Array({ maxLength: 4 }), fc.nat({ max: 6 }))
      .map(([record, at, put, cut]) => {
        const place = at % record.length
        return Buffer.concat([record.subarray(0, place), put, record.subarray(place + cut)])
      }),
  )

  test('are a record or a named problem, and never an exception', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SAMPLES.map(([ref]) => ref)), bytes, (ref, found) => {
        const decoded = decode(ref, found)
        if (decoded.ok) expect(decode(ref, encode(decoded.record, STAMP)).ok).toBe(true)
        else expect(decoded.problem).not.toBe('')
      }),
      { numRuns: 3000 },
    )
  })
})
