import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lockName, parseKey } from '../../src/domain/key.ts'
import { leaseEnd, lockState } from '../../src/domain/lease.ts'
import { planMigration } from '../../src/domain/migration/make-plan.ts'
import type { OldLock, OldSession, OldState } from '../../src/domain/migration/old-state.ts'
import type { Here, ListedWorktree, Plan } from '../../src/domain/migration/plan.ts'
import { idKey } from '../../src/domain/migration/unite-sessions.ts'
import type { BlobId, SessionId } from '../../src/domain/record.ts'
import { decode, encode } from '../../src/store/codec.ts'
import { activeRef, endedRef, lockRef, logRef, projectRef, refsCollide } from '../../src/store/ref-names.ts'
import { minutes, HERE as NOTHING_HERE, NOW } from './migration-here.ts'

const WORKTREE: ListedWorktree = {
  ...{ path: '/trees/a', branch: 'feature/a', gitDir: '/repo/.git/worktrees/a' },
  ...{ main: false, missing: false, stamped: false },
}

const HERE: Here = { ...NOTHING_HERE, worktrees: new Map([['/trees/a', WORKTREE]]) }

const EMPTY: OldState = {
  ...{ v1: [], registry: [], files: [], locks: [], projects: [], events: [], problems: [] },
  states: { registry: 'read', locks: 'read', projects: 'read' },
}

const id = fc.constantFrom(
  'SESS-1',
  'SESS-2',
  'sess-1'.toUpperCase(),
  'SESS-a',
  'SESS-A',
) as fc.Arbitrary<SessionId>
const task = fc.constantFrom(null, 'login', 'LOGIN', 'a/b', '-x')
const project = fc.constantFrom(
  null,
  { id: 'PROJ-1', name: 'shop', path: '/repo/shop' },
  { id: 'PROJ-2', name: 'other', path: '/other' },
  { id: 'PROJ-3', name: 'unknown', path: null },
)

function session(file: string): fc.Arbitrary<OldSession> {
  return fc
    .record({
      file: fc.constant(file),
      id,
      project,
      task,
      worktree: fc.constantFrom(null, { path: '/trees/a', branch: null, createdAt: null }),
      pr: fc.constantFrom(null, 'https://example.com/1'),
      locks: fc.subarray(['LOCK-1', 'LOCK-9']),
      status: fc.constantFrom('active', 'ended'),
      createdAt: fc.constant(minutes(-100)),
      lastActivity: fc.integer({ min: -3000, max: 0 }).map(minutes),
    })
    .map((each) => ({ ...each, entry: each.id }))
}

const lock: fc.Arbitrary<OldLock> = fc
  .record({
    file: fc.constant('locks.json'),
    id: fc.constantFrom('LOCK-1', 'LOCK-2', 'LOCK-3', 'LOCK-4'),
    projectId: fc.constantFrom('PROJ-1', 'PROJ-2', 'PROJ-7', 'repo', null),
    taskId: fc.constantFrom('login', 'Login', 'pay', 'a/b', null),
    ownerId: fc.constantFrom('SESS-1', 'SESS-2', 'SESS-a', 'SESS-gone'),
    acquiredAt: fc.integer({ min: -200, max: 0 }).map(minutes),
    expiresAt: fc
      .integer({ min: -300, max: 6000 })
      .map((at) => new Date(NOW + at * 60_000 + 1).toISOString()),
    status: fc.constantFrom('active', 'active', 'expired', 'released'),
  })
  .map((each) => ({ ...each, entry: each.id }))

const anyState: fc.Arbitrary<OldState> = fc.record({
  v1: fc.array(session('active.json'), { maxLength: 1 }),
  registry: fc.array(session('sessions.json'), { maxLength: 4 }),
  files: fc.array(
    session('').map((each) => ({ ...each, file: `sessions/${each.id}.json` })),
    { maxLength: 4 },
  ),
  locks: fc.array(lock, { maxLength: 5 }),
  projects: fc.subarray([
    { file: 'registry/projects.json', entry: 'PROJ-1', id: 'PROJ-1', name: 'shop', path: '/repo/shop' },
    { file: 'registry/projects.json', entry: 'PROJ-2', id: 'PROJ-2', name: 'other', path: '/other' },
    { file: 'registry/projects.json', entry: 'PROJ-1', id: 'PROJ-1', name: 'again', path: '/repo' },
    { file: 'registry/projects.json', entry: 'repo', id: 'repo', name: 'SHOP', path: '/repo' },
  ]),
  events: fc.array(
    fc.record({
      file: fc.constant('audit.log'),
      entry: fc.constant('line 1'),
      at: fc.integer({ min: -200, max: 0 }).map(minutes),
      event: fc.constantFrom('start', 'lock'),
      session: fc.constantFrom('SESS-1', 'SESS-gone', null),
      data: fc.constantFrom(null, '{"a":1}'),
    }),
    { maxLength: 4 },
  ),
  problems: fc.constant([]),
  states: fc.record({
    registry: fc.constantFrom('read', 'absent'),
    locks: fc.constant('read'),
    projects: fc.constantFrom('read', 'absent'),
  }),
})

/** Each record of a plan with the ref that it is to have. */
function recordsOf(plan: Plan) {
  return [
    ...plan.sessions.map((to) => ({ ref: (to.status === 'active' ? activeRef : endedRef)(to.id), to })),
    ...plan.locks.map((to) => ({ ref: lockRef(lockName(parseKey(to.key))), to })),
    ...plan.projects.map((to) => ({ ref: projectRef(to.name), to })),
    ...plan.logs.map(({ session: of, events }) => ({
      ref: logRef(of),
      to: { kind: 'log' as const, events },
    })),
  ]
}

describe('a plan of whatever old files say', () => {
  test('accounts for every session and every lock', () => {
    fc.assert(
      fc.property(anyState, (old) => {
        const plan = planMigration(old, HERE)
        const told = new Set([
          ...plan.sessions.map((each) => idKey(each.id)),
          ...plan.problems.map(({ entry }) => idKey(entry)),
          ...plan.elsewhere.flatMap(({ sessions }) => sessions.map(idKey)),
          ...plan.items.map(({ name }) => idKey(name)),
        ])
        for (const each of [...old.v1, ...old.registry, ...old.files]) expect(told).toContain(idKey(each.id))
        const elsewhere = plan.elsewhere.flatMap(({ locks }) => locks)
        for (const each of old.locks) {
          const isTold =
            plan.locks.some((lock_) => lock_.id === each.id) ||
            told.has(idKey(each.id)) ||
            elsewhere.includes(each.taskId === null ? 'project:other' : `task:other/${each.taskId}`) ||
            plan.items.some(({ name }) => name.endsWith(`/${each.taskId}`))
          expect(isTold, each.id).toBe(true)
        }
      }),
    )
  })

  test('makes records that can be read, each at a place of its own, and locks of sessions that live', () => {
    fc.assert(
      fc.property(anyState, (old) => {
        const plan = planMigration(old, HERE)
        const records = recordsOf(plan)
        for (const { ref, to } of records) {
          expect(decode(ref, encode(to, { rev: 1, nonce: 'n' })), ref).toMatchObject({ ok: true })
        }
        const clashes = records.filter(({ ref }, at) =>
          records.slice(at + 1).some((other) => refsCollide(ref, other.ref)),
        )
        expect(clashes).toStrictEqual([])
        const live = new Set(plan.sessions.filter(({ status }) => status === 'active').map((each) => each.id))
        for (const each of plan.locks) expect(live).toContain(each.session)
        for (const each of plan.adoptions) expect(plan.sessions.map((own) => own.id)).toContain(each.session)
      }),
    )
  })

  test('lets each lock end when it would have ended, to the second', () => {
    const vantage = { clone: 'clone', now: NOW, observed: new Map() }
    fc.assert(
      fc.property(anyState, (old) => {
        const plan = planMigration(old, HERE)
        for (const each of plan.locks) {
          const own = plan.sessions.find((session_) => session_.id === each.session)
          if (own === undefined) throw new Error('a lock without its session')
          const end = Date.parse(old.locks.find((lock_) => lock_.id === each.id)?.expiresAt ?? '')
          const late = leaseEnd(own, each.ttl, vantage) - end
          expect(late).toBeGreaterThanOrEqual(0)
          expect(late).toBeLessThan(1000)
          expect(lockState({ oid: 'x' as BlobId, record: each }, own, vantage)).toBe('live')
        }
      }),
    )
  })

  test('has nothing more to make once it was carried out', () => {
    fc.assert(
      fc.property(anyState, (old) => {
        const plan = planMigration(old, HERE)
        const again = planMigration(old, {
          ...HERE,
          sessions: new Set(plan.sessions.map((each) => idKey(each.id))),
          logs: new Set(plan.logs.map((each) => idKey(each.session))),
          projects: plan.projects,
          locks: plan.locks.map(({ key, session: of }) => ({
            name: lockName(parseKey(key)),
            key,
            session: of,
          })),
          worktrees: new Map(
            [...HERE.worktrees].map(([path, each]) => [
              path,
              { ...each, stamped: plan.adoptions.length > 0 },
            ]),
          ),
        })
        const { sessions, locks, projects, logs, adoptions } = again
        expect({ sessions, locks, projects, logs, adoptions }).toStrictEqual({
          ...{ sessions: [], locks: [], projects: [], logs: [], adoptions: [] },
        })
      }),
    )
  })
})

describe('old files that fit together', () => {
  const ids = fc.uniqueArray(
    fc.integer({ min: 0, max: 999 }).map((number) => `SESS-${number}`),
    { maxLength: 8 },
  )
  const fitting = fc
    .tuple(ids, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }))
    .map(([all, live]): OldState => {
      const sessions = all.map(
        (each, at): OldSession => ({
          ...{ file: 'sessions.json', entry: each, id: each as SessionId, pr: null, worktree: null },
          project: { id: 'PROJ-1', name: 'shop', path: '/repo/shop' },
          task: `task ${at}`,
          locks: live[at] ? [`LOCK-${at}`] : [],
          status: live[at] ? 'active' : 'ended',
          ...{ createdAt: minutes(-100), lastActivity: minutes(-10 * at) },
        }),
      )
      return {
        ...EMPTY,
        registry: sessions,
        files: sessions.map((each) => ({ ...each, file: `sessions/${each.id}.json` })),
        locks: sessions.flatMap((each, at): OldLock[] =>
          live[at]
            ? [
                {
                  ...{ file: 'locks.json', entry: `LOCK-${at}`, id: `LOCK-${at}`, projectId: 'PROJ-1' },
                  ...{ taskId: `task ${at}`, ownerId: each.id, status: 'active' },
                  ...{ acquiredAt: minutes(-20), expiresAt: minutes(30) },
                },
              ]
            : [],
        ),
        projects: [
          { file: 'registry/projects.json', entry: 'PROJ-1', id: 'PROJ-1', name: 'shop', path: '/repo/shop' },
        ],
      }
    })

  test('come over whole: every id is kept, and nothing is a problem', () => {
    fc.assert(
      fc.property(fitting, (old) => {
        const plan = planMigration(old, HERE)
        expect(plan.problems).toStrictEqual([])
        expect(plan.sessions.map((each) => each.id).sort()).toStrictEqual(
          old.files.map((each) => each.id).sort(),
        )
        expect(plan.locks.map((each) => each.id)).toStrictEqual(old.locks.map((each) => each.id))
        expect(plan.projects).toMatchObject([{ id: 'PROJ-1', name: 'shop', path: 'shop' }])
      }),
    )
  })

  test('that lose one fact in one of two places are a problem of that session, and of no other', () => {
    fc.assert(
      fc.property(fitting, fc.nat(), (old, which) => {
        fc.pre(old.files.length > 0)
        const at = which % old.files.length
        const files = old.files.map((each, place) => (place === at ? { ...each, task: 'another' } : each))
        const plan = planMigration({ ...old, files }, HERE)
        const [first, ...others] = plan.problems
        expect(first).toMatchObject({ file: files[at]?.file, entry: files[at]?.id })
        // its lock has no session to go to
        expect(others).toHaveLength(files[at]?.status === 'active' ? 1 : 0)
        expect(plan.sessions).toHaveLength(files.length - 1)
      }),
    )
  })
})
