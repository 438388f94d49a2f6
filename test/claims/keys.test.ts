import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

const locks = async (sandbox: Sandbox) => sandbox.refs('refs/dw/locks')
const lockNames = async (sandbox: Sandbox) => (await locks(sandbox)).map((line) => line.split(' ')[0])

test('a claim of several keys takes all of them with one claim id', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src', 'docs/a.md', 'task:repo/T', '-m', 'big change'], ANNA)
  expect(await lockNames(sandbox)).toStrictEqual([
    'refs/dw/locks/path/docs/a.md',
    'refs/dw/locks/path/src',
    'refs/dw/locks/task/repo/t',
  ])
  const records = await Promise.all((await lockNames(sandbox)).map((ref) => sandbox.record(ref ?? '')))
  expect(new Set(records.map(({ claim }) => claim)).size).toBe(1)
  expect(new Set(records.map(({ id }) => id)).size).toBe(3)
  for (const { why, ttl } of records) expect([why, ttl]).toStrictEqual(['big change', 7200])
})

test('a claim of several keys takes none when another session holds one of them', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'docs'], ANNA)
  const before = await locks(sandbox)
  const refused = await sandbox.dw(['claim', 'src', 'docs/a.md', 'lib'], BEN)
  expect(refused.status).toBe(1)
  expect(await locks(sandbox)).toStrictEqual(before)
})

test('a refused claim names every holder of every key', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'docs'], ANNA)
  await sandbox.dw(['claim', 'src/a.ts'], { agent: 'cleo' })
  const { stderr } = await sandbox.dw(['claim', 'src', 'docs/a.md', '--json'], BEN)
  const { error } = JSON.parse(stderr)
  expect(error.code).toBe('DW_LOCKED')
  expect(error.holders.map(({ key }: { key: string }) => key).sort()).toStrictEqual(['docs', 'src/a.ts'])
})

test('keys under another key of the same claim, or named twice, are dropped', async ({ sandbox }) => {
  const { keys } = await sandbox.json(['claim', 'src/a.ts', 'src', './src/', 'SRC', 'src/b/c'], ANNA)
  expect(keys).toMatchObject([{ key: 'src', already: false }])
  expect(await lockNames(sandbox)).toStrictEqual(['refs/dw/locks/path/src'])
})

test('a claim of the top directory covers every path and no task', async ({ sandbox }) => {
  expect((await sandbox.dw(['claim', '.'], ANNA)).stdout).toBe('.\n')
  expect(await lockNames(sandbox)).toStrictEqual(['refs/dw/locks/path'])
  expect((await sandbox.dw(['claim', 'src/a.ts'], BEN)).status).toBe(1)
  expect((await sandbox.dw(['claim', '--task', 'T'], BEN)).status).toBe(0)
})

test('what is mine already is granted and nothing is rewritten', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src', '-m', 'first'], ANNA)
  const before = await sandbox.refs('refs/dw')
  const answer = await sandbox.json(['claim', 'src'], ANNA)
  expect(answer).toMatchObject({
    started: false,
    keys: [{ key: 'src', already: true, why: 'first', ttl: 7200 }],
  })
  expect(await sandbox.refs('refs/dw')).toStrictEqual(before)
})

test('what lies under a key of mine is granted and gets no lock of its own', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const before = await locks(sandbox)
  const outcome = await sandbox.dw(['claim', 'src/a.ts'], ANNA)
  expect(outcome).toMatchObject({ status: 0, stdout: 'src/a.ts\n', stderr: '"src/a.ts" is yours already\n' })
  expect((await sandbox.dw(['claim', 'src/a.ts', '-m', 'why', '--ttl', '9h'], ANNA)).status).toBe(0)
  expect(await locks(sandbox)).toStrictEqual(before)
})

test('a lock of mine is rewritten for --ttl and for -m, and keeps the rest', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src', '-m', 'first'], ANNA)
  const first = await sandbox.record('refs/dw/locks/path/src')
  await sandbox.dw(['claim', 'src', '--ttl', '4h'], ANNA)
  const second = await sandbox.record('refs/dw/locks/path/src')
  expect(second).toStrictEqual({ ...first, ttl: 14_400, rev: 2, nonce: second.nonce })
  expect(second.nonce).not.toBe(first.nonce)
  await sandbox.dw(['claim', 'src', '-m', 'second'], ANNA)
  const third = await sandbox.record('refs/dw/locks/path/src')
  expect(third).toStrictEqual({ ...second, why: 'second', rev: 3, nonce: third.nonce })
})

test('a claim may hold keys that are mine beside keys that are new', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const { keys } = await sandbox.json(['claim', 'docs', 'src'], ANNA)
  expect(keys).toMatchObject([
    { key: 'docs', already: false },
    { key: 'src', already: true },
  ])
})

test('a directory above locks of mine takes their place, and they are noted as upgraded', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src/a.ts', 'src/b/c.ts'], ANNA)
  const olds = (await locks(sandbox)).map((line) => line.split(' ')[1])
  const upgrade = await sandbox.dw(['claim', 'src'], ANNA)
  expect(upgrade).toMatchObject({ status: 0, stdout: 'src\n' })
  expect(await lockNames(sandbox)).toStrictEqual(['refs/dw/locks/path/src'])
  const log = await sandbox.git(['cat-file', 'blob', `refs/dw/log/${session.toLowerCase()}`])
  const events = log.split('\n').map((line) => JSON.parse(line))
  expect(events.map(({ event }) => event)).toStrictEqual(['claim', 'upgrade', 'upgrade', 'claim'])
  const record = await sandbox.record(`refs/dw/active/${session.toLowerCase()}`)
  expect(record.revoked.filter(({ lock }: { lock: string }) => !olds.includes(lock))).toStrictEqual([])
  expect((await sandbox.dw(['status'], ANNA)).stdout).not.toContain('lost')
})

test('a directory that another holds a part of is refused, and my own locks below it stay', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src/a.ts'], ANNA)
  await sandbox.dw(['claim', 'src/b.ts'], BEN)
  const before = await sandbox.refs('refs/dw')
  expect((await sandbox.dw(['claim', 'src'], ANNA)).status).toBe(1)
  expect(await sandbox.refs('refs/dw')).toStrictEqual(before)
})

test('names that differ only in case or in their Unicode form are one key', async ({ sandbox }) => {
  expect((await sandbox.dw(['claim', 'Ünïcode.md'], ANNA)).status).toBe(0)
  const refused = await sandbox.dw(['claim', 'ünïcode.MD'.normalize('NFD')], BEN)
  expect(refused.status).toBe(1)
})

test('a claim of more than 1,000 keys is refused', async ({ sandbox }) => {
  const many = Array.from({ length: 1001 }, (_, at) => `file-${at}`)
  const outcome = await sandbox.dw(['claim', ...many], ANNA)
  expect(outcome.status).toBe(129)
  expect(outcome.stderr).toContain('1,001 keys are too many: 1,000 is the most')
  expect(await sandbox.refs('refs/dw')).toStrictEqual([])
})

test('a claim of 1,000 keys is granted', async ({ sandbox }) => {
  const many = Array.from({ length: 1000 }, (_, at) => `dir-${at % 10}/file-${at}`)
  expect((await sandbox.dw(['claim', ...many], ANNA)).status).toBe(0)
  expect(await locks(sandbox)).toHaveLength(1000)
})
