import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

test('status shows who I am and why, what I hold and lost, and who else is here', async ({ transcript }) => {
  await transcript.run('git dw status')
  await transcript.run('git dw claim src docs -m "new layout"', { agent: 'anna' })
  await transcript.run('git dw claim --task fix-login', { agent: 'ben' })
  await transcript.run('git dw status', { agent: 'anna' })
  await transcript.run('git dw claim docs --steal -m "typo in the manual"', { agent: 'ben' })
  await transcript.run('git dw status', { agent: 'anna' })
  await transcript.run('git dw status')
  await transcript.matches('status')
})

test('status says by what a session was found to be mine', async ({ sandbox }) => {
  const claim = await sandbox.json(['claim', '--task', 'T'], { agent: 'anna' })
  const { session } = claim
  const sources = [
    await sandbox.json(['status', '--session', session]),
    await sandbox.json(['status'], { env: { DW_SESSION: session } }),
    await sandbox.json(['status'], { cwd: claim.worktree.path }),
    await sandbox.json(['status'], { agent: 'anna' }),
  ]
  expect(sources.map(({ source }) => source)).toStrictEqual(['option', 'variable', 'stamp', 'binding'])
  for (const status of sources) expect(status.session.id).toBe(session)
})

test('status --json holds my session, the others, all locks, and what speaks against a guess', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src', '-m', 'mine'], { agent: 'anna' })
  await sandbox.dw(['claim', 'docs'], { agent: 'ben' })
  const status = await sandbox.json(['status'], { agent: 'anna' })
  expect(Object.keys(status).sort()).toStrictEqual(
    [
      ...['schema', 'session', 'source', 'damaged', 'doubt', 'sessions', 'locks', 'place', 'here'],
      'result',
    ].sort(),
  )
  expect(status).toMatchObject({ schema: 1, source: 'binding', doubt: null })
  expect(status.session).toMatchObject({ mine: true, state: 'active', locks: ['src'] })
  expect(status.sessions).toMatchObject([{ mine: false, locks: ['docs'] }])
  expect(status.locks).toMatchObject([
    { key: 'docs', mine: false, state: 'live' },
    { key: 'src', mine: true, state: 'live', why: 'mine' },
  ])
})

test('status --json has no session where there is nobody to be', async ({ sandbox }) => {
  expect(await sandbox.json(['status'])).toStrictEqual({
    schema: 1,
    session: null,
    source: null,
    doubt: null,
    sessions: [],
    locks: [],
    damaged: [],
    place: null,
    here: [],
    result: null,
  })
})

test('status carries on where two sessions are named, and tells the doubt', async ({ sandbox }) => {
  const ben = await sandbox.json(['claim', '--task', 'T'], { agent: 'ben' })
  const anna = await sandbox.json(['new'], { agent: 'anna' })
  const status = await sandbox.json(['status'], { agent: 'anna', cwd: ben.worktree.path })
  expect(status.session).toBeNull()
  expect(status.doubt.code).toBe('DW_AMBIGUOUS')
  expect(status.doubt.message).toContain(ben.session)
  expect(status.doubt.message).toContain(anna.session)
  expect(status.sessions).toHaveLength(2)
})

test('status lists locks whose session has ended as free to claim', async ({ sandbox, transcript }) => {
  const { session } = await sandbox.json(['claim', 'src'], { agent: 'anna' })
  await sandbox.git(['update-ref', '-d', `refs/dw/active/${session.toLowerCase()}`])
  await transcript.run('git dw status')
  expect(transcript.toString()).toMatchInlineSnapshot(`
    "$ git dw status
    You have no session here.

    Held by sessions that are gone, free to claim:
      src
    [exit 0]
    "
  `)
})

test('in its own worktree status shows what is changed and untracked, and how far it is ahead and behind', async ({
  sandbox,
  transcript,
}) => {
  const anna = { agent: 'anna' }
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], anna)
  const { path } = worktree
  await transcript.run('git dw status', { ...anna, cwd: path })
  writeFileSync(join(path, 'README.md'), 'changed')
  writeFileSync(join(path, 'new'), 'x')
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'work'], { cwd: path })
  await transcript.run('git dw status', { ...anna, cwd: path })
  await transcript.run('git dw status', anna)
  await transcript.matches('status-worktree')
  const place = { path, branch: 'feature/T', changed: 1, untracked: 1, ahead: 1, behind: 0 }
  expect((await sandbox.json(['status'], { ...anna, cwd: path })).place).toStrictEqual(place)
  // main has one commit that the branch has not, and is its upstream now
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'elsewhere'])
  await sandbox.git(['branch', '-q', '--set-upstream-to=main', 'feature/T'])
  const { place: later } = await sandbox.json(['status'], { ...anna, cwd: path })
  expect(later).toStrictEqual({ ...place, behind: 1 })
  await sandbox.git(['checkout', '-q', '--detach'], { cwd: path })
  expect((await sandbox.json(['status'], { ...anna, cwd: path })).place).toMatchObject({
    branch: null,
    ahead: 1,
  })
  expect((await sandbox.json(['status'], { agent: 'ben', cwd: path })).place).toBeNull()
})

test('below the top of a worktree status shows who holds what around the directory', async ({
  sandbox,
  transcript,
}) => {
  await sandbox.dw(['claim', 'src/api/a.ts', 'docs'], { agent: 'anna' })
  await sandbox.dw(['claim', 'src/web'], { agent: 'ben' })
  mkdirSync(join(sandbox.repo, 'src/api'), { recursive: true })
  mkdirSync(join(sandbox.repo, 'src/web/deep'), { recursive: true })
  const keysAt = async (cwd: string) =>
    (await sandbox.json(['status'], { agent: 'anna', cwd: join(sandbox.repo, cwd) })).here.map(
      ({ key }: { key: string }) => key,
    )
  expect(await keysAt('src')).toStrictEqual(['src/api/a.ts', 'src/web'])
  expect(await keysAt('src/web/deep')).toStrictEqual(['src/web'])
  expect(await keysAt('.')).toStrictEqual([])
  await transcript.run('git dw status', { agent: 'anna', cwd: join(sandbox.repo, 'src') })
  await transcript.matches('status-here')
})

test('of a long list of keys status shows ten, says how many more there are, and names the command that lists them', async ({
  sandbox,
}) => {
  const keys = Array.from({ length: 30 }, (_, at) => `src/${String(at).padStart(2, '0')}`)
  await sandbox.dw(['claim', ...keys.slice(0, 29)], { agent: 'anna' })
  // one that is not live any more is shown first
  await sandbox.dw(['claim', ...keys.slice(29), '--ttl', '60s'], {
    agent: 'ben',
    env: { DW_TEST_CLOCK: '-3h' },
  })
  const cwd = join(sandbox.repo, 'src')
  const { stdout } = await sandbox.dw(['status'], { agent: 'anna', cwd })
  const [mine = '', , here = ''] = stdout.split('\n\n')
  expect(mine.match(/^ {2}holds {6}/gm)).toHaveLength(10)
  expect(mine).toMatch(/\n {2}… and 19 more: git dw locks$/)
  const lines = here.trimEnd().split('\n')
  expect(lines).toHaveLength(12)
  expect(lines[0]).toBe('Held around this directory:')
  expect(lines[1]).toMatch(/^ {2}29 {2}SESS-.* {2}expired$/)
  expect(lines[11]).toBe('  … and 20 more: git dw locks .')
  expect((await sandbox.json(['status'], { agent: 'anna', cwd })).here).toHaveLength(30)
  const all = await sandbox.dw(['locks', '.'], { agent: 'anna', cwd })
  expect(all.stdout.trimEnd().split('\n')).toHaveLength(31)
  // eleven are shown: a line about one would be no shorter
  await sandbox.dw(['release', ...keys.slice(11, 29)], { agent: 'anna' })
  const few = await sandbox.dw(['status'], { agent: 'anna' })
  expect(few.stdout.match(/^ {2}holds {6}/gm)).toHaveLength(12)
  expect(few.stdout).not.toContain('more:')
})

test('a result that cannot be read is named by status, and all else is shown', async ({ sandbox }) => {
  const anna = { agent: 'anna' }
  await sandbox.dw(['claim', '--task', 'T'], anna)
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: 'not json' })
  await sandbox.git(['update-ref', 'refs/dw/results/repo/t', blob])
  const { stdout, stderr, status } = await sandbox.dw(['status'], anna)
  expect(status).toBe(0)
  expect(stderr).toContain('"refs/dw/results/repo/t"')
  expect(stdout).toContain('works on   repo / T')
  const { result, damaged } = await sandbox.json(['status'], anna)
  expect([result, damaged.length]).toStrictEqual([null, 1])
})
