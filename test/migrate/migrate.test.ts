import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { dwHere } from '../harness/in-process.ts'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { minutes, OldFiles } from './old-files.ts'

const [A, B, C] = ['SESS-20260101-a1', 'SESS-20260102-b2', 'SESS-20260103-c3']

/** A repository with a worktree of the older dw, and all of its files, in the main worktree's `state`. */
async function oldRepository(sandbox: Sandbox): Promise<{ old: OldFiles; worktree: string }> {
  const worktree = join(sandbox.root, 'trees', 'login')
  await sandbox.git(['worktree', 'add', '-q', '-b', 'feature/login', worktree])
  mkdirSync(join(sandbox.repo, 'packages/web'), { recursive: true })
  const shop = { id: 'PROJ-1', name: 'shop', path: sandbox.repo }
  const elsewhere = { id: 'PROJ-3', name: 'api', path: join(sandbox.root, 'api of ann') }
  mkdirSync(elsewhere.path)
  const old = new OldFiles(join(sandbox.repo, 'state'))
    .project('PROJ-1', 'shop', sandbox.repo)
    .project('PROJ-2', 'web', join(sandbox.repo, 'packages/web'))
    .project('PROJ-3', 'api', elsewhere.path)
    .session(A, { project: shop, task: 'login', worktree, locks: ['LOCK-1'] })
    .session(B, { project: shop, task: 'old', status: 'ended', worktree: '/gone', last: -3000 })
    .session(C, { project: elsewhere, task: 'x', locks: ['LOCK-3'] })
    .lock('LOCK-1', A, 'PROJ-1', 'login')
    .lock('LOCK-2', B, 'PROJ-1', 'old', { status: 'released' })
    .lock('LOCK-3', C, 'PROJ-3', 'x')
    .lock('LOCK-4', A, 'PROJ-1', 'late', { expiresAt: minutes(-1) })
    .events([-50, 'session_started', A], [-10, 'lock_acquired', A, { taskId: 'login' }], [-9, 'x', C])
  return { old, worktree }
}

test('a migration brings over all that is this repository’s, once, and can be taken back', async ({
  sandbox,
  transcript,
}) => {
  const { old, worktree } = await oldRepository(sandbox)
  const before = { files: old.bytes(), refs: await sandbox.refs() }
  await transcript.run('git dw migrate --dry-run')
  expect(await sandbox.refs()).toStrictEqual(before.refs)
  await transcript.run('git dw migrate')
  expect(await sandbox.record(`refs/dw/active/${A.toLowerCase()}`)).toMatchObject({
    ...{ id: A, status: 'active', project: 'shop', task: 'login', ttl: 86_400, fence: 1 },
    owner: {
      user: 'ann',
      clone: JSON.parse(readFileSync(join(sandbox.repo, '.git/dw/clone.json'), 'utf8')).id,
    },
    worktree: { path: worktree, branch: 'feature/login' },
  })
  expect(await sandbox.record(`refs/dw/ended/${B.toLowerCase()}`)).toMatchObject({ id: B, status: 'ended' })
  // heard from five minutes ago, 50 minutes left
  expect(await sandbox.record('refs/dw/locks/task/shop/login')).toMatchObject({
    ...{ id: 'LOCK-1', key: 'task:shop/login', session: A, ttl: expect.closeTo(55 * 60, -1), worktree },
  })
  expect(await sandbox.record('refs/dw/projects/web')).toMatchObject({ id: 'PROJ-2', path: 'packages/web' })
  await transcript.run('git dw locks')
  await transcript.run('git dw sessions --all')
  await transcript.run('git dw log')
  const there = await transcript.run('git dw status', { cwd: worktree })
  expect(there.stdout).toContain(`You are ${A} (this worktree was made for it)`)
  const done = await sandbox.refs()
  await transcript.run('git dw migrate')
  expect(await sandbox.refs()).toStrictEqual(done)
  await transcript.run('git dw migrate --undo --dry-run')
  expect(await sandbox.refs()).toStrictEqual(done)
  await transcript.run('git dw migrate --undo')
  await transcript.run('git dw migrate --undo')
  expect(await sandbox.refs()).toStrictEqual(before.refs)
  expect(existsSync(join(sandbox.repo, '.git/worktrees/login/dw-stamp.json'))).toBe(false)
  expect(old.bytes()).toStrictEqual(before.files)
  await transcript.matches('migrate')
})

test('what belongs to another repository comes over there, by the command that is told', async ({
  sandbox,
}) => {
  const { old } = await oldRepository(sandbox)
  const api = join(sandbox.root, 'api of ann')
  await sandbox.git(['init', '-q', api])
  const { elsewhere } = JSON.parse((await dwHere(sandbox, ['migrate', '--json'])).stdout)
  expect(elsewhere).toStrictEqual([
    {
      ...{ project: 'api', path: api, sessions: [C], locks: ['task:api/x'], missing: false },
      command: `git -C '${api}' dw migrate ${old.directory}`,
    },
  ])
  const { status, stdout } = await sandbox.run('sh', ['-c', `${elsewhere[0].command} --json`])
  expect(status).toBe(0)
  const there = JSON.parse(stdout)
  expect(there.elsewhere[0]).toMatchObject({ project: 'shop', sessions: [A, B], locks: ['task:shop/login'] })
  const refs = await sandbox.git(['for-each-ref', '--format=%(refname)', 'refs/dw'], { cwd: api })
  expect(refs.split('\n')).toStrictEqual([
    `refs/dw/active/${C.toLowerCase()}`,
    'refs/dw/locks/task/api/x',
    `refs/dw/log/${C.toLowerCase()}`,
    'refs/dw/meta',
    'refs/dw/projects/api',
  ])
})

test('its command is right wherever it is given, also where the old files name a directory by part of its path', async ({
  sandbox,
}) => {
  const old = new OldFiles(join(sandbox.repo, 'state'))
    .project('PROJ-1', 'beside', '../beside')
    .project('PROJ-2', 'home', '~/home')
    .session('SESS-1', { project: { id: 'PROJ-1', name: 'beside', path: '../beside' } })
    .session('SESS-2', { project: { id: 'PROJ-2', name: 'home', path: '~/home' } })
  for (const path of [join(sandbox.root, 'beside'), join(sandbox.home, 'home')]) mkdirSync(path)
  const { elsewhere } = JSON.parse((await dwHere(sandbox, ['migrate', '--dry-run', '--json'])).stdout)
  expect(elsewhere.map(({ command }: { command: string }) => command)).toStrictEqual([
    `git -C ${join(sandbox.root, 'beside')} dw migrate ${old.directory}`,
    `git -C ${join(sandbox.home, 'home')} dw migrate ${old.directory}`,
  ])
})

test('damaged entries stop it, each with its file and reason; --partial leaves them and brings the rest', async ({
  sandbox,
  transcript,
}) => {
  const { old } = await oldRepository(sandbox)
  old
    .session('SESS-file', { task: 'here' }, { currentTask: 'there', status: 'ended' })
    .session('SESS-twice')
    .session('SESS-twice')
    .session('SESS-half')
    .session('bad id')
    .session('SESS-task', { project: { id: 'PROJ-1', name: 'shop', path: sandbox.repo }, task: 'a/b' })
    .session('SESS-names', { locks: ['LOCK-none'] })
    .lock('LOCK-5', 'SESS-nobody', 'PROJ-1', 'y')
    .lock('LOCK-6', A, 'PROJ-1', 'both')
    .lock('LOCK-7', 'SESS-names', 'PROJ-1', 'Both')
    .lock('LOCK-8', A, 'PROJ-9', 'z')
    .lock('LOCK-9', A, 'PROJ-1', 'q\u001b[31m')
    .write('sessions/SESS-half.json', '{"id":"SESS-half","pro')
    .v1(B, 'shop')
  const files = old.bytes()
  const { status } = await transcript.run('git dw migrate')
  expect(status).toBe(128)
  expect(await sandbox.refs('refs/dw')).toStrictEqual([])
  expect((await dwHere(sandbox, ['migrate', '--dry-run'])).status).toBe(128)
  await transcript.run('git dw migrate --partial')
  await transcript.run('git dw migrate')
  await transcript.matches('migrate-damaged')
  const [half] = await sandbox.refs('refs/dw/active/sess-half')
  expect(half).toBeDefined()
  expect(old.bytes()).toStrictEqual(files)
})

test('a v1 session comes over, of its backup too, and not a second time of v2', async ({ sandbox }) => {
  const old = new OldFiles(join(sandbox.root, 'elsewhere'))
  old.v1('SESS-v1', 'shop').v1('SESS-v1b', null, { status: 'ended' }, 'active.json.v1-backup')
  const first = await dwHere(sandbox, ['migrate', old.directory])
  expect(first.status, first.stderr).toBe(0)
  expect(await sandbox.record('refs/dw/active/sess-v1')).toMatchObject({ id: 'SESS-v1', project: 'shop' })
  expect(await sandbox.record('refs/dw/ended/sess-v1b')).toMatchObject({ id: 'SESS-v1b', status: 'ended' })
  const newer = new OldFiles(join(sandbox.root, 'newer'))
  newer.v1('SESS-v2', null, {}, 'active.json.v1-backup').session('SESS-v2', { status: 'ended' })
  const second = JSON.parse((await dwHere(sandbox, ['migrate', newer.directory, '--json'])).stdout)
  expect(second).toMatchObject({ outcome: 'migrated', problems: [] })
  expect(await sandbox.record('refs/dw/ended/sess-v2')).toMatchObject({ status: 'ended' })
  expect((await sandbox.refs('refs/dw/active')).join()).not.toContain('sess-v2')
  const which = await dwHere(sandbox, ['migrate', '--undo', '--json'])
  expect(JSON.parse(which.stderr).error).toMatchObject({
    code: 'DW_AMBIGUOUS',
    paths: [old.directory, newer.directory].sort(),
  })
})

test('the session goes on: it is resumed, its lock holds, and it can be worked on with and without the old worktree', async ({
  sandbox,
}) => {
  const { worktree } = await oldRepository(sandbox)
  await dwHere(sandbox, ['migrate'])
  const ben = { agent: 'ben' }
  const refused = await dwHere(sandbox, ['claim', '--task', 'login'], ben)
  expect(refused).toMatchObject({ status: 1 })
  expect(refused.stderr).toContain(A)
  expect((await dwHere(sandbox, ['resume', A], { agent: 'anna' })).status).toBe(0)
  const again = await dwHere(sandbox, ['claim', '--task', 'login'], { agent: 'anna' })
  expect(again).toMatchObject({ status: 0, stdout: `${worktree}\n` })
  const undo = await dwHere(sandbox, ['migrate', '--undo', '--json'])
  expect(undo.status).toBe(1)
  expect(JSON.parse(undo.stderr).error).toMatchObject({ code: 'DW_IN_USE' })
  // the lock ends when it would have
  const late = await dwHere(sandbox, ['claim', '--task', 'login', '--no-worktree'], { ...ben, clock: '+2h' })
  expect(late.status, late.stderr).toBe(0)
})

describe('what is in the way', () => {
  test('of other records stops it, and nothing of them is changed', async ({ sandbox }) => {
    await oldRepository(sandbox)
    await dwHere(sandbox, ['claim', '--task', 'login', '--no-worktree', '--project', 'shop'], {
      agent: 'ben',
    })
    await dwHere(sandbox, ['project', 'add', 'top', '--path', '.'])
    const before = await sandbox.refs()
    const { status, stdout } = await dwHere(sandbox, ['migrate', '--json'])
    expect(status).toBe(128)
    expect(JSON.parse(stdout).problems).toStrictEqual([
      {
        ...{ file: 'registry/projects.json', entry: 'PROJ-1' },
        reason: '"top" with the directory "." is in its way',
        comes: 'no',
      },
      ...[A, B].map((id) => ({
        ...{ file: `sessions/${id}.json`, entry: id },
        reason: 'its project "PROJ-1" cannot be brought over, or is not registered',
        comes: 'no',
      })),
      ...['LOCK-1', 'LOCK-4'].map((entry) => ({
        ...{ file: 'locks.json', entry },
        reason: 'it is not known where its project "PROJ-1" is',
        comes: 'no',
      })),
    ])
    await dwHere(sandbox, ['project', 'remove', 'top'])
    const held = JSON.parse((await dwHere(sandbox, ['migrate', '--json'])).stdout)
    expect(held.problems).toStrictEqual([
      {
        ...{ file: 'locks.json', entry: 'LOCK-1' },
        reason: expect.stringMatching(/^"task:shop\/login" is held here by SESS-/),
        comes: 'no',
      },
    ])
    expect((await sandbox.refs()).filter((line) => before.includes(line))).toHaveLength(before.length - 1)
  })

  test('is named: no old files, two places, sharing, a directory of other things', async ({ sandbox }) => {
    const refused = async (...words: string[]) => {
      const { status, stderr } = await dwHere(sandbox, ['migrate', ...words, '--json'])
      const { code, hints } = JSON.parse(stderr).error
      return { status, code, hint: hints[0] }
    }
    expect(await refused()).toMatchObject({ status: 1, code: 'DW_NOT_FOUND' })
    expect(await refused('src')).toMatchObject({ status: 1, code: 'DW_NOT_FOUND' })
    expect(await refused('--undo')).toMatchObject({ status: 1, code: 'DW_NOT_FOUND' })
    expect(await refused('--undo', '--partial')).toMatchObject({ status: 129, code: 'DW_USAGE' })
    await sandbox.git(['config', 'dw.legacyState', '~/gone'])
    expect(await refused()).toStrictEqual({
      ...{ status: 1, code: 'DW_NOT_FOUND' },
      hint: `there are none in "${join(sandbox.home, 'gone')}", which dw.legacyState names`,
    })
    await sandbox.git(['config', '--unset', 'dw.legacyState'])
    const { old } = await oldRepository(sandbox)
    new OldFiles(join(sandbox.repo, '.dw')).v1('SESS-1', null)
    expect(await refused()).toStrictEqual({
      ...{ status: 128, code: 'DW_AMBIGUOUS' },
      hint: `git dw migrate ${old.directory}`,
    })
    await sandbox.git(['config', 'dw.legacyState', '.dw'])
    expect(JSON.parse((await dwHere(sandbox, ['migrate', '--dry-run', '--json'])).stdout)).toMatchObject({
      state: join(sandbox.repo, '.dw'),
    })
    await sandbox.git(['config', 'dw.remote', 'hub'])
    await sandbox.git(['remote', 'add', 'hub', join(sandbox.root, 'hub.git')])
    await sandbox.git(['config', 'dw.share', 'true'])
    await sandbox.git(['config', 'dw.backgroundSync', 'false'])
    expect(await refused()).toStrictEqual({
      ...{ status: 128, code: 'DW_REMOTE' },
      hint: `stop sharing for it: git dw share --off && git dw migrate ${join(sandbox.repo, '.dw')}`,
    })
    expect(await sandbox.refs('refs/dw')).toStrictEqual([])
  })
})

test('what the older dw leaves in everyday use is no damage', async ({ sandbox }) => {
  mkdirSync(join(sandbox.repo, 'packages/web'), { recursive: true })
  const web = { id: 'PROJ-1', name: 'web', path: 'packages/web' }
  const old = new OldFiles(join(sandbox.repo, 'state'))
    // its own upgrade of v1: the old file stays, and the project is in the registry alone
    .v1('SESS-UPGRADED', 'PROJ-1')
    .v1('SESS-UPGRADED', 'PROJ-1', {}, 'active.json.v1-backup')
    .session('SESS-UPGRADED', { project: web, status: 'ended' }, { project: null })
    .session('SESS-ONE', { project: web, task: 'a', locks: ['LOCK-TASK', 'LOCK-GONE'] })
    .session('SESS-TWO', { project: web, locks: ['LOCK-ALL'] })
    // paths count from where the state directory lies
    .project('PROJ-1', 'web', './packages/web', '../registry/projects.json')
    .project('PROJ-2', 'docs', './docs', '../registry/projects.json')
    .lock('LOCK-GONE', 'SESS-ONE', 'PROJ-1', 'x', { status: 'expired' })
    // a task alone, by its session's project; a whole project, by its name
    .lock('LOCK-TASK', 'SESS-ONE', 'PROJ-1', 'a', { projectId: undefined })
    .lock('LOCK-ALL', 'SESS-TWO', 'docs', 'x', { taskId: undefined })
    .events([-5, 'cleanup', 'SYSTEM'])
  const { stdout, stderr, status } = await dwHere(sandbox, ['migrate', '--json'])
  expect(status, stdout + stderr).toBe(0)
  expect(JSON.parse(stdout)).toMatchObject({ outcome: 'migrated', problems: [] })
  expect((await sandbox.refs('refs/dw')).map((line) => line.split(' ')[0])).toStrictEqual([
    'refs/dw/active/sess-one',
    'refs/dw/active/sess-two',
    'refs/dw/ended/sess-upgraded',
    'refs/dw/locks/task/docs',
    'refs/dw/locks/task/web/a',
    'refs/dw/meta',
    'refs/dw/projects/docs',
    'refs/dw/projects/web',
  ])
  expect(await sandbox.record('refs/dw/ended/sess-upgraded')).toMatchObject({ project: 'web' })
  const { code, message } = JSON.parse(
    (await dwHere(sandbox, ['claim', '--task', 'any', '--project', 'docs', '--json'])).stderr,
  ).error
  expect({ code, message }).toMatchObject({ code: 'DW_LOCKED', message: expect.stringContaining('SESS-TWO') })
  // while there was no session, v1 had a file that says so
  old.v1('', null, { sessionId: null, startTime: null, status: 'inactive' })
  await dwHere(sandbox, ['migrate', '--undo'])
  expect(JSON.parse((await dwHere(sandbox, ['migrate', '--json'])).stdout).problems).toStrictEqual([])
})
