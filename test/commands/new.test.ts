import { expect } from 'vitest'
import { FORMAT, test } from '../harness/transcript.ts'

test('new prints the id of a new session and tells how to act for it', async ({ transcript }) => {
  await transcript.run('git dw new')
  await transcript.run('git dw new --project web', { agent: 'anna' })
  await transcript.run('git dw new', { agent: 'anna' })
  await transcript.run('git dw new --project a/b')
  await transcript.run('git dw new extra')
  await transcript.matches('new')
})

test('new --json says whether this agent is bound to the session', async ({ sandbox }) => {
  const unbound = await sandbox.json(['new'])
  expect(unbound).toStrictEqual({
    schema: 1,
    session: expect.stringMatching(FORMAT.session),
    already: false,
    bound: false,
  })
  expect(await sandbox.json(['new'], { agent: 'anna' })).toMatchObject({ already: false, bound: true })
})

test('new writes a session record with its owner, project, lease and log', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new', '--project', 'web'], { agent: 'anna' })
  const record = await sandbox.record(`refs/dw/active/${session.toLowerCase()}`)
  expect(record).toMatchObject({
    v: 1,
    kind: 'session',
    id: session,
    rev: 1,
    status: 'active',
    owner: { user: 'ann', agent: expect.stringMatching(/^claude-code:[0-9a-f]{8}$/) },
    project: 'web',
    createdAt: expect.stringMatching(FORMAT.time),
    ttl: 86_400,
    fence: 0,
    revoked: [],
  })
  expect(JSON.stringify(record)).not.toContain('anna')
  expect(await sandbox.record(`refs/dw/log/${session.toLowerCase()}`)).toMatchObject({
    event: 'start',
    session,
  })
})

test('new leaves an agent bound to the live session that it has, so that a subagent gets its own', async ({
  sandbox,
}) => {
  const first = await sandbox.json(['new'], { agent: 'anna' })
  const second = await sandbox.json(['new'], { agent: 'anna' })
  expect(second.bound).toBe(false)
  const { session } = await sandbox.json(['status'], { agent: 'anna' })
  expect(session.id).toBe(first.session)
})

test('new in the worktree of a claim leaves its agent who it is, so that a subagent gets its own', async ({
  sandbox,
}) => {
  const { session: annas, worktree } = await sandbox.json(['claim', '--task', 'T'], { agent: 'anna' })
  const there = { agent: 'anna', cwd: worktree.path }
  expect(await sandbox.json(['new'], there)).toMatchObject({ bound: false })
  expect(await sandbox.json(['claim', 'src'], there)).toMatchObject({ session: annas })
})

test('a command in a shell that exported the id from new acts for that session', async ({ sandbox }) => {
  const script = 'export DW_SESSION=$(git dw new) && git dw claim src && git dw status --json'
  const { stdout, status } = await sandbox.run('sh', ['-c', script])
  expect(status).toBe(0)
  const [claimed, json] = stdout.split('\n')
  expect(claimed).toBe('src')
  expect(JSON.parse(json ?? '')).toMatchObject({ source: 'variable', session: { locks: ['src'] } })
})
