import { hostname } from 'node:os'
import { expect } from 'vitest'
import { FORMAT, test } from '../harness/transcript.ts'

test('sessions lists those that live, the last active first, and with --all those that ended', async ({
  transcript,
}) => {
  await transcript.run('git dw sessions')
  await transcript.run('git dw new --project web', { agent: 'anna', clock: '-2h' })
  const { stdout } = await transcript.run('git dw new', { clock: '-1h' })
  await transcript.run('git dw claim src docs', { agent: 'ben' })
  await transcript.run('git dw sessions', { agent: 'ben' })
  await transcript.run(`git dw --version && git dw end ${stdout.trim()} --force`, { agent: 'ben' })
  await transcript.run('git dw sessions', { agent: 'ben' })
  await transcript.run('git dw sessions --all', { agent: 'ben' })
  await transcript.run('git dw sessions --all', { agent: 'ben', clock: '+30h' })
  await transcript.matches('sessions')
})

test('sessions --json lists every field of a session', async ({ sandbox }) => {
  const claim = await sandbox.json(['claim', '--task', 'T', '--ttl', '1h'], { agent: 'anna' })
  const { schema, items } = await sandbox.json(['sessions'])
  expect(schema).toBe(1)
  expect(items).toStrictEqual([
    {
      id: claim.session,
      state: 'active',
      mine: false,
      owner: {
        user: 'ann',
        host: hostname(),
        clone: expect.stringMatching(/^[0-9a-f-]{36}$/),
        agent: expect.stringMatching(/^claude-code:[0-9a-f]{8}$/),
      },
      project: 'repo',
      task: 'T',
      worktree: {
        path: claim.worktree.path,
        branch: 'feature/T',
        base: await sandbox.git(['rev-parse', 'main']),
        createdAt: expect.stringMatching(FORMAT.time),
      },
      pr: null,
      createdAt: expect.stringMatching(FORMAT.time),
      lastActivity: expect.stringMatching(FORMAT.time),
      ttl: 86_400,
      fence: 1,
      locks: ['task:repo/T'],
      revoked: [],
    },
  ])
})

test('sessions --json is an empty list where there is none', async ({ sandbox }) => {
  expect(await sandbox.json(['sessions', '--all'])).toStrictEqual({ schema: 1, items: [], damaged: [] })
})

test('a session has expired after its own ttl, or after that of its longest lock if that is more', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src', '--ttl', '3d'], { agent: 'anna' })
  await sandbox.dw(['claim', 'docs'], { agent: 'ben' })
  const stateAt = async (clock: string) => {
    const { items } = await sandbox.json(['sessions'], { env: { DW_TEST_CLOCK: clock } })
    const states = items.map(({ locks, state }: { locks: string[]; state: string }) => [locks[0], state])
    return Object.fromEntries(states)
  }
  expect(await stateAt('+23h')).toStrictEqual({ src: 'active', docs: 'active' })
  expect(await stateAt('+25h')).toStrictEqual({ src: 'active', docs: 'expired' })
  expect(await stateAt('+4d')).toStrictEqual({ src: 'expired', docs: 'expired' })
})
