import { renameSync } from 'node:fs'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

test('resume binds an agent to a session, and takes one that is alive elsewhere only with --takeover', async ({
  transcript,
}) => {
  const id = (await transcript.run('git dw new', { agent: 'anna' })).stdout.trim()
  await transcript.run(`git dw resume ${id}`, { agent: 'anna' })
  await transcript.run(`git dw resume ${id}`, { agent: 'ben' })
  await transcript.run(`git dw resume ${id} --takeover`, { agent: 'ben' })
  await transcript.run('git dw heartbeat', { agent: 'anna' })
  await transcript.run(`git dw resume ${id} --takeover`)
  await transcript.run('git dw resume NOSUCH', { agent: 'anna' })
  await transcript.run('git dw resume', { agent: 'anna' })
  await transcript.matches('resume')
})

test('resume --json says what was bound, from whom it was taken, and which worktree to go to', async ({
  sandbox,
}) => {
  const claim = await sandbox.json(['claim', '--task', 'T'], { agent: 'anna' })
  const answer = await sandbox.json(['resume', claim.session, '--takeover'], { agent: 'ben' })
  expect(answer).toStrictEqual({
    schema: 1,
    session: claim.session,
    bound: true,
    takenOver: true,
    worktree: {
      path: `${sandbox.home}/worktrees/repo/T`,
      branch: 'feature/T',
      base: claim.worktree.base,
      createdAt: expect.any(String),
    },
    worktrees: [`${sandbox.home}/worktrees/repo/T`],
  })
})

test('resume takes any prefix of an id that fits one session alone', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'])
  const bare = session.slice('SESS-'.length)
  for (const prefix of [session.slice(0, 9), bare.slice(0, 4), bare.slice(0, 4).toLowerCase()]) {
    expect(await sandbox.json(['resume', prefix], { agent: 'anna' })).toMatchObject({ session })
  }
})

test('resume of a session that its agent left silent for its whole ttl needs no --takeover', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['new'], { agent: 'anna' })
  const late = { agent: 'ben', env: { DW_TEST_CLOCK: '+25h' } }
  expect(await sandbox.json(['resume', session], late)).toMatchObject({ bound: true, takenOver: false })
})

test('resume moves the fence and is logged', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'])
  await sandbox.dw(['resume', session], { agent: 'anna' })
  const record = await sandbox.record(`refs/dw/active/${session.toLowerCase()}`)
  expect(record).toMatchObject({ fence: 1, rev: 2 })
  expect(record.owner.agent).toMatch(/^claude-code:/)
  const log = await sandbox.git(['cat-file', 'blob', `refs/dw/log/${session.toLowerCase()}`])
  expect(log.split('\n').map((line) => JSON.parse(line).event)).toStrictEqual(['start', 'resume'])
})

test('resume names the worktree to go to as git lists it, says when it is gone, and what was lost', async ({
  sandbox,
  transcript,
}) => {
  const { session, worktree } = await sandbox.json(['claim', '--task', 'T'], { agent: 'anna' })
  await sandbox.dw(['claim', 'src'], { agent: 'anna' })
  await sandbox.dw(['claim', 'src', '--steal', '-m', 'hotfix'], { agent: 'cleo' })
  await transcript.run(`git dw resume ${session} --takeover`, { agent: 'ben' })
  await sandbox.git(['worktree', 'move', worktree.path, `${worktree.path} moved`])
  await transcript.run(`git dw resume ${session}`, { agent: 'ben' })
  renameSync(`${worktree.path} moved`, `${worktree.path}-by-hand`)
  await transcript.run(`git dw resume ${session}`, { agent: 'ben' })
  expect((await sandbox.json(['resume', session], { agent: 'ben' })).worktrees).toStrictEqual([])
  await transcript.matches('resume-worktree')
})
