import { readdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import * as built from '../../src/reader/index.ts'
import type * as declared from '../../src/reader/package.d.ts'
import { test } from './reading.ts'

const ROOT = resolve(import.meta.dirname, '../..')

test('package.d.ts says what is exported', () => {
  const readRecords: typeof declared.readRecords = built.readRecords
  const error: declared.DwError = new built.DwError('DW_REMOTE', 'message')
  expect(Object.keys(built).sort()).toStrictEqual(['DwError', 'readRecords'])
  expect(readRecords).toBeTypeOf('function')
  expect(error).toMatchObject({ code: 'DW_REMOTE', hints: [], details: {} })
})

test('git-dw/reader of the packed package needs no other, and has types', async ({ open }) => {
  const reading = await open({ login: 'ann:pw' })
  const { sandbox, url } = reading
  await sandbox.dw(['claim', 'src', '-m', 'why'], { agent: 'anna' })
  await sandbox.dw(['claim', '--task', 'T', '--no-worktree'], { agent: 'ben' })
  const away = join(sandbox.root, 'away')
  const npm = async (args: readonly string[], cwd: string) => {
    const env = { npm_config_cache: join(sandbox.root, 'cache'), npm_config_offline: 'true' }
    const outcome = await sandbox.run('npm', args, { cwd, env })
    if (outcome.status !== 0) throw new Error(outcome.stderr)
  }
  // dist/ is built: other tests run from it
  await npm(['pack', '--ignore-scripts', '--pack-destination', sandbox.root], ROOT)
  const tarball = readdirSync(sandbox.root).find((name) => name.endsWith('.tgz')) ?? ''
  await sandbox.git(['init', '-q', away])
  writeFileSync(join(away, 'package.json'), '{"private":true,"type":"module"}\n')
  await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', join(sandbox.root, tarball)], away)
  expect(readdirSync(join(away, 'node_modules')).filter((name) => !name.startsWith('.'))).toStrictEqual([
    'git-dw',
  ])

  const program = `
    import { DwError, readRecords, type RemoteLock } from 'git-dw/reader'
    const login = { username: 'ann', password: 'pw' }
    const { url, locks, sessions, damaged } = await readRecords(${JSON.stringify(url)}, { onAuth: () => login })
    const held: readonly RemoteLock[] = locks.filter((lock) => lock.state === 'live')
    const error = await readRecords(${JSON.stringify(url)}, { token: 'wrong' }).catch((thrown: unknown) => thrown)
    const code: string | null = error instanceof DwError ? error.code : null
    console.log(JSON.stringify({ url, held, tasks: sessions.map(({ task }) => task), damaged, code }))
  `
  writeFileSync(join(away, 'use.ts'), program)
  const options = [
    '--strict',
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--lib',
    'es2023,dom',
    '--types',
    '',
  ]
  const check = await sandbox.run(join(ROOT, 'node_modules/.bin/tsc'), [...options, 'use.ts'], { cwd: away })
  expect(check).toMatchObject({ status: 0, stdout: '' })
  const { stdout, stderr } = await sandbox.run(process.execPath, ['use.js'], {
    cwd: away,
    env: { PATH: join(sandbox.root, 'nothing') },
  })
  expect(stderr).toBe('')
  const { held, ...rest } = JSON.parse(stdout)
  expect(rest).toStrictEqual({ url, tasks: ['T', null], damaged: [], code: 'DW_REMOTE' })
  const { items } = await reading.json(['locks', '--remote', url.replace('//', '//ann:pw@')])
  expect(held).toStrictEqual(items.map(({ mine, ...lock }: { mine: boolean }) => lock))
})

test('the credentials that onAuth answers may be a token, or nothing', async ({ open }) => {
  const reading = await open({ login: 'x-access-token:s3cret' })
  await reading.sandbox.dw(['claim', 'src'], { agent: 'anna' })
  const asked: string[] = []
  const onAuth = (url: string) => {
    asked.push(url)
    return { token: 's3cret' }
  }
  const { locks } = await built.readRecords(reading.url, { onAuth, token: 'old' })
  expect(locks.map(({ key }) => key)).toStrictEqual(['src'])
  expect(asked).toStrictEqual([reading.url])
  await expect(built.readRecords(reading.url, { onAuth: () => null })).rejects.toMatchObject({
    code: 'DW_REMOTE',
    message: expect.stringContaining('wants credentials'),
  })
})

test('sessions that have ended are read when they are asked for', async ({ reading }) => {
  const { sandbox, url } = reading
  const { session: ended } = await sandbox.json(['new'], { agent: 'anna' })
  await sandbox.dw(['end', '--force'], { agent: 'anna' })
  const { session } = await sandbox.json(['new'], { agent: 'ben' })
  const ids = async (options: declared.Options) =>
    (await built.readRecords(url, options)).sessions.map(({ id, state }) => [id, state])
  expect(await ids({})).toStrictEqual([[session, 'active']])
  expect(new Map((await ids({ ended: true })) as [string, string][])).toStrictEqual(
    new Map([
      [session, 'active'],
      [ended, 'ended'],
    ]),
  )
})
