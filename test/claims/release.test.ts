import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

const active = (id: string) => `refs/dw/active/${id.toLowerCase()}`
const ended = (id: string) => `refs/dw/ended/${id.toLowerCase()}`

async function events(sandbox: Sandbox, session: string): Promise<string[]> {
  const log = await sandbox.git(['cat-file', 'blob', `refs/dw/log/${session.toLowerCase()}`])
  return log.split('\n').map((line) => {
    const { event, keys, by } = JSON.parse(line)
    return [event, ...(keys ?? []), ...(by === undefined ? [] : [`by ${by}`])].join(' ')
  })
}

test('a release deletes the lock and leaves those above, below and beside it', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src', 'docs/a.md', 'docs/b.md'], ANNA)
  expect((await sandbox.dw(['release', 'docs/a.md'], ANNA)).stdout).toBe('docs/a.md\n')
  expect((await sandbox.dw(['release', 'src/a.ts'], ANNA)).status).toBe(1)
  expect((await sandbox.dw(['release', 'docs'], ANNA)).status).toBe(1)
  const left = await sandbox.refs('refs/dw/locks')
  expect(left.map((line) => line.split(' ')[0])).toStrictEqual([
    'refs/dw/locks/path/docs/b.md',
    'refs/dw/locks/path/src',
  ])
})

test('a lock that is not mine is reported and not deleted, and the rest is released', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', 'src'], ANNA)
  await sandbox.dw(['claim', 'docs'], BEN)
  const outcome = await sandbox.dw(['release', 'src', 'docs', '--json'], BEN)
  expect(outcome.status).toBe(1)
  expect(JSON.parse(outcome.stdout).released).toStrictEqual(['docs'])
  const { error } = JSON.parse(outcome.stderr)
  expect(error).toMatchObject({ code: 'DW_NOT_OWNER', holders: [{ key: 'src', session: anna.session }] })
  expect((await sandbox.record('refs/dw/locks/path/src')).session).toBe(anna.session)
})

test('release --all gives up everything and keeps the session', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src', 'docs', 'task:repo/T'], ANNA)
  const { released } = await sandbox.json(['release', '--all'], ANNA)
  expect(released.sort()).toStrictEqual(['docs', 'src', 'task:repo/T'])
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
  expect(await sandbox.record(active(session))).toMatchObject({ status: 'active', fence: 2 })
})

test('a released key can be claimed by another at once', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.dw(['release', 'src'], ANNA)
  expect((await sandbox.dw(['claim', 'src/a.ts'], BEN)).status).toBe(0)
})

test('an end releases all locks and moves the record, in one change that is logged', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src', 'task:repo/T'], ANNA)
  const before = await sandbox.record(active(session))
  await sandbox.dw(['end'], ANNA)
  const refs = (await sandbox.refs('refs/dw')).map((line) => line.split(' ')[0])
  const id = session.toLowerCase()
  expect(refs).toStrictEqual([`refs/dw/ended/${id}`, `refs/dw/log/${id}`, 'refs/dw/meta'])
  expect(await sandbox.record(ended(session))).toMatchObject({ status: 'ended', fence: before.fence + 1 })
  expect(await events(sandbox, session)).toStrictEqual(['claim src task:repo/T', 'end src task:repo/T'])
})

test('an end of a live session of another needs --force and leaves revocations', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', 'src', 'docs'], ANNA)
  const ben = await sandbox.json(['new'], BEN)
  const before = await sandbox.refs()
  expect((await sandbox.dw(['end', anna.session], BEN)).status).toBe(1)
  expect(await sandbox.refs()).toStrictEqual(before)
  expect((await sandbox.dw(['end', anna.session, '--force'], BEN)).status).toBe(0)
  const record = await sandbox.record(ended(anna.session))
  expect(record).toMatchObject({ status: 'ended', fence: 2 })
  expect(record.revoked.map(({ key, by }: { key: string; by: string }) => [key, by]).sort()).toStrictEqual([
    ['docs', ben.session],
    ['src', ben.session],
  ])
  expect(await events(sandbox, ben.session)).toStrictEqual(['start', `end docs src by ${ben.session}`])
})

test('one whose session was ended by another is told so by exit status 4', async ({
  sandbox,
  transcript,
}) => {
  await transcript.run('git dw claim src', ANNA)
  const { items } = await sandbox.json(['sessions'])
  await transcript.run(`git dw end --force ${items[0].id}`, BEN)
  await transcript.run('git dw release src', ANNA)
  await transcript.run('git dw status', ANNA)
  await transcript.matches('ended-by-another')
})

test('one whose session without locks was ended by another is told so', async ({ sandbox }) => {
  const { session } = await sandbox.json(['init'], ANNA)
  const ben = await sandbox.json(['init'], BEN)
  await sandbox.dw(['end', session, '--force'], BEN)
  const outcome = await sandbox.dw(['heartbeat'], ANNA)
  expect(outcome.status).toBe(4)
  expect(outcome.stderr).toContain(ben.session)
})

test('every change is logged with the session that acts, and refusals are not', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'], ANNA)
  await sandbox.dw(['claim', 'docs'], BEN)
  await sandbox.dw(['claim', 'src', 'lib'], ANNA)
  await sandbox.dw(['claim', 'docs'], ANNA)
  await sandbox.dw(['release', 'docs'], ANNA)
  await sandbox.dw(['heartbeat', '--force'], ANNA)
  await sandbox.dw(['release', 'src'], ANNA)
  await sandbox.dw(['end'], ANNA)
  expect(await events(sandbox, session)).toStrictEqual(['start', 'claim src lib', 'release src', 'end lib'])
})

test('a refused claim leaves no lock, no session and no log', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const before = await sandbox.refs()
  for (const args of [['src'], ['src/a.ts', 'docs'], ['.']]) {
    expect((await sandbox.dw(['claim', ...args], BEN)).status).toBe(1)
  }
  expect(await sandbox.refs()).toStrictEqual(before)
})

test('a refused claim of a task leaves no worktree and no branch', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', '--task', 'T', '--no-worktree'], ANNA)
  expect(anna.worktree).toBeNull()
  const before = await sandbox.refs()
  expect((await sandbox.dw(['claim', '--task', 'T'], BEN)).status).toBe(1)
  expect(await sandbox.refs()).toStrictEqual(before)
  expect((await sandbox.git(['worktree', 'list'])).split('\n')).toHaveLength(1)
})

test('a change that loses its race to another is decided anew, not forced', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.dw(['new'], BEN)
  const all = ['release src', 'claim docs', 'claim lib', 'heartbeat --force', 'claim etc']
  const ends = await Promise.all(all.map((each) => sandbox.dw(each.split(' '), ANNA)))
  expect(ends.map(({ status }) => status)).toStrictEqual([0, 0, 0, 0, 0])
  const { items } = await sandbox.json(['locks'], ANNA)
  expect(items.map(({ key }: { key: string }) => key)).toStrictEqual(['docs', 'etc', 'lib'])
})
