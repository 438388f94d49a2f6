import { describe, expect } from 'vitest'
import { interruptedAt, type Moment } from '../process/interrupts.ts'
import type { Clone, Hub } from '../share/hub.ts'
import { test } from '../share/hub-test.ts'

const CALLS = ['for-each-ref', 'unpack-objects', 'push', 'update-ref']
const around = (calls: readonly string[]): Moment[] =>
  calls.flatMap((call): Moment[] => [
    { call, when: 'before' },
    { call, when: 'after' },
  ])

const interrupted = (hub: Hub, clone: Clone, args: readonly string[], moment: Moment) =>
  interruptedAt(hub.sandbox, args, moment, { cwd: clone.path, agent: clone.agent })

const locks = async (place: Hub | Clone) =>
  (await place.refs('refs/dw/locks')).map((line) => line.replace(/ .*/, ''))

describe('a shared claim that is interrupted', () => {
  test.for(around(CALLS))(
    'of a path $when its $call leaves nothing, here and there',
    async (moment, { hub }) => {
      const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
      const outcome = await interrupted(hub, anna, ['claim', 'src'], moment)
      expect([outcome.status, outcome.stdout], outcome.stderr).toEqual([130, ''])
      expect(outcome.stderr).toContain('interrupted; nothing is left half done')
      expect([await locks(anna), await locks(hub)]).toEqual([[], []])
      expect((await ben.dw(['claim', 'src'])).status).toBe(0)
      expect((await anna.dw(['claim', 'src'])).status).toBe(1)
    },
  )

  test.for(around([...CALLS, 'worktree add']))(
    'of a task $when its $call leaves nothing, here and there',
    async (moment, { hub }) => {
      const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
      const outcome = await interrupted(hub, anna, ['claim', '--task', 'T'], moment)
      expect([outcome.status, outcome.stdout], outcome.stderr).toEqual([130, ''])
      expect([await locks(anna), await locks(hub)]).toEqual([[], []])
      expect(await anna.refs('refs/heads/feature')).toEqual([])
      expect((await ben.dw(['claim', '--task', 'T'])).status).toBe(0)
    },
  )

  test.for(around(CALLS))(
    'and steals, $when its $call, takes from nobody once it is called off before that',
    async (moment, { hub }) => {
      const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
      await anna.json(['claim', 'src'])
      const outcome = await interrupted(hub, ben, ['claim', 'src', '--steal', '-m', 'why'], moment)
      expect([outcome.status, outcome.stdout], outcome.stderr).toEqual([130, ''])
      for (const each of [ben, anna, ben]) await each.json(['sync'])
      // it asks the remote first, which starts with the one and ends with the other
      const isEarly = ['for-each-ref', 'update-ref'].includes(moment.call)
      const named = 'taken from its holder for this before it failed: src'
      expect(outcome.stderr.includes(named), outcome.stderr).toBe(!isEarly)
      expect(await locks(hub)).toEqual(isEarly ? ['refs/dw/locks/path/src'] : [])
      for (const each of [anna, ben]) expect(await each.refs()).toEqual(await hub.refs())
    },
  )
})

describe('what is interrupted is done or not, the same in both places:', () => {
  test.for([
    ...around(CALLS).map((moment) => [['release', 'src'], moment] as const),
    ...around(CALLS).map((moment) => [['end'], moment] as const),
    ...around(['fetch', ...CALLS]).map((moment) => [['sync'], moment] as const),
    ...around(['push --dry-run', 'push --atomic']).map((moment) => [['push'], moment] as const),
  ])('%j at %o', async ([args, moment], { hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'src', 'docs'])
    const commit = await anna.commit('src/a')
    await ben.json(['claim', 'lib'])
    if (args[0] === 'sync') await anna.json(['claim', '--offline', 'bin'])
    const { status, stderr } = await interrupted(hub, anna, args, moment)
    expect([0, 130], stderr).toContain(status)
    await anna.json(['sync'])
    await ben.json(['sync'])
    for (const each of [anna, ben]) expect(await each.refs()).toEqual(await hub.refs())
    const isDone = status === 0
    if (args[0] === 'release') expect((await locks(anna)).includes('refs/dw/locks/path/src')).toBe(!isDone)
    if (args[0] === 'end') expect(await locks(anna)).toHaveLength(isDone ? 1 : 3)
    if (args[0] === 'push')
      expect(await hub.git(['rev-parse', 'main'])).toBe(
        isDone ? commit : await anna.git(['rev-parse', 'HEAD~']),
      )
  })
})

test.for(around(['ls-remote']))(
  'the look at what a remote can do, $when its $call, leaves nothing there',
  async (moment, { hub }) => {
    const anna = await hub.clone('anna', { shares: false })
    const outcome = await interrupted(hub, anna, ['share'], moment)
    expect([outcome.status, outcome.stdout], outcome.stderr).toEqual([130, ''])
    expect(await hub.refs()).toEqual([])
  },
)
