import { expect } from 'vitest'
import { FORMAT, test } from '../harness/transcript.ts'

test('init starts a session for this agent once and then goes on with it', async ({ transcript }) => {
  const first = await transcript.run('git dw init', { agent: 'anna' })
  const again = await transcript.run('git dw init', { agent: 'anna' })
  await transcript.run('git dw init --new', { agent: 'anna' })
  await transcript.run(`git dw init --resume ${first.stdout.trim()}`, { agent: 'anna' })
  await transcript.run('git dw init')
  await transcript.run('git dw init --new --resume x', { agent: 'anna' })
  expect(again.stdout).toBe(first.stdout)
  await transcript.matches('init')
})

test('init --json says whether the session was there and whether it is bound', async ({ sandbox }) => {
  const first = await sandbox.json(['init', '--project', 'web'], { agent: 'anna' })
  expect(first).toStrictEqual({
    schema: 1,
    session: expect.stringMatching(FORMAT.session),
    already: false,
    bound: true,
  })
  const again = await sandbox.json(['init'], { agent: 'anna' })
  expect(again).toStrictEqual({ schema: 1, session: first.session, already: true, bound: false })
})

test('init --new binds the agent to the new session even while the old one lives', async ({ sandbox }) => {
  const first = await sandbox.json(['init'], { agent: 'anna' })
  const second = await sandbox.json(['init', '--new'], { agent: 'anna' })
  expect(second.session).not.toBe(first.session)
  const { session, sessions } = await sandbox.json(['status'], { agent: 'anna' })
  expect(session.id).toBe(second.session)
  expect(sessions.map(({ id }: { id: string }) => id)).toStrictEqual([first.session])
})

test('init --resume --json answers what resume answers', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'])
  expect(await sandbox.json(['init', '--resume', session], { agent: 'anna' })).toStrictEqual({
    schema: 1,
    session,
    bound: true,
    takenOver: false,
    worktree: null,
    worktrees: [],
  })
})

test('init goes on with the session that DW_SESSION names', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'])
  const env = { DW_SESSION: session }
  expect(await sandbox.json(['init'], { env })).toMatchObject({ session, already: true })
})

test('init starts anew where the bound session has ended', async ({ sandbox }) => {
  const { session } = await sandbox.json(['init'], { agent: 'anna' })
  await sandbox.dw(['end'], { agent: 'anna' })
  const again = await sandbox.json(['init'], { agent: 'anna' })
  expect(again).toMatchObject({ already: false, bound: true })
  expect(again.session).not.toBe(session)
})
