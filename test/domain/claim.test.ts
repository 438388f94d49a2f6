import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideClaim, type Holding, mineAndGood } from '../../src/domain/claim.ts'
import { formatKey, isAbove, type Key, lockName, onOneLine, parseKey } from '../../src/domain/key.ts'
import type { LockState } from '../../src/domain/lease.ts'
import type { BlobId, SessionId } from '../../src/domain/record.ts'
import { OWNER, sessionWith, timestamp } from './arbitrary.ts'

const ME = 'SESS-MEMEMEMEME' as SessionId
const OTHERS = ['SESS-BBBBBBBBBB', 'SESS-CCCCCCCCCC'] as const

/** A small tree of keys, as they are printed, so that random ones are often on one line. */
const TREE = [
  ...['.', 'a', 'a/b', 'a/b/c', 'a/b/d', 'a/e', 'a.b', 'a.b/c', 'a-b', 'f', 'f/g'],
  ...['project:p', 'task:p/1', 'task:p/2', 'project:q', 'task:q/1'],
]

/** The keys of the tree that lie under one, itself included; told from the text, not from lock names. */
function under(text: string): string[] {
  const project = /^project:(.*)$/.exec(text)?.[1]
  return TREE.filter((other) => {
    if (other === text) return true
    if (project !== undefined) return other.startsWith(`task:${project}/`)
    if (text === '.') return !/^(?:task|project):/.test(other)
    return !text.startsWith('task:') && other.startsWith(`${text}/`)
  })
}

const covers = (upper: string, lower: string) => under(upper).includes(lower)
const sameLine = (a: string, b: string) => covers(a, b) || covers(b, a)

/** Picks keys none of which lies under another, as git's refs and a claim's own keys are. */
const spreadKeys = fc.shuffledSubarray(TREE).map((texts) => {
  const kept: string[] = []
  for (const text of texts) if (!kept.some((other) => sameLine(text, other))) kept.push(text)
  return kept
})

function holdingOf(text: string, session: string, state: LockState, at = 0): Holding {
  const id = session as SessionId
  const key = parseKey(text)
  const record = {
    kind: 'lock' as const,
    id: `L${at}`,
    key: text,
    session: id,
    owner: OWNER,
    claim: 'C1',
    acquiredAt: timestamp(0),
    ttl: 60,
  }
  const oid = at.toString(16).padStart(40, '0') as BlobId
  return { name: lockName(key), key, oid, record, session: sessionWith({ id }), state }
}

const situations = fc.record({
  holdings: spreadKeys.chain((texts) =>
    fc.tuple(
      ...texts.map((text, at) =>
        fc
          .tuple(fc.constantFrom(ME, ...OTHERS), fc.constantFrom<LockState>('live', 'expired', 'void'))
          .map(([session, state]) => holdingOf(text, session, state, at)),
      ),
    ),
  ),
  keys: fc.tuple(spreadKeys, fc.integer({ min: 1, max: 4 })).map(([texts, most]) => texts.slice(0, most)),
  victim: fc.constantFrom(undefined, ...OTHERS),
})

type Situation = typeof situations extends fc.Arbitrary<infer S> ? S : never

function decide({ holdings, keys, victim }: Situation) {
  return decideClaim({
    keys: keys.map(parseKey),
    me: ME,
    mayTake: (live) => live.record.session === victim,
    holdings: holdings.filter(({ name }) => keys.some((text) => onOneLine(name, lockName(parseKey(text))))),
  })
}

const textOf = (key: Key) => formatKey(key)
const sorted = (texts: readonly string[]) => [...texts].sort()
const isMine = (holding: Holding) => holding.record.session === ME && holding.state !== 'void'
const isForbidden = (holding: Holding, victim: string | undefined) =>
  holding.state === 'live' && holding.record.session !== ME && holding.record.session !== victim

describe('a claim', () => {
  test('is refused exactly when a live lock of another stands on the line of a key that is not mine yet', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { holdings, keys, victim } = situation
        const wanted = keys.filter(
          (text) => !holdings.some((holding) => isMine(holding) && covers(holding.record.key, text)),
        )
        const inTheWay = holdings.filter(
          (holding) =>
            isForbidden(holding, victim) && wanted.some((text) => sameLine(holding.record.key, text)),
        )
        const decision = decide(situation)
        expect(decision.answer).toBe(inTheWay.length > 0 ? 'refused' : 'granted')
        if (decision.answer === 'granted') return
        expect(sorted(decision.holders.map(({ record }) => record.key))).toEqual(
          sorted(inTheWay.map(({ record }) => record.key)),
        )
      }),
      { numRuns: 3000 },
    )
  })

  test('that is granted takes every key, or has it already under a good lock of mine', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const decision = decide(situation)
        if (decision.answer === 'refused') return
        const { already, take } = decision
        expect(sorted([...already, ...take].map(({ key }) => textOf(key)))).toEqual(sorted(situation.keys))
        for (const { key, by } of already) {
          expect(isMine(by)).toBe(true)
          expect(covers(by.record.key, textOf(key))).toBe(true)
        }
        for (const { key, name, replaces } of take) {
          expect(name).toBe(lockName(key))
          expect(replaces).toBe(situation.holdings.find((holding) => holding.name === name))
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('that is granted leaves each key with one lock of mine and the tree without two on one line', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const { holdings, keys, victim } = situation
        const decision = decide(situation)
        if (decision.answer === 'refused') return
        const gone = new Set([...decision.clear, ...decision.take.flatMap(({ replaces }) => replaces ?? [])])
        expect([...gone].filter((holding) => isForbidden(holding, victim))).toEqual([])
        const left = holdings.filter((holding) => !gone.has(holding))
        const mine = [
          ...left.filter(isMine).map(({ record }) => record.key),
          ...decision.take.map(({ key }) => textOf(key)),
        ]
        for (const text of keys) expect(mine.filter((held) => covers(held, text))).toHaveLength(1)
        const all = [...left.map(({ name }) => name), ...decision.take.map(({ name }) => name)]
        expect(all.filter((name) => all.some((other) => isAbove(other, name)))).toEqual([])
        expect(new Set(all).size).toBe(all.length)
      }),
      { numRuns: 3000 },
    )
  })

  test('clears nothing beside the lines of the keys that it takes, and nothing at their own places', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const decision = decide(situation)
        if (decision.answer === 'refused') return
        const { clear, take } = decision
        expect(new Set(clear).size).toBe(clear.length)
        for (const { name } of clear) {
          expect(take.some((taken) => taken.name !== name && onOneLine(taken.name, name))).toBe(true)
          expect(take.some((taken) => taken.name === name)).toBe(false)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('asks whether a lock may be taken only of live locks of others', () => {
    fc.assert(
      fc.property(situations, ({ holdings, keys }) => {
        const asked: Holding[] = []
        const mayTake = (live: Holding) => asked.push(live) > 0
        const answer = decideClaim({ keys: keys.map(parseKey), me: ME, mayTake, holdings }).answer
        expect(answer).toBe('granted')
        expect(asked.filter((holding) => !isForbidden(holding, undefined))).toEqual([])
      }),
    )
  })

  const claim = (texts: readonly string[], holdings: readonly Holding[]) =>
    decideClaim({ keys: texts.map(parseKey), me: ME, mayTake: () => false, holdings })

  test('of a directory above locks of mine clears them first', () => {
    const mine = [holdingOf('a/b', ME, 'live', 1), holdingOf('a/e', ME, 'expired', 2)]
    expect(claim(['a'], mine)).toEqual({
      answer: 'granted',
      already: [],
      take: [{ key: parseKey('a'), name: lockName(parseKey('a')) }],
      clear: mine,
    })
  })

  test('of a key in a directory that I hold is mine already, even when my lease ran out', () => {
    for (const state of ['live', 'expired'] as const) {
      const by = holdingOf('a', ME, state)
      expect(claim(['a/b/c'], [by])).toEqual({
        answer: 'granted',
        already: [{ key: parseKey('a/b/c'), by }],
        take: [],
        clear: [],
      })
    }
  })

  test('takes the place of a lock of mine that was revoked', () => {
    const lost = holdingOf('a', ME, 'void')
    expect(mineAndGood(lost, ME)).toBe(false)
    expect(claim(['a'], [lost])).toMatchObject({ already: [], take: [{ replaces: lost }], clear: [] })
  })

  test('names each holder once, however many of its keys they block', () => {
    const holder = holdingOf('a', OTHERS[0], 'live')
    expect(claim(['a/b', 'a/e'], [holder])).toEqual({ answer: 'refused', holders: [holder] })
  })

  test('names the holders of all its keys', () => {
    const holders = [holdingOf('a', OTHERS[0], 'live', 1), holdingOf('task:p/1', OTHERS[1], 'live', 2)]
    expect(claim(['a/b', 'project:p', 'f'], holders)).toEqual({ answer: 'refused', holders })
  })
})
