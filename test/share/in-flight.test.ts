import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { ended } from '../harness/sandbox.ts'
import { seeded } from '../races/contest.ts'
import { LAUNCHER, stoppingAt } from '../races/meeting.ts'
import { active, type Clone, type Hub } from './hub.ts'
import { test } from './hub-test.ts'

/** Stops `args` before its first `git <command>`, lets `meanwhile` happen, and returns how it ended. */
async function suspended(
  hub: Hub,
  clone: Clone,
  command: string,
  args: readonly string[],
  meanwhile: () => Promise<void>,
) {
  const { env, stopped, goOn } = stoppingAt(hub.sandbox, command)
  const child = hub.sandbox.start(LAUNCHER, args, { cwd: clone.path, agent: clone.agent, env })
  const outcome = ended(child)
  await stopped()
  await meanwhile()
  goOn()
  return outcome
}

const BASE = 'for-each-ref --format=%(refname)%00%(objectname) refs/dw-local/remote/origin/base/meta'

describe('a claim that is under way while a steal and a sync go by', () => {
  test.for([
    ['before it reads what was agreed on', BASE],
    ['before it writes its blobs', 'unpack-objects'],
    ['before it pushes', 'push --atomic'],
  ] as const)('%s leaves the revocation where it is', async ([, command], { hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['claim', 'src'])
    const outcome = await suspended(hub, anna, command, ['claim', 'docs'], async () => {
      await ben.json(['claim', 'src', '--steal', '-m', 'release day'])
      await anna.json(['sync'])
    })
    expect(outcome.status, outcome.stderr).toBe(0)
    expect((await hub.record(active(session))).revoked).toMatchObject([
      { key: 'src', why: 'stolen: release day' },
    ])
    const locks = (await hub.refs('refs/dw/locks')).map((line) => line.split(' ')[0])
    expect(locks).toStrictEqual(['refs/dw/locks/path/docs', 'refs/dw/locks/path/src'])
    expect((await hub.record('refs/dw/locks/path/src')).session).not.toBe(session)
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test('before its local refs move takes along what a heartbeat wrote here', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['init'])
    const outcome = await suspended(hub, anna, 'update-ref', ['claim', 'src'], async () => {
      await anna.json(['heartbeat', '--force'])
    })
    expect(outcome.status, outcome.stderr).toBe(0)
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    expect((await hub.record('refs/dw/locks/path/src')).session).toBe(session)
    expect((await hub.record(active(session))).fence).toBeGreaterThan(0)
  })

  test('before its local refs move makes its branch all the same', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['init'])
    const outcome = await suspended(hub, anna, 'update-ref', ['claim', '--task', 'T1'], async () => {
      await anna.json(['heartbeat', '--force'])
    })
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(await anna.git(['worktree', 'list', '--porcelain'])).toContain('branch refs/heads/')
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })
})

describe('a sync that is under way', () => {
  test.for([
    ['before it fetches', 'fetch'],
    [
      'after it has fetched',
      'for-each-ref --format=%(refname)%00%(objectname) refs/dw-local/remote/origin/seen',
    ],
    ['before it moves local refs', 'update-ref'],
  ] as const)(
    '%s neither deletes nor brings back what is claimed and released here',
    async ([, command], { hub }) => {
      const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
      await anna.json(['claim', 'old'])
      await ben.json(['claim', 'lib'])
      const outcome = await suspended(hub, anna, command, ['sync'], async () => {
        await anna.json(['claim', 'new'])
        await anna.json(['release', 'old'])
      })
      expect(outcome.status, outcome.stderr).toBe(0)
      const names = async (of: Clone | Hub) =>
        (await of.refs('refs/dw/locks')).map((line) => line.split(' ')[0]?.replace('refs/dw/locks/path/', ''))
      expect(await names(hub)).toStrictEqual(['lib', 'new'])
      await anna.json(['sync'])
      expect(await names(anna)).toStrictEqual(['lib', 'new'])
      expect(await anna.refs()).toStrictEqual(await hub.refs())
    },
  )
})

test('commands that are killed anywhere leave nothing that a sync does not mend', async ({ hub }) => {
  const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
  await anna.json(['init'])
  await ben.json(['init'])
  const random = seeded(7)
  for (let round = 0; round < 12; round += 1) {
    await ben.json(['claim', `ben/${round}`])
    const args =
      [['claim', `anna/${round}`], ['release', '--all'], ['sync'], ['heartbeat', '--force']][round % 4] ?? []
    const child = hub.sandbox.start(LAUNCHER, args, { cwd: anna.path, agent: anna.agent })
    const outcome = ended(child)
    await sleep(random() * 700)
    child.kill('SIGKILL')
    await outcome
  }
  await hub.isLeft()
  await anna.json(['sync'])
  await ben.json(['sync'])
  await anna.json(['sync'])
  expect(await anna.refs()).toStrictEqual(await hub.refs())
  expect(await ben.refs()).toStrictEqual(await hub.refs())
  const held = (await hub.refs('refs/dw/locks')).filter((line) => line.includes('/ben/'))
  expect(held).toHaveLength(12)
  expect((await anna.dw(['claim', 'last'])).status).toBe(0)
})
