import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

test('end releases what the session holds and tells what that was', async ({ transcript }) => {
  await transcript.run('git dw claim src docs', { agent: 'anna' })
  await transcript.run('git dw end', { agent: 'anna' })
  await transcript.run('git dw end', { agent: 'anna' })
  const ben = (await transcript.run('git dw new', { agent: 'ben' })).stdout.trim()
  await transcript.run(`git dw end ${ben}`, { agent: 'anna' })
  await transcript.run(`git dw end --force ${ben}`, { agent: 'anna' })
  await transcript.run(`git dw end ${ben}`, { agent: 'anna' })
  await transcript.run('git dw end NOSUCH')
  await transcript.matches('end')
})

test('end --json names the session and the keys that it gave up', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src', 'docs'], { agent: 'anna' })
  expect(await sandbox.json(['end'], { agent: 'anna' })).toStrictEqual({
    schema: 1,
    session,
    released: ['docs', 'src'],
    worktrees: { removed: [], kept: [] },
  })
})

test('end without a session of its own ends one that expired, but none that lives', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'], { agent: 'anna' })
  const early = await sandbox.dw(['end', session])
  expect(early.status).toBe(1)
  const late = await sandbox.dw(['end', session], { env: { DW_TEST_CLOCK: '+25h' } })
  expect(late.status).toBe(0)
  expect(await sandbox.record(`refs/dw/ended/${session.toLowerCase()}`)).toMatchObject({ status: 'ended' })
})

test('end leaves worktree and branch as they are', async ({ sandbox }) => {
  const claim = await sandbox.json(['claim', '--task', 'T'], { agent: 'anna' })
  await sandbox.dw(['end'], { agent: 'anna' })
  expect(await sandbox.git(['rev-parse', '--abbrev-ref', 'HEAD'], { cwd: claim.worktree.path })).toBe(
    'feature/T',
  )
})
