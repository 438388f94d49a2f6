import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { PROGRAMS } from '../harness/sandbox.ts'
import { seedLocks } from '../harness/seed-locks.ts'
import { Transcript } from '../harness/transcript.ts'
import { serve } from './git-server.ts'
import { test } from './reading.ts'

/** The Node build: what a native one loads does not show. */
const MAIN = join(PROGRAMS, '../dist/main.js')

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

test('locks and status read a repository over HTTP, with no git and no clone', async ({ reading }) => {
  const { sandbox, url } = reading
  await sandbox.dw(['claim', 'src', 'docs/a.md', '-m', 'new layout'], ANNA)
  await sandbox.dw(['claim', '--task', 'T'], BEN)
  const here = (await sandbox.json(['locks'], { agent: 'cleo' })).items
  const { items, remote } = await reading.json(['locks', '--remote', url])
  expect(remote).toBe(url)
  expect(items).toHaveLength(3)
  // from afar, a lease is given another clock's time
  expect(items).toStrictEqual(
    here.map((lock: { lastActivity: string }) => ({
      ...lock,
      expiresAt: new Date(Date.parse(lock.lastActivity) + 4 * 3600_000).toISOString(),
    })),
  )
  const there = await reading.json(['status', '--remote', url])
  const { sessions } = await sandbox.json(['status'], { agent: 'cleo' })
  expect(there.sessions).toStrictEqual(sessions)
  expect(there).toMatchObject({ session: null, source: null, doubt: null, remote: url, damaged: [] })
  expect(there.locks).toStrictEqual(items)
})

test('what is read is shown as in a clone, and that it was read from afar is said', async ({ reading }) => {
  const { sandbox, url } = reading
  await sandbox.dw(['claim', 'src', '-m', 'new layout'], ANNA)
  const locks = await reading.dw(['locks', '--remote', url])
  expect(locks.status).toBe(0)
  expect(locks.stdout).toMatch(
    /^KEY +HELD BY +OWNER +SINCE +LEFT +WHY\nsrc +SESS-\w+ +ann@\S+ .* 4h +new layout\n$/,
  )
  expect(locks.stderr).toMatch(/^read from afar: /)
  const status = await reading.dw(['status', '--remote', url])
  expect(status.stdout).toMatch(/^At http:\S+\n\nSESS-\w+ +ann@.*\n {2}holds +src +4h left +new layout\n$/)
  await sandbox.dw(['end', '--force'], ANNA)
  expect((await reading.dw(['locks', '--remote', url])).stdout).toBe('')
  expect((await reading.dw(['status', '--remote', url])).stdout).toBe(`Nobody is at ${url}\n`)
})

test('a transcript of reading from afar', async ({ reading, onTestFinished }) => {
  const { sandbox, url } = reading
  const transcript = new Transcript(sandbox)
  const closed = await serve((_, response) => void response.writeHead(401).end())
  onTestFinished(() => closed.close())
  const there = { cwd: sandbox.root, env: { URL: url, PRIVATE: closed.url.replace('//', '//ann:hush@') } }
  await transcript.run('git dw locks --remote "$URL"', there)
  await sandbox.dw(['claim', 'src', '-m', 'new layout'], ANNA)
  await sandbox.dw(['claim', '--task', 'fix-login', '--no-worktree'], BEN)
  await transcript.run('git dw locks --remote "$URL"', there)
  await transcript.run('git dw locks --remote "$URL" src/deep/x.ts', there)
  await transcript.run('git dw status --remote "$URL"', there)
  await transcript.run('git dw status --remote "$URL/none"', there)
  await transcript.run('git dw status --remote "$PRIVATE"', there)
  await transcript.run('git dw locks --remote origin', there)
  await transcript.matches('remote')
})

test('a lock far past its ttl is expired, and one within the time of a wrong clock is not', async ({
  reading,
}) => {
  const { sandbox, url } = reading
  await sandbox.dw(['claim', 'src', '--ttl', '30m'], ANNA)
  const stateAt = async (clock: string) =>
    (await reading.json(['locks', '--remote', url], { env: { DW_TEST_CLOCK: clock } })).items[0].state
  expect(await stateAt('+80m')).toBe('live')
  expect(await stateAt('+100m')).toBe('expired')
})

test('a session named like nobody in the records cannot pass for one of this clone', async ({ reading }) => {
  const { sandbox, url } = reading
  const { session } = await sandbox.json(['claim', 'src', '--ttl', '30m'], ANNA)
  const ref = `refs/dw/active/${session.toLowerCase()}`
  const record = await sandbox.record(ref)
  await reading.write(ref, JSON.stringify({ ...record, owner: { ...record.owner, clone: '' } }))
  const env = { DW_TEST_CLOCK: '+80m' }
  expect((await reading.json(['locks', '--remote', url], { env })).items[0].state).toBe('live')
})

test('paths count from the top of the repository, and keys are taken as they are printed', async ({
  reading,
}) => {
  const { sandbox, url } = reading
  await sandbox.dw(['claim', 'src', 'docs/a.md'], ANNA)
  await sandbox.dw(['claim', '--task', 'T', '--no-worktree'], ANNA)
  const keys = async (...paths: string[]) => {
    const { items } = await reading.json(['locks', '--remote', url, ...paths])
    return items.map(({ key }: { key: string }) => key)
  }
  expect(await keys('src/deep/x.ts')).toStrictEqual(['src'])
  expect(await keys('./docs/../docs')).toStrictEqual(['docs/a.md'])
  expect(await keys('SRC')).toStrictEqual(['src'])
  expect(await keys(':/src')).toStrictEqual(['src'])
  expect(await keys('.')).toStrictEqual(['docs/a.md', 'src'])
  expect(await keys('task:repo/T')).toStrictEqual(['task:repo/T'])
  expect(await keys('lib')).toStrictEqual([])
  for (const path of ['../x', 'a/../../x', '/etc', ':(glob)**', ':!src', '']) {
    expect(await reading.error(['locks', '--remote', url, path]), path).toMatchObject({
      status: 129,
      code: 'DW_USAGE',
    })
  }
})

test('--session says nothing about a repository elsewhere', async ({ reading }) => {
  const args = ['status', '--session', 'SESS-1', '--remote', reading.url]
  expect(await reading.error(args)).toMatchObject({ status: 129, code: 'DW_USAGE' })
  expect(reading.server.seen).toStrictEqual([])
})

test('reading 1,000 locks takes three requests', async ({ reading }) => {
  seedLocks(reading.sandbox, 1000, 'another')
  const { items } = await reading.json(['locks', '--remote', reading.url])
  expect(items).toHaveLength(1000)
  expect(new Set(items.map(({ state }: { state: string }) => state))).toStrictEqual(new Set(['live']))
  expect(reading.server.seen.map(({ method }) => method)).toStrictEqual(['GET', 'POST', 'POST'])
})

test('records that the server has packed as deltas are read like others', async ({ reading }) => {
  seedLocks(reading.sandbox, 100, 'another')
  await reading.sandbox.git(['repack', '-adfq', '--depth=50', '--window=50'])
  const { items } = await reading.json(['locks', '--remote', reading.url])
  expect(items).toStrictEqual(
    (await reading.sandbox.json(['locks'])).items.map((lock: object) => ({
      ...lock,
      expiresAt: expect.any(String),
    })),
  )
})

test('damaged and newer records are named beside the others, which are shown', async ({ reading }) => {
  const { sandbox, url } = reading
  await sandbox.dw(['claim', 'src'], ANNA)
  await reading.write('refs/dw/locks/path/broken', 'not json\n')
  await reading.write('refs/dw/locks/path/large', `${' '.repeat(70_000)}\n`)
  await reading.write('refs/dw/locks/path/newer', '{"v":2}\n')
  await sandbox.git(['update-ref', 'refs/dw/locks/path/commit', 'HEAD'])
  const { session } = await sandbox.json(['claim', 'unread'], BEN)
  await reading.write(`refs/dw/active/${session.toLowerCase()}`, '{}')
  const { items } = await reading.json(['locks', '--remote', url])
  const found = Object.fromEntries(
    items.map((item: { key?: string; ref: string; problem?: string }) => [
      item.key ?? item.ref,
      item.problem,
    ]),
  )
  expect(found).toStrictEqual({
    src: undefined,
    'refs/dw/locks/path/broken': 'is not a JSON object',
    'refs/dw/locks/path/large': 'is larger than 64 KiB',
    'refs/dw/locks/path/newer': 'has version 2; this git dw reads 1',
    'refs/dw/locks/path/commit': 'is a commit, not a blob',
    'refs/dw/locks/path/unread': null,
    [`refs/dw/active/${session.toLowerCase()}`]: 'has no version',
  })
  const { stderr, status } = await reading.dw(['locks', '--remote', url])
  expect(status).toBe(0)
  expect(stderr).toContain('"refs/dw/locks/path/broken" is not a JSON object; it counts as held')
})

test('a lock whose session has ended is expired, with what its record says', async ({ reading }) => {
  const { sandbox, url } = reading
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const lock = await sandbox.git(['rev-parse', 'refs/dw/locks/path/src'])
  await sandbox.dw(['end', '--force'], ANNA)
  await sandbox.git(['update-ref', 'refs/dw/locks/path/src', lock])
  const { items } = await reading.json(['locks', '--remote', url])
  expect(items).toMatchObject([{ key: 'src', session, state: 'expired', lastActivity: expect.any(String) }])
})

test('records that this git dw is too old for are refused', async ({ reading }) => {
  await reading.write('refs/dw/meta', '{"id":"x","minReader":2,"schema":2}\n')
  const error = await reading.error(['locks', '--remote', reading.url])
  expect(error).toMatchObject({ status: 128, code: 'DW_SCHEMA', schema: 2, minReader: 2 })
})

test('what others wrote into records cannot act on a terminal', async ({ reading }) => {
  await reading.sandbox.dw(['claim', 'src', '-m', 'a\u001b[2Jb'], ANNA)
  for (const command of ['locks', 'status']) {
    const { stdout } = await reading.dw([command, '--remote', reading.url])
    expect(stdout).toContain('a\\u001b[2Jb')
  }
})

test('isomorphic-git is loaded for --remote alone', async ({ reading, sandbox }) => {
  const loaded = async (directory: string, args: readonly string[]) => {
    const env = { NODE_V8_COVERAGE: join(sandbox.root, directory) }
    await sandbox.run(process.execPath, [MAIN, ...args], { env })
    return readdirSync(env.NODE_V8_COVERAGE)
      .flatMap(
        (name): { url: string }[] =>
          JSON.parse(readFileSync(join(env.NODE_V8_COVERAGE, name), 'utf8')).result,
      )
      .map(({ url }) => url)
      .filter((url) => url.startsWith('file:'))
      .filter((url) => readFileSync(fileURLToPath(url), 'utf8').includes('git/isomorphic-git@'))
  }
  expect(await loaded('without', ['locks'])).toStrictEqual([])
  await reading.sandbox.dw(['claim', 'src'], ANNA)
  expect(await loaded('with', ['locks', '--remote', reading.url])).toHaveLength(1)
})
