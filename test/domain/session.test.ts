import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LockName, lockName, parseKey } from '../../src/domain/key.ts'
import type { BlobId, Lock, Revocation, Session, SessionId } from '../../src/domain/record.ts'
import {
  absentSession,
  backTo,
  endedByOther,
  endedSession,
  endOf,
  expiredSession,
  heard,
  movedFence,
  revoke,
  startSession,
  uniteRevocations,
  withoutRevocationsOf,
  workingOn,
} from '../../src/domain/session.ts'
import { moments, OWNER, revocationLists, sessionWith, timestamp } from './arbitrary.ts'

const NOW = timestamp(Date.parse('2026-03-01T12:00:00.000Z'))
const EARLIER = timestamp(Date.parse('2026-03-01T11:00:00.000Z'))

const locksOf = (revocations: readonly Revocation[]) => revocations.map(({ lock }) => lock).sort()

function note(key: string, digit: number, at = EARLIER): Revocation {
  return { key, lock: String(digit).repeat(40) as BlobId, by: 'SESS-BBBBBBBBBB', at, why: 'steal' }
}

describe('united revocations', () => {
  test('are the same from either side', () => {
    fc.assert(
      fc.property(revocationLists, revocationLists, (a, b) => {
        expect(uniteRevocations(a, b)).toEqual(uniteRevocations(b, a))
      }),
      { numRuns: 1000 },
    )
  })

  test('are the same in whatever order three lists meet', () => {
    fc.assert(
      fc.property(revocationLists, revocationLists, revocationLists, (a, b, c) => {
        expect(uniteRevocations(uniteRevocations(a, b), c)).toEqual(
          uniteRevocations(a, uniteRevocations(b, c)),
        )
      }),
      { numRuns: 1000 },
    )
  })

  test('do not change when they are united with themselves or with nothing', () => {
    fc.assert(
      fc.property(revocationLists, revocationLists, (a, b) => {
        const united = uniteRevocations(a, b)
        expect(uniteRevocations(united, united)).toEqual(united)
        expect(uniteRevocations(united, [])).toEqual(united)
        expect(uniteRevocations(united, a)).toEqual(united)
      }),
    )
  })

  test('note every lock of both lists, each once, with the oldest note there is', () => {
    fc.assert(
      fc.property(revocationLists, revocationLists, (a, b) => {
        const united = uniteRevocations(a, b)
        expect(locksOf(united)).toEqual([...new Set(locksOf([...a, ...b]))])
        for (const kept of united) {
          const notes = [...a, ...b].filter(({ lock }) => lock === kept.lock)
          expect(notes).toContainEqual(kept)
          expect(notes.filter(({ at }) => at < kept.at)).toEqual([])
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('stand in the order of their times', () => {
    const later = note('src', 1, NOW)
    expect(uniteRevocations([later], [note('docs', 2)])).toEqual([note('docs', 2), later])
  })
})

describe('holding a key again', () => {
  const revoked = [
    note('src/a.ts', 1),
    note('src', 2),
    note('src-old', 3),
    note('task:app/T-1', 4),
    note('./task:x', 5),
  ]
  const left = (...held: string[]) => {
    const names = held.map((key) => lockName(parseKey(key)))
    return withoutRevocationsOf(sessionWith({ revoked }), names).revoked.map(({ key }) => key)
  }

  test('ends the revocations of that key and of what lies below it', () => {
    expect(left('src')).toEqual(['src-old', 'task:app/T-1', './task:x'])
    expect(left('SRC/A.TS')).toEqual(['src', 'src-old', 'task:app/T-1', './task:x'])
    expect(left('.')).toEqual(['task:app/T-1'])
    expect(left('project:app')).toEqual(['src/a.ts', 'src', 'src-old', './task:x'])
    expect(left('./task:x', 'task:app/T-1')).toEqual(['src/a.ts', 'src', 'src-old'])
  })

  test('leaves the revocations of all else', () => {
    expect(left()).toEqual(revoked.map(({ key }) => key))
    expect(left('src/a.ts/deeper', 'docs', 'project:other')).toEqual(revoked.map(({ key }) => key))
  })
})

const TASK = { kind: 'task', project: 'app', task: 'T-1' } as const

/** Everything that is done to a session's record, with the fence it must leave at least. */
const STEPS: readonly [
  name: string,
  moves: boolean,
  step: (session: Session, at: string, lost: Revocation[]) => Session,
][] = [
  ['heard', false, (session, at) => heard(session, at)],
  ['withoutRevocationsOf', false, (session) => withoutRevocationsOf(session, ['path' as LockName])],
  ['movedFence', true, (session, at) => movedFence(session, at)],
  ['revoke', true, (session, _at, lost) => revoke(session, lost)],
  ['endedSession', true, (session, at) => endedSession(session, at)],
  ['endedByOther', true, (session, at, lost) => endedByOther(session, 'bob@mill', at, lost)],
  ['expiredSession', true, (session, at, lost) => expiredSession(session, at, lost)],
  ['workingOn', false, (session) => workingOn(session, TASK)],
]

describe("a session's record", () => {
  const histories = fc.array(
    fc.record({ step: fc.integer({ min: 0, max: STEPS.length - 1 }), at: moments, lost: revocationLists }),
    { maxLength: 8 },
  )

  test('never takes back its fence or its activity, whatever is done to it', () => {
    fc.assert(
      fc.property(histories, (history) => {
        let session = sessionWith({})
        for (const { step, at, lost } of history) {
          const [name, moves, apply] = STEPS[step] ?? STEPS[0] ?? expect.unreachable()
          const next = apply(session, timestamp(at), lost)
          expect(next.fence - session.fence, name).toBe(moves ? 1 : 0)
          expect(next.lastActivity >= session.lastActivity, name).toBe(true)
          session = next
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('keeps fields that are not known here', () => {
    const session = { ...sessionWith({}), colour: 'blue' }
    for (const [name, , apply] of STEPS) {
      expect(apply(session, NOW, [note('src', 1)]), name).toMatchObject({ colour: 'blue' })
    }
  })

  test('starts active, with nothing lost', () => {
    const start = { id: 'SESS-1234567890' as SessionId, owner: OWNER, at: NOW, ttl: 60 }
    expect(startSession(start)).toEqual({
      kind: 'session',
      id: 'SESS-1234567890',
      status: 'active',
      owner: OWNER,
      createdAt: NOW,
      lastActivity: NOW,
      ttl: 60,
      fence: 0,
      revoked: [],
    })
    expect(startSession({ ...start, project: 'app' }).project).toBe('app')
  })

  test('that was heard from has the later of the two times', () => {
    const session = sessionWith({ lastActivity: EARLIER })
    expect(heard(session, NOW).lastActivity).toBe(NOW)
    expect(movedFence(session, NOW).lastActivity).toBe(NOW)
    expect(heard(heard(session, NOW), EARLIER).lastActivity >= NOW).toBe(true)
  })

  test('that was revoked by somebody else is as silent as before', () => {
    fc.assert(
      fc.property(revocationLists, revocationLists, moments, (before, lost, last) => {
        const session = sessionWith({ revoked: before, lastActivity: timestamp(last), fence: 7 })
        const after = revoke(session, lost)
        expect(after.lastActivity).toBe(session.lastActivity)
        expect(after.status).toBe('active')
        expect(locksOf(after.revoked)).toEqual([...new Set(locksOf([...before, ...lost]))])
      }),
    )
  })

  test('that its holder ended says so and notes no loss any more', () => {
    const session = sessionWith({ revoked: [note('src', 1)], lastActivity: EARLIER, fence: 3 })
    expect(endedSession(session, NOW)).toEqual({
      ...session,
      status: 'ended',
      lastActivity: NOW,
      fence: 4,
      revoked: [],
    })
  })

  test('that somebody else ended keeps what it lost and its silence, and names them', () => {
    const session = sessionWith({ revoked: [note('src', 1)], lastActivity: EARLIER, fence: 3 })
    expect(endedByOther(session, 'SESS-BBBBBBBBBB', NOW, [note('docs', 2)])).toEqual({
      ...session,
      status: 'ended',
      endedBy: 'SESS-BBBBBBBBBB',
      endedAt: NOW,
      fence: 4,
      revoked: [note('src', 1), note('docs', 2)],
    })
  })

  test('that expired keeps what it lost and its silence, and when that was noted', () => {
    const session = sessionWith({ revoked: [note('src', 1)], lastActivity: EARLIER, fence: 3 })
    expect(expiredSession(session, NOW, [note('docs', 2)])).toEqual({
      ...session,
      status: 'expired',
      endedAt: NOW,
      fence: 4,
      revoked: [note('src', 1), note('docs', 2)],
    })
  })

  test('was over at the latest time that it notes', () => {
    fc.assert(
      fc.property(moments, moments, revocationLists, (last, ended, revoked) => {
        const session = sessionWith({ lastActivity: timestamp(last), endedAt: timestamp(ended), revoked })
        const times = [last, ended, ...revoked.map(({ at }) => Date.parse(at))]
        for (const time of times) expect(endOf(session)).toBeGreaterThanOrEqual(time)
        expect(times).toContain(endOf(session))
      }),
    )
  })

  test('keeps its pull request for as long as it works on that task', () => {
    const worked = workingOn(sessionWith({ pr: 'https://example.com/1' }), TASK)
    expect(worked).toStrictEqual({ ...sessionWith({}), project: 'app', task: 'T-1' })
    const submitted = { ...worked, pr: 'https://example.com/1' }
    expect(workingOn(submitted, { ...TASK, task: 't-1' })).toStrictEqual({ ...submitted, task: 't-1' })
    expect(workingOn(submitted, { ...TASK, project: 'web' })).not.toHaveProperty('pr')
  })

  test('goes back to the project, task, worktree and losses that it had before, and to nothing else', () => {
    const worktree = { path: '/w', branch: 'feature/T-1', base: 'b'.repeat(40), createdAt: EARLIER }
    const plain = sessionWith({ fence: 3 })
    const working = sessionWith({ fence: 7, project: 'app', task: 'T-1', worktree, pr: 'https://e.org/1' })
    expect(backTo(working, plain)).toStrictEqual({ ...plain, fence: 7 })
    expect(backTo(plain, working)).toStrictEqual({ ...working, fence: 3 })
    const [first, second] = [note('src', 1), note('docs', 2)]
    const { revoked } = backTo(sessionWith({ revoked: [second] }), sessionWith({ revoked: [first] }))
    expect(revoked).toStrictEqual([first, second])
  })

  test('that was absent is made expired, with the loss noted and its owner named', () => {
    const lock: Lock = {
      kind: 'lock',
      id: 'L1',
      key: 'src',
      session: 'SESS-1234567890' as SessionId,
      owner: { ...OWNER, user: 'bob' },
      claim: 'C1',
      acquiredAt: EARLIER,
      ttl: 7200,
    }
    expect(absentSession(lock, NOW, 86_400, [note('src', 1, NOW)])).toEqual({
      kind: 'session',
      id: 'SESS-1234567890',
      status: 'expired',
      owner: { ...OWNER, user: 'bob' },
      createdAt: NOW,
      lastActivity: EARLIER,
      ttl: 86_400,
      fence: 1,
      revoked: [note('src', 1, NOW)],
    })
  })
})
