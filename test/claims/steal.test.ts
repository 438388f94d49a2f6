import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const STEAL = ['--steal', '-m', 'release day']

const active = (id: string) => `refs/dw/active/${id.toLowerCase()}`

test('--steal wants a reason that is not blank', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const before = await sandbox.refs()
  for (const args of [['--steal'], ['--steal', '-m', ''], ['--steal', '-m', '  ']]) {
    const outcome = await sandbox.dw(['claim', 'src', ...args], BEN)
    expect(outcome.status).toBe(129)
    expect(outcome.stderr).toContain('-m')
  }
  expect(await sandbox.refs()).toStrictEqual(before)
})

test('a live lock is stolen with a reason, and its holder is told who has it and why', async ({
  transcript,
}) => {
  await transcript.run('git dw claim src -m "new parser"', ANNA)
  await transcript.run('git dw claim src', BEN)
  await transcript.run('git dw claim src --steal -m "release day"', BEN)
  await transcript.run('git dw locks', ANNA)
  await transcript.run('git dw heartbeat', ANNA)
  await transcript.run('git dw release src', ANNA)
  await transcript.matches('steal')
})

test('a stolen lock becomes a new one of the thief, noted in the record of its holder', async ({
  sandbox,
}) => {
  const anna = await sandbox.json(['claim', 'src'], ANNA)
  const lock = await sandbox.git(['rev-parse', 'refs/dw/locks/path/src'])
  const ben = await sandbox.json(['claim', 'src', ...STEAL, '--ttl', '1h'], BEN)
  expect(await sandbox.record('refs/dw/locks/path/src')).toMatchObject({
    session: ben.session,
    ttl: 3600,
    why: 'release day',
  })
  expect(await sandbox.record(active(anna.session))).toMatchObject({
    status: 'active',
    fence: 2,
    revoked: [{ key: 'src', lock, by: ben.session, why: 'stolen: release day' }],
  })
  const log = await sandbox.git(['cat-file', 'blob', `refs/dw/log/${ben.session.toLowerCase()}`])
  const events = log.split('\n').map((line) => JSON.parse(line))
  expect(events).toMatchObject([
    { event: 'steal', session: ben.session, from: anna.session, keys: ['src'], why: 'release day' },
    { event: 'claim', keys: ['src'] },
  ])
})

test('a directory is stolen over a file below it that another holds', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', 'src/a.ts', 'docs'], ANNA)
  const outcome = await sandbox.dw(['claim', 'src', ...STEAL], BEN)
  expect(outcome).toMatchObject({ status: 0, stdout: 'src\n' })
  const items = (await sandbox.json(['locks'], BEN)).items
  expect(items).toMatchObject([
    { key: 'docs', mine: false, state: 'live' },
    { key: 'src', mine: true, state: 'live' },
  ])
  expect((await sandbox.record(active(anna.session))).revoked).toMatchObject([{ key: 'src/a.ts' }])
})

test('a file is stolen from under a directory, and the whole directory is lost with it', async ({
  sandbox,
}) => {
  const anna = await sandbox.json(['claim', 'src'], ANNA)
  expect((await sandbox.dw(['claim', 'src/a.ts', ...STEAL], BEN)).status).toBe(0)
  expect((await sandbox.json(['locks'], BEN)).items).toMatchObject([{ key: 'src/a.ts', mine: true }])
  expect((await sandbox.record(active(anna.session))).revoked).toMatchObject([{ key: 'src' }])
  expect((await sandbox.dw(['check', 'src/b.ts'], ANNA)).stdout).toBe('free\n')
})

test('one steal takes from several sessions and notes it with each', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', 'src/a.ts'], ANNA)
  const cleo = await sandbox.json(['claim', 'src/b.ts', 'docs'], { agent: 'cleo' })
  expect((await sandbox.dw(['claim', 'src', 'docs', ...STEAL], BEN)).status).toBe(0)
  const lost = async (id: string) =>
    (await sandbox.record(active(id))).revoked.map(({ key }: { key: string }) => key).sort()
  expect(await lost(anna.session)).toStrictEqual(['src/a.ts'])
  expect(await lost(cleo.session)).toStrictEqual(['docs', 'src/b.ts'])
})

test('a steal over locks of mine and of another takes both for the directory', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src/b.ts'], BEN)
  await sandbox.dw(['claim', 'src/a.ts'], ANNA)
  expect((await sandbox.dw(['claim', 'src', ...STEAL], BEN)).status).toBe(0)
  expect((await sandbox.json(['locks'], BEN)).items).toMatchObject([{ key: 'src', mine: true }])
})

test('a steal of what nobody holds is an ordinary claim', async ({ sandbox }) => {
  expect((await sandbox.json(['claim', 'src', ...STEAL], BEN)).keys).toMatchObject([{ already: false }])
})

test('the stolen one can steal back', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', 'src'], ANNA)
  await sandbox.dw(['claim', 'src', ...STEAL], BEN)
  expect((await sandbox.dw(['claim', 'src', ...STEAL], ANNA)).status).toBe(0)
  expect((await sandbox.record('refs/dw/locks/path/src')).session).toBe(anna.session)
  expect((await sandbox.record(active(anna.session))).revoked).toStrictEqual([])
})

test('a steal of a task takes its worktree, too', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const ben = await sandbox.json(['claim', '--task', 'T', ...STEAL], BEN)
  expect(ben.worktree).toMatchObject({ path: anna.worktree.path, created: false })
  const mine = await sandbox.json(['status'], { ...BEN, cwd: anna.worktree.path })
  expect(mine.session.id).toBe(ben.session)
  const old = await sandbox.dw(['heartbeat'], { ...ANNA, cwd: anna.worktree.path })
  expect(old.status).toBe(128)
  expect(old.stderr).toContain(ben.session)
})

test('a claim of an expired task takes its worktree, too', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const late = { ...BEN, env: { DW_TEST_CLOCK: '+3h' } }
  expect((await sandbox.dw(['claim', '--task', 'T'], late)).stdout).toBe(`${anna.worktree.path}\n`)
})

test('a claim of a task whose branch is in use for another takes no lock', async ({ sandbox }) => {
  const anna = await sandbox.json(['claim', '--task', 'T', '--branch', 'shared'], ANNA)
  const before = await sandbox.refs()
  for (const more of [[], STEAL]) {
    const outcome = await sandbox.dw(['claim', '--task', 'U', '--branch', 'shared', ...more], BEN)
    expect(outcome.status).toBe(1)
    expect(outcome.stderr).toContain('--adopt')
    expect(outcome.stderr).toContain(anna.session)
  }
  expect(await sandbox.refs()).toStrictEqual(before)
})

test('a steal takes what lies above one key and what stands at another, whoever holds them', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'docs'], ANNA)
  await sandbox.dw(['claim', 'src'], { agent: 'cleo' })
  expect((await sandbox.dw(['claim', 'src/a.ts', 'docs', ...STEAL], BEN)).status).toBe(0)
  expect((await sandbox.json(['locks'], BEN)).items).toMatchObject([
    { key: 'docs', mine: true },
    { key: 'src/a.ts', mine: true },
  ])
})
