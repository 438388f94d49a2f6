import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { ended, type Outcome } from '../harness/sandbox.ts'
import { LAUNCHER, stoppingAt } from '../races/meeting.ts'
import { active, type Clone, type Hub } from '../share/hub.ts'
import { test } from '../share/hub-test.ts'

/**
 * Runs `args` with a lock file of nobody's on `ref` from before the `nth` time that refs move in the clone, until the
 * end or for so many milliseconds.
 */
async function hindered(
  hub: Hub,
  clone: Clone,
  ref: string,
  args: readonly string[],
  { nth = 1, during }: { readonly nth?: number; readonly during?: number } = {},
): Promise<Outcome> {
  const lock = join(clone.path, '.git', `${ref}.lock`)
  const { env, stopped, goOn } = stoppingAt(hub.sandbox, 'update-ref', nth)
  const child = hub.sandbox.start(LAUNCHER, args, { cwd: clone.path, agent: clone.agent, env })
  const outcome = ended(child)
  await stopped()
  writeFileSync(lock, '')
  goOn()
  const timer = during === undefined ? undefined : setTimeout(() => rmSync(lock), during)
  try {
    return await outcome
  } finally {
    clearTimeout(timer)
    rmSync(lock, { force: true })
  }
}

/** What stands at the hub comes here with a sync. */
async function syncs(hub: Hub, clone: Clone): Promise<void> {
  await clone.json(['sync'])
  expect(await clone.refs()).toEqual(await hub.refs())
}

const HAS_TAKEN = 'the remote "origin" has taken the change, but this clone could not note it: '

describe.concurrent('what the remote has taken and this clone cannot note', () => {
  test('a claim says so, and a sync brings it', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['init'])
    const outcome = await hindered(hub, anna, active(session), ['claim', 'src', '--json'])
    expect(outcome.status, outcome.stderr).toBe(75)
    const { error } = JSON.parse(outcome.stderr)
    expect(error.code).toBe('DW_UNKNOWN_OUTCOME')
    expect(error.message).toContain(`${HAS_TAKEN}the refs could not be written: "`)
    expect(error.hints).toContain('bring it here: git dw sync')
    expect((await hub.record('refs/dw/locks/path/src')).session).toBe(session)
    expect(await anna.refs('refs/dw/locks')).toEqual([])
    await syncs(hub, anna)
    expect((await anna.json(['claim', 'src'])).keys).toMatchObject([{ key: 'src', already: true }])
  })

  test('a steal by a session that starts with it names whom it took from, and that session', async ({
    hub,
  }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await ben.json(['claim', 'src'])
    await anna.json(['sync'])
    const args = ['claim', 'src', '--steal', '-m', 'release day']
    const outcome = await hindered(hub, anna, 'refs/dw/locks/path/src', args)
    expect(outcome.status, outcome.stderr).toBe(75)
    expect(outcome.stderr).toContain('taken from its holder for this before it failed: src')
    const { session } = await hub.record('refs/dw/locks/path/src')
    expect(outcome.stderr).toContain(`export DW_SESSION=${session}`)
    await syncs(hub, anna)
  })

  test('a claim of a task says so, and the next one makes its worktree', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['init'])
    const outcome = await hindered(hub, anna, active(session), ['claim', '--task', 'T1'])
    expect(outcome.status, outcome.stderr).toBe(75)
    expect(outcome.stderr).toContain(HAS_TAKEN)
    await syncs(hub, anna)
    const again = await anna.dw(['claim', '--task', 'T1'])
    expect(again.status, again.stderr).toBe(0)
  })

  test('a release says so, and a sync brings it', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src'])
    const outcome = await hindered(hub, anna, active(session), ['release', 'src'])
    expect(outcome.status, outcome.stderr).toBe(75)
    expect(outcome.stderr).toContain(HAS_TAKEN)
    expect(outcome.stderr).not.toContain('cannot be reached')
    expect(await hub.refs('refs/dw/locks')).toEqual([])
    await syncs(hub, anna)
  })

  test('a push has landed all the same, and says what is missing', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src'])
    const commit = await anna.commit('src/a')
    const outcome = await hindered(hub, anna, active(session), ['push', 'origin', 'main'])
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(outcome.stderr).toContain('the push has landed, but this clone could not note it: ')
    expect(await hub.git(['rev-parse', 'main'])).toBe(commit)
    await syncs(hub, anna)
    const next = await anna.commit('src/b')
    expect((await anna.dw(['push', 'origin', 'main'])).status).toBe(0)
    expect(await hub.git(['rev-parse', 'main'])).toBe(next)
  })

  test('a claim of what was lost holds it, and the next one forgets the loss', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['claim', 'src'])
    await ben.json(['claim', 'src', '--steal', '-m', 'release day'])
    await ben.json(['release', 'src'])
    await anna.json(['sync'])
    const outcome = await hindered(hub, anna, active(session), ['claim', 'src'], { nth: 2 })
    expect(outcome.status, outcome.stderr).toBe(0)
    expect((await hub.record('refs/dw/locks/path/src')).session).toBe(session)
    const revoked = async () => JSON.parse(await anna.git(['cat-file', 'blob', active(session)])).revoked
    expect(await revoked()).toHaveLength(1)
    const again = await anna.json(['claim', 'src'])
    expect(again).toMatchObject({ keys: [{ key: 'src', already: true }], lost: [] })
    expect(await revoked()).toEqual([])
    await syncs(hub, anna)
  })

  test.for([
    ['a claim', ['claim', 'docs']],
    ['a claim of a task', ['claim', '--task', 'T1']],
    ['a release', ['release', 'src']],
  ] as const)('at first, %s notes a moment later', async ([, args], { hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src'])
    // longer than the refs are tried to be moved
    const outcome = await hindered(hub, anna, active(session), args, { during: 6500 })
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(await anna.refs()).toEqual(await hub.refs())
    const worktrees = await anna.git(['worktree', 'list'])
    expect(worktrees.split('\n')).toHaveLength(args[1] === '--task' ? 2 : 1)
  })

  test('a release notes a moment later, also where another has taken what is free', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['claim', 'src'])
    const takes = async () => {
      while ((await hub.refs('refs/dw/locks')).length > 0) await sleep(50)
      return ben.json(['claim', 'src'])
    }
    const [outcome] = await Promise.all([
      hindered(hub, anna, active(session), ['release', 'src'], { during: 6500 }),
      takes(),
    ])
    expect(outcome.status, outcome.stderr).toBe(0)
    await syncs(hub, anna)
  })

  test('of what was agreed on alone is no matter of the command', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src'])
    const isBase = (ref: string) => ref.endsWith(`/base/${active(session).replace('refs/dw/', '')}`)
    const local = (await anna.refs('refs/dw-local')).map((line) => line.split(' ')[0] ?? '')
    const base = local.find(isBase)
    if (base === undefined) throw new Error(local.join('\n'))
    const outcome = await hindered(hub, anna, base, ['claim', '--task', 'T1'])
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(await anna.refs()).toEqual(await hub.refs())
    await syncs(hub, anna)
  })

  test('a claim that had to take something first names whom it took it from', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['claim', 'src/a'])
    await ben.json(['claim', 'src/b'])
    const args = ['claim', 'src', '--steal', '-m', 'release day']
    await anna.json(['sync'])
    const outcome = await hindered(hub, anna, active(session), args)
    expect(outcome.status, outcome.stderr).toBe(75)
    expect(outcome.stderr).toContain('taken from its holder for this before it failed: src/b')
    await syncs(hub, anna)
  })

  test('a command that runs under a lock goes on under one that was lost before', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['claim', '--task', 'T1'])
    await ben.json(['claim', '--task', 'T1', '--no-worktree', '--steal', '-m', 'release day'])
    await ben.json(['release', '--task', 'T1'])
    await anna.json(['sync'])
    const run = ['run', '--task', 'T1', '--', 'sh', '-c', 'sleep 2; echo done']
    const outcome = await hindered(hub, anna, active(session), run, { nth: 2 })
    expect([outcome.status, outcome.stdout], outcome.stderr).toEqual([0, 'done\n'])
  })
})
