import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { dwHere } from '../harness/in-process.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { OldFiles } from './old-files.ts'

const [A, B, C] = ['SESS-a', 'SESS-b', 'SESS-c']

let sandbox: Sandbox
let old: OldFiles
let worktree: string
let shop: { id: string; name: string; path: string }

beforeAll(async () => {
  sandbox = await Sandbox.create()
  worktree = join(sandbox.root, 'trees', 'login')
  await sandbox.git(['worktree', 'add', '-q', '-b', 'feature/login', worktree])
  shop = { id: 'PROJ-1', name: 'shop', path: sandbox.repo }
})
afterAll(() => sandbox.dispose())

/** Old files with a session that has a lock and a worktree, and a repository that knows nothing of them. */
beforeEach(async () => {
  const deletions = "git for-each-ref --format='delete %(refname)' refs/dw | git update-ref --stdin"
  await sandbox.run('sh', ['-c', deletions])
  rmSync(join(sandbox.repo, '.git/dw'), { recursive: true, force: true })
  rmSync(join(sandbox.repo, '.git/worktrees/login/dw-stamp.json'), { force: true })
  rmSync(join(sandbox.repo, 'state'), { recursive: true, force: true })
  old = new OldFiles(join(sandbox.repo, 'state'))
    .project('PROJ-1', 'shop', sandbox.repo)
    .session(A, { project: shop, task: 'login', worktree, locks: ['LOCK-1'] })
    .lock('LOCK-1', A, 'PROJ-1', 'login')
})

const migrate = async (...words: string[]) => {
  const { status, stdout, stderr } = await dwHere(sandbox, ['migrate', ...words, '--json'])
  return { status, ...JSON.parse(stdout === '' ? stderr : stdout) }
}
const said = async (...words: string[]) => {
  const { stdout, stderr } = await dwHere(sandbox, words)
  return stdout + stderr
}

test('with --partial, neither the lock on a project nor one on a task of it comes over when two sessions have them', async () => {
  old
    .session(B, { project: shop, locks: ['LOCK-2'] })
    .lock('LOCK-2', B, 'PROJ-1', '', { taskId: null })
    .session(C, { project: shop, locks: ['LOCK-3'] })
    .lock('LOCK-3', C, 'repo', 'other')
  const { outcome, problems } = await migrate('--partial')
  expect(outcome).toBe('migrated')
  expect(problems.map(({ entry, reason }: Record<string, string>) => `${entry}: ${reason}`)).toStrictEqual([
    `LOCK-2: "task:shop/login" below it has an active lock, of ${A}`,
    `LOCK-1: "project:shop" above it has an active lock, of ${B}`,
  ])
  expect((await sandbox.refs('refs/dw/locks')).map((line) => line.split(' ')[0])).toStrictEqual([
    'refs/dw/locks/task/repo/other',
  ])
})

test('what comes over in part is told as that, and what does not as that', async () => {
  old
    .session(B, { project: shop, locks: ['LOCK-none'] })
    .write(`sessions/${C}.json`, '{"id":')
    .session(C)
    .write(`sessions/${C}.json`, '{"id":')
    .session('SESS-bad', { task: 'here' }, { currentTask: 'there' })
    .lock('LOCK-2', 'SESS-nobody', 'PROJ-1', 'pay')
  const { problems, left } = await migrate('--dry-run')
  const coming = (wanted: string) =>
    problems.flatMap((each: Record<string, unknown>) => (each['comes'] === wanted ? [each['entry']] : []))
  expect([left, coming('partly'), coming('no')]).toStrictEqual([4, [C, B], ['SESS-bad', 'LOCK-2']])
  expect(await said('migrate', '--dry-run')).toContain('4 entries in')
  const text = await said('migrate', '--partial')
  expect(text).toContain(`brought over session "${B}"`)
  expect(text).toContain(`brought over in part sessions/${B}.json "${B}": it names the lock "LOCK-none"`)
  expect(text).toContain(`brought over in part sessions/${C}.json "${C}": it is not JSON`)
  for (const id of [B, C]) expect(text).not.toMatch(new RegExp(`cannot bring over .*"${id}"`))
  expect(text).toContain('cannot bring over sessions/SESS-bad.json "SESS-bad": it contradicts')
  expect(text).toContain('cannot bring over locks.json "LOCK-2"')
})

test('of one that belongs elsewhere, it is told that it comes there', async () => {
  old.session(B, { project: { id: 'PROJ-2', name: 'api', path: '../api' }, locks: ['LOCK-none'] })
  expect((await migrate('--partial')).problems).toMatchObject([{ entry: B, comes: 'elsewhere' }])
  await migrate('--undo')
  expect(await said('migrate')).toContain(`elsewhere in part sessions/${B}.json "${B}": it names the lock`)
})

test('a project that cannot be one is told once, and how an id is written that is there twice', async () => {
  old.session('SESS-Two').session('SESS-two')
  rmSync(join(old.directory, 'registry'), { recursive: true })
  old.session(B, { project: { id: 'PROJ-2', name: 'a/b', path: '.' } })
  const { problems } = await migrate('--dry-run')
  const twice = ['SESS-Two', 'SESS-two'].map(
    (id) => `${id}: its id is there 2 times, as SESS-Two and SESS-two`,
  )
  expect(problems.map(({ entry, reason }: Record<string, string>) => `${entry}: ${reason}`)).toStrictEqual([
    ...twice,
    ...twice,
    `${B}: "a/b" cannot name a project: it contains "/"`,
  ])
})

test('a worktree that has another branch by now is adopted, and that is said, by init as well', async () => {
  await sandbox.git(['switch', '-q', '-c', 'hotfix'], { cwd: worktree })
  try {
    const moved = '"hotfix" is checked out in it by now, not "feature/login"'
    expect(await said('migrate')).toContain(
      `adopted worktree "${worktree}": made for "task:shop/login" by ${A}; ${moved}`,
    )
    expect(await sandbox.record(`refs/dw/active/${A.toLowerCase()}`)).toMatchObject({
      worktree: { path: worktree, branch: 'hotfix' },
    })
    expect((await migrate('--undo')).outcome).toBe('undone')
    expect(await said('init')).toContain(`warning: worktree "${worktree}" was adopted, but ${moved}`)
    await migrate('--undo')
    await sandbox.git(['switch', '-q', '--detach'], { cwd: worktree })
    expect(await said('migrate', '--dry-run')).toContain(
      'no branch is checked out in it by now, not "feature/login"',
    )
  } finally {
    await sandbox.git(['switch', '-q', 'feature/login'], { cwd: worktree })
    await sandbox.git(['branch', '-q', '-D', 'hotfix'])
  }
})

test('a lock that came over guards the branch of its task, with its worktree and without', async () => {
  old
    .session(B, {
      project: shop,
      task: 'gone',
      worktree: '/gone/tree',
      branch: 'old/gone',
      locks: ['LOCK-2'],
    })
    .lock('LOCK-2', B, 'PROJ-1', 'gone')
    .session(C, { project: shop, task: 'top', worktree: '/gone/top', branch: 'main', locks: ['LOCK-3'] })
    .lock('LOCK-3', C, 'PROJ-1', 'top')
  await migrate()
  expect(await sandbox.record('refs/dw/locks/task/shop/login')).toMatchObject({
    branch: 'feature/login',
    worktree,
  })
  expect(await sandbox.record('refs/dw/locks/task/shop/gone')).toMatchObject({ branch: 'old/gone' })
  // everybody pushes that one
  expect(await sandbox.record('refs/dw/locks/task/shop/top')).not.toHaveProperty('branch')
  await dwHere(sandbox, ['hooks', 'install'])
  const hub = join(sandbox.root, 'hub.git')
  await sandbox.git(['init', '-q', '--bare', hub])
  await sandbox.git(['branch', '-f', 'old/gone', 'main'])
  for (const branch of ['feature/login', 'old/gone']) {
    const { status, stderr } = await sandbox.run('git', ['push', '-q', hub, branch], { agent: 'ben' })
    expect([status, stderr]).toStrictEqual([1, expect.stringContaining(branch)])
  }
  expect((await sandbox.run('git', ['push', '-q', hub, 'main'], { agent: 'ben' })).status).toBe(0)
})

test('what belongs elsewhere is told by every later run, and nobody is sent to a directory that is gone', async () => {
  const [api, gone] = [join(sandbox.root, 'api'), join(sandbox.root, 'gone')]
  mkdirSync(api, { recursive: true })
  old
    .project('PROJ-2', 'api', '../api')
    .project('PROJ-3', 'gone', '../gone')
    .session(B, { project: { id: 'PROJ-2', name: 'api', path: '../api' } })
    .session(C, { project: { id: 'PROJ-3', name: 'gone', path: '../gone' }, locks: ['LOCK-2'] })
    .lock('LOCK-2', C, 'PROJ-3', 'x')
  const state = old.directory
  const places = [
    {
      ...{ project: 'api', path: api, sessions: [B], locks: [] },
      missing: false,
      command: `git -C ${api} dw migrate ${state}`,
    },
    {
      ...{ project: 'gone', path: gone, sessions: [C], locks: ['task:gone/x'], missing: true },
      command: `git dw migrate ${state}`,
    },
  ]
  expect(await migrate()).toMatchObject({ outcome: 'migrated', elsewhere: places })
  expect(await migrate()).toMatchObject({ outcome: 'already', items: [], elsewhere: places })
  expect(await migrate('--dry-run')).toMatchObject({ outcome: 'already', elsewhere: places })
  const text = await said('migrate')
  expect(text).toContain(`elsewhere 1 session of "api": git -C ${api} dw migrate ${state}\n`)
  expect(text).toContain(
    `elsewhere 1 session and 1 lock of "gone": "${gone}" is not there; put its path right in the old files, and there: git dw migrate ${state}\n`,
  )
  expect(text).not.toContain(`-C ${gone}`)
  // it was moved, and the old files say so by now
  mkdirSync(gone)
  expect((await migrate()).elsewhere[1]).toMatchObject({
    missing: false,
    command: `git -C ${gone} dw migrate ${state}`,
  })
  rmSync(gone, { recursive: true })
})

test('an undo is offered only where it would be done', async () => {
  const undo = `git dw migrate ${old.directory} --undo`
  expect(await migrate('--dry-run')).toMatchObject({ outcome: 'would-migrate', undo: null })
  expect(await migrate()).toMatchObject({ outcome: 'migrated', undo })
  expect(await migrate()).toMatchObject({ outcome: 'already', undo })
  expect(await said('migrate')).toContain(`take it back with: ${undo}`)
  await sandbox.git(['remote', 'add', 'origin', join(sandbox.root, 'hub.git')])
  for (const [name, value] of Object.entries({ share: 'true', remote: 'origin', backgroundSync: 'false' }))
    await sandbox.git(['config', `dw.${name}`, value])
  try {
    expect(await migrate()).toMatchObject({ outcome: 'already', undo: null })
  } finally {
    await sandbox.git(['config', '--remove-section', 'dw'])
    await sandbox.git(['remote', 'remove', 'origin'])
  }
  // its session goes on: it is heard from
  await dwHere(sandbox, ['heartbeat', '--force', '--session', A])
  expect(await migrate()).toMatchObject({ outcome: 'already', undo: null })
  const text = await said('migrate')
  expect(text).toContain('what came over is in use or shared by now')
  expect(text).not.toContain('--undo')
  expect(await migrate('--undo')).toMatchObject({ status: 1, error: { code: 'DW_IN_USE' } })
})
