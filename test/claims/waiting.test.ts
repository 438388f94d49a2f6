import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { inLine, tickets, until, Waiter } from './waiter.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const CLEO = { agent: 'cleo' }

const done = async (sandbox: Sandbox, args: readonly string[], options: object) =>
  expect(await sandbox.dw(args, options)).toMatchObject({ status: 0 })
const lockNames = async (sandbox: Sandbox) =>
  (await sandbox.refs('refs/dw/locks')).map((line) => line.split(' ')[0]?.replace('refs/dw/locks/', ''))

test('a claim that waits gets what is released, and says whom it waited for', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src', '-m', 'parser'], ANNA)
  const waiter = new Waiter(sandbox, ['src/a.ts', '--wait', '-m', 'mine', '--ttl', '3h'], BEN)
  await waiter.says(`waiting up to 10m: "src" is held by ${session} (ann@`)
  await until(() => tickets(sandbox).length === 1)
  await done(sandbox, ['release', 'src'], ANNA)
  const { status, stdout, stderr } = await waiter.outcome
  expect([status, stdout]).toStrictEqual([0, 'src/a.ts\n'])
  expect(stderr.split('\n').map((line) => line.split(' ')[0])).toStrictEqual([
    'waiting',
    'got',
    'started',
    '',
  ])
  expect(await sandbox.record('refs/dw/locks/path/src/a.ts')).toMatchObject({ why: 'mine', ttl: 10_800 })
  expect(tickets(sandbox)).toStrictEqual([])
})

test('a claim with --wait of what is free is like any other', async ({ sandbox }) => {
  const outcome = await sandbox.dw(['claim', 'src', 'docs', '--wait=5m'], ANNA)
  expect(outcome).toMatchObject({ status: 0, stdout: 'src\ndocs\n' })
  expect(outcome.stderr).toMatch(/^started SESS-\w+\n$/)
})

test('what the session itself holds is not waited for, whoever else waits for it', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'src'], ANNA)
  const waiter = await inLine(sandbox, 'ben', ['src', '--wait'])
  const again = await sandbox.dw(['claim', 'src/a.ts', '--wait'], ANNA)
  expect(again).toMatchObject({ status: 0, stdout: 'src/a.ts\n', stderr: '"src/a.ts" is yours already\n' })
  waiter.process.kill('SIGINT')
  expect((await waiter.outcome).status).toBe(130)
})

test('several keys are waited for until all are free, and none is taken before', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'a'], ANNA)
  await done(sandbox, ['claim', 'c'], CLEO)
  const waiter = new Waiter(sandbox, ['a', 'b', 'c', '--wait'], BEN)
  await waiter.says('"c" is held by')
  await waiter.says('"a" is held by')
  await done(sandbox, ['release', 'a'], ANNA)
  await done(sandbox, ['claim', 'a'], { agent: 'dora' })
  await done(sandbox, ['release', 'c'], CLEO)
  expect(await lockNames(sandbox)).toStrictEqual(['path/a'])
  await done(sandbox, ['release', 'a'], { agent: 'dora' })
  expect(await waiter.outcome).toMatchObject({ status: 0, stdout: 'a\nb\nc\n' })
  const claims = await Promise.all(['a', 'b', 'c'].map((key) => sandbox.record(`refs/dw/locks/path/${key}`)))
  expect(new Set(claims.map(({ claim }) => claim)).size).toBe(1)
})

test('each new holder is named once', async ({ sandbox }) => {
  const { session: first } = await sandbox.json(['claim', 'src'], ANNA)
  const waiter = new Waiter(sandbox, ['src', '--wait=9m'], BEN)
  await waiter.says(first)
  const { session: second } = await sandbox.json(['claim', 'src', '--steal', '-m', 'urgent'], CLEO)
  await waiter.says(second)
  await done(sandbox, ['heartbeat', '--force'], CLEO)
  await done(sandbox, ['end'], CLEO)
  const { status, stderr } = await waiter.outcome
  expect(status).toBe(0)
  const named = stderr.split('\n').filter((line) => line.startsWith('waiting up to'))
  expect(named.map((line) => /SESS-\w+/.exec(line)?.[0])).toStrictEqual([first, second])
})

test('a task is waited for, and its worktree goes along', async ({ sandbox }) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const waiter = new Waiter(sandbox, ['--task', 'T', '--wait'], BEN)
  await waiter.says('"task:repo/T" is held by')
  expect(await sandbox.refs('refs/dw/active')).toHaveLength(1)
  await done(sandbox, ['release', '--task', 'T'], ANNA)
  expect(await waiter.outcome).toMatchObject({ status: 0, stdout: `${worktree.path}\n` })
})

test('a task alone is waited for without a worktree', async ({ sandbox }) => {
  await done(sandbox, ['claim', '--task', 'T', '--no-worktree'], ANNA)
  const waiter = await inLine(sandbox, 'ben', ['--task', 'T', '--no-worktree', '--wait'])
  await done(sandbox, ['end'], ANNA)
  expect(await waiter.outcome).toMatchObject({ status: 0, stdout: 'task:repo/T\n' })
})

test('the end of the holder’s lease ends the wait', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'src'], ANNA)
  // the lease of two hours ends within four seconds
  const late = { ...BEN, env: { DW_TEST_CLOCK: '+7196s' } }
  const outcome = await sandbox.dw(['claim', 'src', '--wait=9m'], late)
  expect(outcome).toMatchObject({ status: 0, stdout: 'src\n' })
})

test('with --json a claim that waits narrates nothing', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'src'], ANNA)
  const waiter = await inLine(sandbox, 'ben', ['src', '--wait', '--json'])
  await done(sandbox, ['release', 'src'], ANNA)
  const { status, stdout, stderr } = await waiter.outcome
  expect([status, stderr]).toStrictEqual([0, ''])
  expect(JSON.parse(stdout)).toMatchObject({ started: true, keys: [{ key: 'src', already: false }] })
})

test('a wait in vain names the holder and leaves nothing behind', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src', '-m', 'parser'], ANNA)
  const before = await sandbox.refs()
  const outcome = await sandbox.dw(['claim', 'src', '--wait=1s', '--json'], BEN)
  expect([outcome.status, outcome.stdout]).toStrictEqual([75, ''])
  const { error } = JSON.parse(outcome.stderr)
  expect(error).toMatchObject({ code: 'DW_TIMEOUT', holders: [{ key: 'src', session, why: 'parser' }] })
  expect(await sandbox.refs()).toStrictEqual(before)
  expect(tickets(sandbox)).toStrictEqual([])
})

test('an interrupted wait leaves nothing behind', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'src'], ANNA)
  const before = await sandbox.refs()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const waiter = await inLine(sandbox, 'ben', ['src', '--wait'])
    waiter.process.kill(signal)
    expect(await waiter.outcome).toMatchObject({ status: 130, stdout: '' })
    expect(await sandbox.refs()).toStrictEqual(before)
    expect(tickets(sandbox)).toStrictEqual([])
  }
})

test('a key that cannot be read ends the wait at once', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'src'], ANNA)
  const waiter = await inLine(sandbox, 'ben', ['src', '--wait'])
  const damaged = await sandbox.git(['hash-object', '-w', '--stdin'], { input: 'not json\n' })
  await sandbox.git(['update-ref', 'refs/dw/locks/path/src', damaged])
  expect((await waiter.outcome).stderr).toContain('the record at "refs/dw/locks/path/src"')
  expect((await waiter.outcome).status).toBe(128)
  const late = await sandbox.dw(['claim', 'src/a.ts', '--wait', '--json'], CLEO)
  expect(JSON.parse(late.stderr).error.code).toBe('DW_CORRUPT_STATE')
})

test('a session that waits is kept alive, and one that does not exist is not started', async ({
  sandbox,
}) => {
  await done(sandbox, ['claim', 'src'], ANNA)
  await sandbox.git(['config', 'dw.heartbeatInterval', '1s'])
  const { session } = await sandbox.json(['claim', 'docs'], BEN)
  const ref = `refs/dw/active/${session.toLowerCase()}`
  const { rev } = await sandbox.record(ref)
  const waiter = await inLine(sandbox, 'ben', ['src', '--wait'])
  const other = await inLine(sandbox, 'cleo', ['src', '--wait'])
  await until(async () => (await sandbox.record(ref)).rev >= rev + 2)
  expect(await sandbox.refs('refs/dw/active')).toHaveLength(2)
  for (const { process, outcome } of [waiter, other]) {
    process.kill('SIGINT')
    expect((await outcome).status).toBe(130)
  }
})

test('a session that is ended by another while it waits learns that', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'src'], ANNA)
  const { session } = await sandbox.json(['new'], BEN)
  const waiter = await inLine(sandbox, 'ben', ['src', '--wait'])
  await done(sandbox, ['end', session, '--force'], ANNA)
  const { status, stderr } = await waiter.outcome
  expect(status).toBe(4)
  expect(stderr).toContain(`${session} was ended by`)
})

test('a lock that was lost can be waited for', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'src'], ANNA)
  await done(sandbox, ['claim', 'src', '--steal', '-m', 'urgent'], BEN)
  const waiter = await inLine(sandbox, 'anna', ['src', '--wait'])
  await done(sandbox, ['release', 'src'], BEN)
  expect(await waiter.outcome).toMatchObject({ status: 0, stdout: 'src\n' })
})

test('own locks stand while the directory above them is waited for', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'src/a.ts'], ANNA)
  await done(sandbox, ['claim', 'src/b.ts'], BEN)
  const before = await sandbox.refs('refs/dw')
  const waiter = await inLine(sandbox, 'anna', ['src', '--wait'])
  await waiter.says('"src/b.ts" is held by')
  expect(await sandbox.refs('refs/dw')).toStrictEqual(before)
  await done(sandbox, ['release', 'src/b.ts'], BEN)
  expect(await waiter.outcome).toMatchObject({ status: 0, stdout: 'src\n' })
  expect(await lockNames(sandbox)).toStrictEqual(['path/src'])
})

test('two sessions that wait for each other both give up', async ({ sandbox }) => {
  await done(sandbox, ['claim', 'a'], ANNA)
  await done(sandbox, ['claim', 'b'], BEN)
  const outcomes = await Promise.all([
    sandbox.dw(['claim', 'b', '--wait=2s'], ANNA),
    sandbox.dw(['claim', 'a', '--wait=2s'], BEN),
  ])
  expect(outcomes.map(({ status }) => status)).toStrictEqual([75, 75])
  expect(await lockNames(sandbox)).toStrictEqual(['path/a', 'path/b'])
})

test('where nothing can be watched a release is found by looking', async ({ sandbox }) => {
  const module = join(sandbox.root, 'no-watch.cjs')
  const full = `Object.assign(new Error('no space left'), { code: 'ENOSPC' })`
  writeFileSync(
    module,
    `const fs = require('node:fs')
fs.watch = () => { console.error('watch refused'); throw ${full} }
require('node:module').syncBuiltinESMExports()
`,
  )
  await done(sandbox, ['claim', 'src'], ANNA)
  const env = { DW_BUILD: 'node', NODE_OPTIONS: `--require=${module}` }
  const waiter = new Waiter(sandbox, ['src', '--wait'], { ...BEN, env })
  await waiter.says('watch refused')
  await done(sandbox, ['release', 'src'], ANNA)
  expect(await waiter.outcome).toMatchObject({ status: 0, stdout: 'src\n' })
})

test('--wait and --steal exclude each other, and a duration stands after an equals sign', async ({
  transcript,
}) => {
  await transcript.run('git dw claim src --wait --steal -m why', ANNA)
  await transcript.run('git dw claim src --wait 5m', ANNA)
  await transcript.run('git dw claim --task T --wait 90s', ANNA)
  await transcript.run('git dw claim --wait=soon src', ANNA)
  await transcript.run('git dw claim --wait= src', ANNA)
  await transcript.run('git dw claim --wait=0s src', ANNA)
  await transcript.run('git dw claim --wait', ANNA)
  await transcript.run('git dw claim --wait -- 5m', ANNA)
  await transcript.run('git dw claim src --wait ./5m', ANNA)
  await transcript.matches('claim-wait-usage')
})
