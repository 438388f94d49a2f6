import { expect } from 'vitest'
import { FORMAT, test } from '../harness/transcript.ts'

test('release prints what it gave up and reports what is not mine', async ({ transcript }) => {
  await transcript.run('git dw claim --task T --no-worktree', { agent: 'anna' })
  await transcript.run('git dw claim src docs lib', { agent: 'anna' })
  await transcript.run('git dw release src task:repo/T', { agent: 'anna' })
  await transcript.run('git dw release docs src', { agent: 'anna' })
  await transcript.run('git dw claim src', { agent: 'ben' })
  await transcript.run('git dw release src', { agent: 'anna' })
  await transcript.run('git dw release --all', { agent: 'anna' })
  await transcript.run('git dw release --all', { agent: 'anna' })
  await transcript.run('git dw release', { agent: 'anna' })
  await transcript.run('git dw release --all src', { agent: 'anna' })
  await transcript.matches('release')
})

test('release --json names the session and the keys', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src', 'docs'], { agent: 'anna' })
  await sandbox.dw(['claim', '--task', 'T', '--project', 'web', '--no-worktree'], { agent: 'anna' })
  const args = ['release', '--task', 'T', '--project', 'web', 'src']
  const answer = await sandbox.json(args, { agent: 'anna' })
  expect(answer).toStrictEqual({
    schema: 1,
    session: expect.stringMatching(FORMAT.session),
    released: expect.arrayContaining(['task:web/T', 'src']),
  })
  expect(answer.released).toHaveLength(2)
})

test('release acts for the session that --session names', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], { agent: 'anna' })
  expect((await sandbox.dw(['release', 'src'], { agent: 'ben' })).status).toBe(128)
  const named = await sandbox.dw(['release', 'src', '--session', session.slice(0, 10)], { agent: 'ben' })
  expect(named).toMatchObject({ status: 0, stdout: 'src\n' })
})
