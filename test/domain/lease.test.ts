import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  heartbeatDue,
  isSilent,
  leaseEnd,
  lockState,
  type Observation,
  observe,
  sessionState,
  type Vantage,
} from '../../src/domain/lease.ts'
import type { BlobId, Lock, Session, Versioned } from '../../src/domain/record.ts'
import { heard } from '../../src/domain/session.ts'
import { moments, OWNER, sessionWith, timestamp, ttls } from './arbitrary.ts'

const HOUR = 3600
const OID = 'a'.repeat(40) as BlobId
const START = Date.parse('2026-03-01T12:00:00.000Z')

/** By how much a clock may be wrong, in milliseconds, before the rule makes no promise. */
const tolerance = (ttl: number) => Math.max(ttl, HOUR) * 1000

function lockOf(session: Session, ttl: number, oid = OID): Versioned<Lock> {
  const { id, owner, createdAt } = session
  const record: Lock = {
    kind: 'lock',
    id: 'L1',
    key: 'src',
    session: id,
    owner,
    claim: 'C1',
    acquiredAt: createdAt,
    ttl,
  }
  return { oid, record }
}

/** A session that a clone of its own renews, so that only its silence speaks. */
const elsewhere = (lastActivity: number, fields: Partial<Session> = {}) =>
  sessionWith({
    owner: { ...OWNER, clone: 'another-clone' },
    lastActivity: timestamp(lastActivity),
    ...fields,
  })

const here = (lastActivity: number, fields: Partial<Session> = {}) =>
  sessionWith({ lastActivity: timestamp(lastActivity), ...fields })

function vantage(now: number, ...observed: readonly [Session, Observation][]): Vantage {
  const entries = observed.map(([session, observation]) => [session.id, observation] as const)
  return { clone: OWNER.clone, now, observed: new Map(entries) }
}

const stateAt = (session: Session, ttl: number, from: Vantage) =>
  lockState(lockOf(session, ttl), session, from)

describe('a session of this clone', () => {
  test('holds its lock up to the ttl after its last activity, by the wall clock, and not a millisecond more', () => {
    fc.assert(
      fc.property(moments, ttls, (last, ttl) => {
        const session = here(last)
        expect(stateAt(session, ttl, vantage(last + ttl * 1000))).toBe('live')
        expect(stateAt(session, ttl, vantage(last + ttl * 1000 + 1))).toBe('expired')
      }),
    )
  })

  test('was silent while its machine slept, however short a time it was watched', () => {
    const session = here(START)
    const woken = START + 8 * HOUR * 1000
    const observation = { lastActivity: session.lastActivity, since: woken - 1 }
    expect(stateAt(session, 2 * HOUR, vantage(woken, [session, observation]))).toBe('expired')
  })
})

describe('a session of another clone', () => {
  test('that was not watched gets max(ttl, 1h) more than its record says', () => {
    expect(leaseEnd(elsewhere(START), 60, vantage(START))).toBe(START + (60 + HOUR) * 1000)
    expect(leaseEnd(elsewhere(START), 5 * HOUR, vantage(START))).toBe(START + 10 * HOUR * 1000)
  })

  test('that was watched too short a time has expired when its record says so', () => {
    const session = elsewhere(START)
    const end = START + (60 + HOUR) * 1000
    const observation = { lastActivity: session.lastActivity, since: end - 30_000 }
    expect(stateAt(session, 60, vantage(end, [session, observation]))).toBe('live')
    expect(stateAt(session, 60, vantage(end + 1, [session, observation]))).toBe('expired')
  })

  test('has expired once it was watched for longer than the ttl, whatever clock its record was written by', () => {
    fc.assert(
      fc.property(moments, moments, ttls, fc.integer({ min: 1, max: 1e9 }), (last, since, ttl, more) => {
        const session = elsewhere(last)
        const observation = { lastActivity: session.lastActivity, since }
        const now = since + ttl * 1000 + more
        expect(stateAt(session, ttl, vantage(now, [session, observation]))).toBe('expired')
      }),
    )
  })

  test('loses nothing to a clock that is wrong by up to max(ttl, 1h), if it was heard from in time', () => {
    const cases = ttls.chain((ttl) =>
      fc.record({
        ttl: fc.constant(ttl),
        written: moments,
        wrong: fc.integer({ min: -tolerance(ttl), max: tolerance(ttl) }),
        silent: fc.integer({ min: 0, max: ttl * 1000 }),
        watched: fc.option(fc.integer({ min: 0, max: ttl * 1000 }), { nil: undefined }),
      }),
    )
    fc.assert(
      fc.property(cases, ({ ttl, written, wrong, silent, watched }) => {
        const session = elsewhere(written + wrong)
        const now = written + silent
        const observation = {
          lastActivity: session.lastActivity,
          since: now - Math.min(watched ?? 0, silent),
        }
        const from = watched === undefined ? vantage(now) : vantage(now, [session, observation])
        expect(stateAt(session, ttl, from)).toBe('live')
      }),
      { numRuns: 2000 },
    )
  })

  test('is not judged by what was observed before it was heard from again', () => {
    const session = elsewhere(START)
    const old: Observation = { lastActivity: timestamp(START - HOUR * 1000), since: START - 10 * HOUR * 1000 }
    expect(stateAt(session, 60, vantage(START + 61_000, [session, old]))).toBe('live')
  })
})

/** A heartbeat after so many milliseconds, by a clock that is wrong by so many then. */
interface Beat {
  readonly after: number
  readonly wrong: number
}

/** Beats that come in time, each followed by looks of another clone: fractions of the time to the next. */
function timelines(clock: (ttl: number) => fc.Arbitrary<readonly number[]>) {
  return ttls.chain((ttl) =>
    fc.record({
      ttl: fc.constant(ttl),
      beats: fc
        .tuple(fc.array(fc.integer({ min: 1, max: ttl * 1000 }), { minLength: 2, maxLength: 8 }), clock(ttl))
        .map(([pauses, wrongs]) =>
          pauses.map((after, at): Beat => ({ after, wrong: wrongs[at % wrongs.length] ?? 0 })),
        ),
      looks: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
    }),
  )
}

/** Every state in which another clone, whose clock is right, sees the lock while its session beats in time. */
function statesSeen({
  ttl,
  beats,
  looks,
}: {
  ttl: number
  beats: readonly Beat[]
  looks: readonly number[]
}): string[] {
  let session = elsewhere(START + (beats[0]?.wrong ?? 0))
  let observation: Observation | undefined
  let now = START
  const seen: string[] = []
  for (const { after, wrong } of beats) {
    for (const look of [...looks, 1].sort((a, b) => a - b)) {
      const then = now + Math.floor(look * after)
      observation = observe(session, observation, then)
      seen.push(stateAt(session, ttl, vantage(then, [session, observation])))
    }
    now += after
    session = heard(session, timestamp(now + wrong))
  }
  return seen
}

describe('a session that beats in time and is watched from another clone', () => {
  test('never expires, though its clock is wrong by up to max(ttl, 1h)', () => {
    const steadyClock = (ttl: number) =>
      fc.integer({ min: -tolerance(ttl), max: tolerance(ttl) }).map((wrong) => [wrong])
    fc.assert(
      fc.property(timelines(steadyClock), (timeline) => {
        expect(new Set(statesSeen(timeline))).toEqual(new Set(['live']))
      }),
      { numRuns: 500 },
    )
  })

  test('never expires, though its clock is set back meanwhile', () => {
    const steppedClock = (ttl: number) =>
      fc.array(fc.integer({ min: -tolerance(ttl), max: tolerance(ttl) }), { minLength: 2, maxLength: 8 })
    fc.assert(
      fc.property(timelines(steppedClock), (timeline) => {
        expect(new Set(statesSeen(timeline))).toEqual(new Set(['live']))
      }),
      { numRuns: 500 },
    )
  })
})

describe('an observation', () => {
  const session = elsewhere(START)

  test('keeps its start while the activity stays the same', () => {
    const first = observe(session, undefined, START)
    expect(first).toEqual({ lastActivity: session.lastActivity, since: START })
    expect(observe(session, first, START + 5000)).toBe(first)
  })

  test('starts anew when the activity changed, in either direction', () => {
    const first = observe(session, undefined, START)
    for (const step of [-1, 1]) {
      const changed = elsewhere(START + step)
      expect(observe(changed, first, START + 5000)).toEqual({
        lastActivity: changed.lastActivity,
        since: START + 5000,
      })
    }
  })

  test('starts anew when this clock was set back to before its start', () => {
    const first = observe(session, undefined, START)
    expect(observe(session, first, START - 1).since).toBe(START - 1)
  })
})

describe('a lock', () => {
  const from = vantage(START)

  test('of a session without a record has expired', () => {
    expect(lockState(lockOf(here(START), HOUR), undefined, from)).toBe('expired')
  })

  test.each(['ended', 'expired'] as const)('of a session that is %s has expired', (status) => {
    expect(stateAt(here(START, { status }), HOUR, from)).toBe('expired')
  })

  test('that its session lost is void, be the session alive, silent or ended', () => {
    const revoked = [{ key: 'src', lock: OID, by: 'SESS-BBBBBBBBBB', at: timestamp(START), why: 'steal' }]
    for (const session of [
      here(START, { revoked }),
      here(START - 9 * HOUR * 1000, { revoked }),
      here(START, { revoked, status: 'ended' }),
    ]) {
      expect(stateAt(session, HOUR, from)).toBe('void')
      const another = lockOf(session, HOUR, 'b'.repeat(40) as BlobId)
      expect(lockState(another, session, from)).not.toBe('void')
    }
  })

  test('lasts as long as its own ttl says, not its session', () => {
    const session = here(START, { ttl: 10 })
    const later = vantage(START + 60_000)
    expect(stateAt(session, 60, later)).toBe('live')
    expect(stateAt(session, 59, later)).toBe('expired')
  })
})

describe("a session's state", () => {
  test('is active for its own ttl or its longest lock, whichever is more', () => {
    fc.assert(
      fc.property(moments, ttls, fc.array(ttls, { maxLength: 4 }), (last, ttl, lockTtls) => {
        const session = here(last, { ttl })
        const longest = [...lockTtls, ttl].reduce((a, b) => (a > b ? a : b))
        expect(sessionState(session, lockTtls, vantage(last + longest * 1000))).toBe('active')
        expect(sessionState(session, lockTtls, vantage(last + longest * 1000 + 1))).toBe('expired')
      }),
    )
  })

  test.each(['ended', 'expired'] as const)('stays %s, however lately it was heard from', (status) => {
    expect(sessionState(here(START, { status }), [HOUR], vantage(START))).toBe(status)
  })

  test('is silent only after the ttl that is asked for', () => {
    const session = here(START)
    expect(isSilent(session, 60, vantage(START + 60_000))).toBe(false)
    expect(isSilent(session, 60, vantage(START + 60_001))).toBe(true)
  })
})

describe('a heartbeat', () => {
  test('is due after the interval or a quarter of the shortest ttl, whichever is less', () => {
    fc.assert(
      fc.property(ttls, ttls, fc.array(ttls, { maxLength: 4 }), (interval, ttl, lockTtls) => {
        const due = heartbeatDue(interval, here(START, { ttl }), lockTtls)
        const bounds = [interval, ...[ttl, ...lockTtls].map((each) => each / 4)]
        expect(bounds).toContain(due)
        expect(bounds.filter((bound) => bound < due)).toEqual([])
      }),
    )
    expect(heartbeatDue(900, here(START, { ttl: 86_400 }), [7200])).toBe(900)
    expect(heartbeatDue(900, here(START, { ttl: 86_400 }), [7200, 60])).toBe(15)
    expect(heartbeatDue(900, here(START, { ttl: 40 }), [])).toBe(10)
  })
})
