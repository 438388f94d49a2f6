import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

test('a key that is held only through a directory above it is not released, and the directory is named', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const outcome = await sandbox.dw(['release', 'src/a.ts'], ANNA)
  expect(outcome.status).toBe(1)
  expect(outcome.stderr).toContain('git dw release src\n')
})

test('hints name keys as they are typed from the current directory', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src/a.ts'], ANNA)
  await sandbox.dw(['claim', 'src/a.ts', '--steal', '-m', 'urgent'], BEN)
  const options = { ...ANNA, cwd: join(sandbox.repo, 'src') }
  const outcome = await sandbox.dw(['release', 'a.ts'], options)
  expect(outcome.status).toBe(4)
  expect(outcome.stderr).toContain('git dw claim a.ts\n')
  await sandbox.dw(['end'], BEN)
  expect((await sandbox.dw(['claim', 'a.ts'], options)).stdout).toBe('a.ts\n')
})

test('locks given up for a directory that was then not claimed are told as lost', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src/a.ts'], ANNA)
  const ref = `refs/dw/active/${session.toLowerCase()}`
  const lock = await sandbox.git(['rev-parse', 'refs/dw/locks/path/src/a.ts'])
  // as a kill after the first of an upgrade's two steps leaves it
  const record = await sandbox.record(ref)
  const at = record.lastActivity
  const revoked = [{ key: 'src/a.ts', lock, by: session, at, why: 'upgrade' }]
  const input = JSON.stringify({ ...record, fence: 2, rev: 2, nonce: 'n', revoked })
  const oid = await sandbox.git(['hash-object', '-w', '--stdin'], { input })
  await sandbox.git(['update-ref', ref, oid])
  await sandbox.git(['update-ref', '-d', 'refs/dw/locks/path/src/a.ts'])
  const status = await sandbox.dw(['status'], ANNA)
  expect(status.stdout).toContain('src/a.ts')
  expect((await sandbox.dw(['release', 'src/a.ts'], ANNA)).status).toBe(4)
  expect((await sandbox.dw(['claim', 'src/a.ts'], ANNA)).status).toBe(0)
  expect((await sandbox.dw(['heartbeat'], ANNA)).stderr).toBe('')
})

test('a lock whose file a crash left empty is named, and blocks only its own line', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'docs'], ANNA)
  mkdirSync(join(sandbox.repo, '.git/refs/dw/locks/path/lib'), { recursive: true })
  writeFileSync(join(sandbox.repo, '.git/refs/dw/locks/path/lib/x'), '')
  for (const key of ['lib/x', 'lib/x/y']) {
    const outcome = await sandbox.dw(['claim', key, '--json'], BEN)
    expect(outcome.status).toBe(128)
    expect(JSON.parse(outcome.stderr).error).toMatchObject({
      code: 'DW_CORRUPT_STATE',
      ref: 'refs/dw/locks/path/lib/x',
    })
  }
  expect((await sandbox.dw(['claim', 'lib/z'], BEN)).status).toBe(0)
})

test('records of a newer layout are neither changed nor, when they forbid it, read', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'docs'], ANNA)
  const meta = async (schema: number, minReader: number) => {
    const input = JSON.stringify({ schema, minReader, id: 'z' })
    await sandbox.git([
      'update-ref',
      'refs/dw/meta',
      await sandbox.git(['hash-object', '-w', '--stdin'], { input }),
    ])
    return sandbox.refs()
  }
  const late = { ...ANNA, env: { DW_TEST_CLOCK: '+1h' } }
  const writing = [
    ['claim', 'docs'],
    ['claim', 'src'],
    ['init'],
    ['new'],
    ['release', 'docs'],
    ['end'],
    ['heartbeat'],
  ]
  const before = await meta(2, 1)
  for (const args of writing) {
    const outcome = await sandbox.dw([...args, '--json'], late)
    expect(JSON.parse(outcome.stderr).error.code, args.join(' ')).toBe('DW_SCHEMA')
  }
  expect((await sandbox.dw(['status'], late)).status).toBe(0)
  expect(await sandbox.refs()).toStrictEqual(before)
  await meta(2, 2)
  for (const args of [...writing, ['status'], ['locks'], ['sessions'], ['check', 'docs']]) {
    expect((await sandbox.dw(args, late)).status, args.join(' ')).toBe(128)
  }
})

test('an agent that starts a session by several commands at once has one', async ({ sandbox }) => {
  const starts = [0, 1, 2, 3, 4].map(() => sandbox.json(['init'], ANNA))
  const ids = new Set(
    (await Promise.all([...starts, sandbox.json(['claim', 'x'], ANNA)])).map(({ session }) => session),
  )
  expect([...ids]).toHaveLength(1)
})

test('a current directory that is gone is told in a line', async ({ sandbox }) => {
  const path = (await sandbox.dw(['claim', '--task', 'T'], ANNA)).stdout.trim()
  const script = `cd "$1" && rm -rf "$1" && git-dw status --json`
  const outcome = await sandbox.run('sh', ['-c', script, 'sh', path], ANNA)
  expect(outcome.status).toBe(128)
  // the shell itself complains first
  const line = outcome.stderr.split('\n').find((each) => each.startsWith('{')) ?? ''
  expect(JSON.parse(line).error.code).toBe('DW_NOT_A_REPO')
})

test('a lock that is too long to be read again is not written', async ({ sandbox }) => {
  for (const args of [
    ['-m', 'x'.repeat(1001)],
    ['--ttl', '4000d'],
  ]) {
    expect((await sandbox.dw(['claim', 'x', ...args], ANNA)).status).toBe(129)
  }
  expect(await sandbox.refs('refs/dw')).toStrictEqual([])
  const many = Array.from({ length: 600 }, (_, at) => `dir/some/longish/path/file-${at}.ts`)
  expect((await sandbox.dw(['claim', ...many], ANNA)).status).toBe(0)
  expect((await sandbox.dw(['claim', 'dir'], ANNA)).stdout).toBe('dir\n')
  expect((await sandbox.json(['status'], ANNA)).session.locks).toStrictEqual(['dir'])
})
