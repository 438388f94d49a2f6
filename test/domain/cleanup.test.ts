import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Holding } from '../../src/domain/claim.ts'
import { isForgettable, judge } from '../../src/domain/cleanup.ts'
import { lockName, parseKey } from '../../src/domain/key.ts'
import { lockState, type Vantage } from '../../src/domain/lease.ts'
import type { BlobId, Lock, Session } from '../../src/domain/record.ts'
import { endOf } from '../../src/domain/session.ts'
import { moments, OWNER, revocationLists, sessionWith, timestamp, ttls } from './arbitrary.ts'

const oid = (at: number) => String(at % 10).repeat(40) as BlobId

function holdingsOf(session: Session, ttlsOfLocks: readonly number[], vantage: Vantage): Holding[] {
  return ttlsOfLocks.map((ttl, at): Holding => {
    const key = parseKey(`src/${at}`)
    const record: Lock = {
      ...{ kind: 'lock', id: `L${at}`, key: `src/${at}`, session: session.id, owner: session.owner },
      ...{ claim: 'C1', acquiredAt: session.createdAt, ttl },
    }
    const state = lockState({ oid: oid(at), record }, session, vantage)
    return { name: lockName(key), key, oid: oid(at), record, session, state }
  })
}

/** A session of this clone or another one, seen some time after its last activity, and what it holds. */
const stays = fc
  .record({
    status: fc.constantFrom('active', 'ended', 'expired'),
    clone: fc.constantFrom(OWNER.clone, 'another'),
    created: moments,
    silence: fc.integer({ min: -3600, max: 6 * 86_400 }),
    ttl: ttls,
    locks: fc.array(ttls, { maxLength: 4 }),
    revoked: revocationLists,
  })
  .map(({ status, clone, created, silence, ttl, locks, revoked }) => {
    const [createdAt, lastActivity] = [timestamp(created), timestamp(created)]
    const owner = { ...OWNER, clone }
    const session = sessionWith({
      status: status as Session['status'],
      owner,
      createdAt,
      lastActivity,
      ttl,
      revoked,
    })
    const vantage: Vantage = { clone: OWNER.clone, now: created + silence * 1000, observed: new Map() }
    const ended = status === 'ended'
    return { stay: { session, ended, locks: holdingsOf(session, locks, vantage) }, vantage }
  })

describe('a clean-up', () => {
  test('never drops a live lock, and leaves no other of a session that is not its own', () => {
    fc.assert(
      fc.property(stays, ({ stay, vantage }) => {
        const { drop } = judge(stay, null, vantage)
        expect(drop).toEqual(stay.locks.filter(({ state }) => state !== 'live'))
      }),
    )
  })

  test('never expires a session that has a live lock, or that has ended', () => {
    fc.assert(
      fc.property(stays, ({ stay, vantage }) => {
        const { expires, drop } = judge(stay, null, vantage)
        if (stay.ended) expect(expires).toBe(false)
        if (expires) expect(drop).toHaveLength(stay.locks.length)
      }),
    )
  })

  test('expires a session of this clone after its ttl, or that of its longest lock, and no sooner', () => {
    fc.assert(
      fc.property(stays, ({ stay, vantage }) => {
        const { session, locks, ended } = stay
        fc.pre(!ended && session.status === 'active' && session.owner.clone === OWNER.clone)
        const longest = Math.max(session.ttl, ...locks.map(({ record }) => record.ttl))
        const silence = vantage.now - Date.parse(session.lastActivity)
        expect(judge(stay, null, vantage).expires).toBe(silence > longest * 1000)
      }),
    )
  })

  test('keeps all that is its own, but for what was taken already', () => {
    fc.assert(
      fc.property(stays, ({ stay, vantage }) => {
        const { expires, drop } = judge(stay, stay.session.id, vantage)
        expect(expires).toBe(false)
        expect(drop).toEqual(stay.locks.filter(({ state }) => state === 'void'))
      }),
    )
  })
})

test('only what has ended, holds nothing and is that old is forgotten', () => {
  fc.assert(
    fc.property(stays, fc.integer({ min: 1, max: 90 * 86_400 }), ({ stay, vantage }, retention) => {
      const old = vantage.now - endOf(stay.session) > retention * 1000
      const free = stay.ended && stay.locks.length === 0
      expect(isForgettable(stay, retention, vantage.now)).toBe(free && old)
    }),
  )
})
