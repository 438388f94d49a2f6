import fc from 'fast-check'
import { expect, test } from 'vitest'
import { lockName, parseKey } from '../../src/domain/key.ts'
import { planMigration } from '../../src/domain/migration/make-plan.ts'
import type { OldLock, OldSession, OldState } from '../../src/domain/migration/old-state.ts'
import type { Here, Plan } from '../../src/domain/migration/plan.ts'
import type { SessionId } from '../../src/domain/record.ts'
import { HERE, minutes } from './migration-here.ts'

/** A lock of the session on a task of the project `shop`, or on all of it. */
function lock(id: string, ownerId: string, taskId: string | null): OldLock {
  return {
    ...{ file: 'locks.json', entry: id, id, projectId: 'PROJ-1', taskId, ownerId },
    ...{ acquiredAt: minutes(-20), expiresAt: minutes(30), status: 'active' },
  }
}

function planOf(locks: readonly OldLock[], here: Partial<Here> = {}): Plan {
  const sessions = [...new Set(locks.map(({ ownerId }) => ownerId))].map(
    (id): OldSession => ({
      ...{
        file: `sessions/${id}.json`,
        entry: id,
        id: id as SessionId,
        pr: null,
        worktree: null,
        task: null,
      },
      ...{ project: null, locks: [], status: 'active', createdAt: minutes(-100), lastActivity: minutes(-9) },
    }),
  )
  const old: OldState = {
    ...{ v1: [], registry: sessions, files: sessions, locks, events: [], problems: [] },
    projects: [
      { file: 'registry/projects.json', entry: 'PROJ-1', id: 'PROJ-1', name: 'shop', path: '/repo/shop' },
    ],
    states: { registry: 'read', locks: 'read', projects: 'read' },
  }
  return planMigration(old, { ...HERE, ...here })
}

const brought = (plan: Plan) => plan.locks.map(({ key, session }) => `${key} ${session}`)
const problems = (plan: Plan) => plan.problems.map(({ entry, reason }) => `${entry}: ${reason}`)

test('a project locked by one session and a task of it by another: neither comes over, for nobody knows who is right', () => {
  const plan = planOf([lock('L1', 'SESS-a', null), lock('L2', 'SESS-b', 'login')])
  expect(brought(plan)).toStrictEqual([])
  expect(problems(plan)).toStrictEqual([
    'L1: "task:shop/login" below it has an active lock, of SESS-b',
    'L2: "project:shop" above it has an active lock, of SESS-a',
  ])
})

test('what a project lock would have covered comes over by itself when that does not', () => {
  const plan = planOf([
    ...[lock('L1', 'SESS-a', null), lock('L2', 'SESS-b', 'login'), lock('L3', 'SESS-a', 'pay')],
  ])
  expect(brought(plan)).toStrictEqual(['task:shop/pay SESS-a'])
  const twice = planOf([lock('L1', 'SESS-a', null), lock('L2', 'SESS-a', null), lock('L3', 'SESS-a', 'pay')])
  expect(brought(twice)).toStrictEqual(['task:shop/pay SESS-a'])
  expect(twice.problems.map(({ entry }) => entry)).toStrictEqual(['L1', 'L2'])
  const held = planOf([lock('L1', 'SESS-a', null), lock('L2', 'SESS-a', 'pay')], {
    locks: [{ name: lockName(parseKey('task:shop/login')), key: 'task:shop/login', session: 'SESS-here' }],
  })
  expect(brought(held)).toStrictEqual(['task:shop/pay SESS-a'])
  expect(problems(held)).toStrictEqual(['L1: "task:shop/login" is held here by SESS-here'])
})

test('a project lock covers the tasks of its own session', () => {
  const plan = planOf([
    lock('L1', 'SESS-a', 'pay'),
    lock('L2', 'SESS-a', null),
    lock('L3', 'SESS-a', 'login'),
  ])
  expect(brought(plan)).toStrictEqual(['project:shop SESS-a'])
  expect(plan.problems).toStrictEqual([])
  expect(
    plan.items.filter(({ what }) => what === 'lock').map(({ name, why }) => `${name}: ${why}`),
  ).toStrictEqual([
    'task:shop/pay: "project:shop" of the same session covers it',
    'task:shop/login: "project:shop" of the same session covers it',
    'project:shop: of SESS-a, 30m left',
  ])
})

test('two locks on a project, and one of a third on a task of it, are three problems', () => {
  const plan = planOf([lock('L1', 'SESS-a', null), lock('L2', 'SESS-b', null), lock('L3', 'SESS-c', 'pay')])
  expect(brought(plan)).toStrictEqual([])
  expect(problems(plan)).toStrictEqual([
    'L1: "project:shop" has 2 active locks, of SESS-a and SESS-b',
    'L2: "project:shop" has 2 active locks, of SESS-a and SESS-b',
    'L3: "project:shop" above it has an active lock, of SESS-a',
  ])
})

test('of thousands that contradict each other, each is told with a few of the others', () => {
  const plan = planOf(Array.from({ length: 1000 }, (_, at) => lock(`L${at}`, `SESS-${at}`, 'login')))
  expect(brought(plan)).toStrictEqual([])
  expect(plan.problems).toHaveLength(1000)
  expect(problems(plan)[7]).toBe(
    'L7: "task:shop/login" has 1000 active locks, of SESS-0 and SESS-1 and SESS-2 and 997 more',
  )
})

test('whatever is locked: nothing comes over that another session has as well, and what one session has alone does', () => {
  const anyLock = fc.record({
    owner: fc.constantFrom('SESS-a', 'SESS-b', 'SESS-c'),
    task: fc.constantFrom(null, 'login', 'Login', 'pay'),
  })
  fc.assert(
    fc.property(fc.array(anyLock, { maxLength: 6 }), (all) => {
      const locks = all.map(({ owner, task }, at) => lock(`L${at}`, owner, task))
      const plan = planOf(locks)
      const fold = (task: string | null) => task?.toLowerCase() ?? null
      for (const { id, ownerId, taskId } of locks) {
        const same = locks.filter((each) => each.id !== id && fold(each.taskId) === fold(taskId))
        const line = locks.filter(
          (each) => taskId === null || each.taskId === null || fold(each.taskId) === fold(taskId),
        )
        const isAlone = same.length === 0 && line.every((each) => each.ownerId === ownerId)
        const isHeld = plan.locks.some(
          ({ key, session }) =>
            session === ownerId && (key === 'project:shop' || key === `task:shop/${taskId}`),
        )
        const isTold = plan.problems.some(({ entry }) => entry === id)
        expect([isHeld || isTold, isTold]).toStrictEqual([true, !isAlone])
      }
    }),
  )
})
