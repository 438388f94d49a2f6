import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mergeIntoEnded, mergeLogs, mergeSessions } from '../../src/domain/merge.ts'
import type { BlobId, LogEvent, Revocation, Session, SessionId } from '../../src/domain/record.ts'

const id = 'SESS-0000000001' as SessionId
const time = fc
  .integer({ min: 0, max: 1_000_000 })
  .map((seconds) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000).toISOString())

const revocation: fc.Arbitrary<Revocation> = fc.record({
  key: fc.constantFrom('src', 'docs', 'lib/a.ts'),
  lock: fc.integer({ min: 1, max: 12 }).map((n) => n.toString(16).padStart(40, '0') as BlobId),
  by: fc.constantFrom('SESS-0000000002', 'SESS-0000000003'),
  at: time,
  why: fc.constantFrom('expired', 'stolen: release day'),
})

const session: fc.Arbitrary<Session> = fc
  .record({
    status: fc.constantFrom('active' as const, 'expired' as const, 'ended' as const),
    lastActivity: time,
    ttl: fc.integer({ min: 1, max: 90_000 }),
    fence: fc.integer({ min: 0, max: 100 }),
    revoked: fc.uniqueArray(revocation, { selector: ({ lock }) => lock, maxLength: 5 }),
    task: fc.option(fc.constantFrom('T', 'U'), { nil: undefined }),
    pr: fc.option(fc.constantFrom('https://example.com/1'), { nil: undefined }),
  })
  .map(({ task, pr, ...rest }) => ({
    kind: 'session',
    id,
    owner: { user: 'ann', host: 'mill', clone: 'c1' },
    createdAt: '2026-01-01T00:00:00.000Z',
    ...rest,
    ...(task === undefined ? {} : { task }),
    ...(pr === undefined ? {} : { pr }),
  }))

const sides = fc.record({ base: fc.option(session, { nil: null }), local: session, remote: session })
const locksOf = (of: Session | null) => new Set((of?.revoked ?? []).map(({ lock }) => lock))

describe('two sides of a session', () => {
  test('merge to a fence above both', () => {
    fc.assert(
      fc.property(sides, (each) => {
        expect(mergeSessions(each).fence).toBe(Math.max(each.local.fence, each.remote.fence) + 1)
      }),
    )
  })

  test('merge to the latest activity, and to the end if either has ended', () => {
    fc.assert(
      fc.property(sides, (each) => {
        const merged = mergeSessions(each)
        const { local, remote } = each
        expect([local.lastActivity, remote.lastActivity].sort().at(-1)).toBe(merged.lastActivity)
        const isEnded = [local.status, remote.status].includes('ended')
        expect(merged.status === 'ended').toBe(isEnded)
      }),
    )
  })

  test('lose no revocation that is new on either side, and none that both have', () => {
    fc.assert(
      fc.property(sides, (each) => {
        const merged = locksOf(mergeSessions(each))
        const [base, local, remote] = [locksOf(each.base), locksOf(each.local), locksOf(each.remote)]
        for (const lock of [...local, ...remote]) {
          const isNew = !base.has(lock)
          if (isNew || (local.has(lock) && remote.has(lock))) expect(merged).toContain(lock)
        }
        for (const lock of merged) expect(local.has(lock) || remote.has(lock)).toBe(true)
      }),
    )
  })

  test('keep a field that one side alone has changed', () => {
    fc.assert(
      fc.property(session, session, fc.boolean(), (before, changed, isLocal) => {
        const other = { ...before, lastActivity: changed.lastActivity }
        const merged = mergeSessions({
          base: before,
          local: isLocal ? changed : other,
          remote: isLocal ? other : changed,
        })
        expect(merged.task).toBe(changed.task)
        expect(merged.pr).toBe(changed.pr)
        expect(merged.ttl).toBe(changed.ttl)
      }),
    )
  })

  test('keep fields that this version does not know', () => {
    fc.assert(
      fc.property(sides, ({ base, local, remote }) => {
        const newer: Session = { ...remote, ...{ mood: 'good' } }
        expect(mergeSessions({ base, local, remote: newer })).toMatchObject({ mood: 'good' })
      }),
    )
  })

  test('come to one revocation list, whichever side is called local', () => {
    fc.assert(
      fc.property(sides, ({ base, local, remote }) => {
        const one = mergeSessions({ base, local, remote })
        const two = mergeSessions({ base, local: remote, remote: local })
        expect(one.revoked).toStrictEqual(two.revoked)
      }),
    )
  })
})

test('an ended session takes over what was noted on the live one since', () => {
  fc.assert(
    fc.property(session, session, fc.option(session, { nil: null }), (ended, live, base) => {
      const merged = mergeIntoEnded(ended, live, base)
      expect(merged.fence).toBeGreaterThan(Math.max(ended.fence, live.fence))
      const known = locksOf(base)
      for (const lock of locksOf(live)) if (!known.has(lock)) expect(locksOf(merged)).toContain(lock)
      for (const lock of locksOf(ended)) expect(locksOf(merged)).toContain(lock)
    }),
  )
})

describe('two logs', () => {
  // as they are read from JSON: two that are alike are so in all
  const event: fc.Arbitrary<LogEvent> = fc.record(
    {
      at: time,
      event: fc.constantFrom('claim' as const, 'release' as const),
      session: fc.constant(id),
      keys: fc.array(fc.constantFrom('src', 'docs'), { maxLength: 2 }),
    },
    { noNullPrototype: true },
  )
  const log = fc.uniqueArray(event, { selector: (each) => JSON.stringify(each), maxLength: 20 })

  test('unite to all events, each once, by time, whichever side comes first', () => {
    fc.assert(
      fc.property(log, log, (a, b) => {
        const merged = mergeLogs(a, b, 1000)
        expect(merged).toStrictEqual(mergeLogs(b, a, 1000))
        const texts = merged.map((each) => JSON.stringify(each))
        expect(new Set(texts).size).toBe(texts.length)
        expect(new Set(texts)).toStrictEqual(new Set([...a, ...b].map((each) => JSON.stringify(each))))
        expect(merged.map(({ at }) => at)).toStrictEqual(merged.map(({ at }) => at).sort())
      }),
    )
  })

  test('keep the latest when there are too many', () => {
    fc.assert(
      fc.property(log, log, fc.integer({ min: 1, max: 10 }), (a, b, most) => {
        expect(mergeLogs(a, b, most)).toStrictEqual(mergeLogs(a, b, 1000).slice(-most))
      }),
    )
  })
})
