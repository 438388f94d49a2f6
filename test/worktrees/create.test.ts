import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { FORMAT, test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }

const branchOf = async (sandbox: Sandbox, path: string) =>
  sandbox.git(['symbolic-ref', '--short', 'HEAD'], { cwd: path })

test('a claim of a task makes a worktree and a branch in the default places, at HEAD', async ({
  sandbox,
}) => {
  const { worktree, ...rest } = await sandbox.json(['claim', '--task', 'fix-login'], ANNA)
  const head = await sandbox.git(['rev-parse', 'HEAD'])
  expect(worktree).toStrictEqual({
    path: join(sandbox.home, 'worktrees/repo/fix-login'),
    branch: 'feature/fix-login',
    base: head,
    created: true,
  })
  expect(rest.keys).toMatchObject([{ key: 'task:repo/fix-login' }])
  expect(await branchOf(sandbox, worktree.path)).toBe('feature/fix-login')
  expect(await sandbox.git(['rev-parse', 'HEAD'], { cwd: worktree.path })).toBe(head)
  expect(readFileSync(join(worktree.path, 'README.md'), 'utf8')).toBe('# readme\n')
})

test('the lock and the session say where the worktree is, and the stamp says whose it is', async ({
  sandbox,
}) => {
  const { session, worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const { path, branch, base } = worktree
  expect(await sandbox.record('refs/dw/locks/task/repo/t')).toMatchObject({ branch, base, worktree: path })
  expect(await sandbox.record(`refs/dw/active/${session.toLowerCase()}`)).toMatchObject({
    project: 'repo',
    task: 'T',
    worktree: { path, branch, base, createdAt: expect.stringMatching(FORMAT.time) },
  })
  const gitDir = await sandbox.git(['rev-parse', '--absolute-git-dir'], { cwd: path })
  const stamp = JSON.parse(readFileSync(join(gitDir, 'dw-stamp.json'), 'utf8'))
  expect(stamp).toStrictEqual({ session, key: 'task:repo/T', base })
  expect(await sandbox.git(['status', '--porcelain'], { cwd: path })).toBe('')
})

test('a session that can be bound to nothing else is bound by the stamp of its new worktree', async ({
  sandbox,
}) => {
  const { session, started, worktree } = await sandbox.json(['claim', '--task', 'T'])
  expect(started).toBe(true)
  const there = await sandbox.json(['status'], { cwd: worktree.path })
  expect(there).toMatchObject({ source: 'stamp', session: { id: session } })
  expect((await sandbox.json(['status'])).session).toBeNull()
})

test('dw.worktreePath, dw.branch and dw.base say where a worktree is made', async ({ sandbox }) => {
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'second'])
  await sandbox.git(['config', 'dw.worktreePath', '../trees/{project}+{task}'])
  await sandbox.git(['config', 'dw.branch', 'work/{project}/{task}'])
  await sandbox.git(['config', 'dw.base', 'main~1'])
  const { worktree } = await sandbox.json(['claim', '--task', 'T', '--project', 'web'], ANNA)
  expect(worktree).toStrictEqual({
    path: join(sandbox.root, 'trees/web+T'),
    branch: 'work/web/T',
    base: await sandbox.git(['rev-parse', 'main~1']),
    created: true,
  })
})

test('--base and --branch win over the settings', async ({ sandbox }) => {
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'second'])
  await sandbox.git(['config', 'dw.base', 'no-such-branch'])
  await sandbox.git(['config', 'dw.branch', 'work/{task}'])
  const args = ['claim', '--task', 'T', '--base', 'HEAD~1', '--branch', 'mine']
  const { worktree } = await sandbox.json(args, ANNA)
  expect(worktree).toMatchObject({ branch: 'mine', base: await sandbox.git(['rev-parse', 'HEAD~1']) })
  expect(await branchOf(sandbox, worktree.path)).toBe('mine')
})

test('a branch that exists is checked out where it is', async ({ sandbox }) => {
  await sandbox.git(['branch', 'feature/T'])
  const old = await sandbox.git(['rev-parse', 'main'])
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'second'])
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  expect(worktree).toMatchObject({ branch: 'feature/T', base: old, created: true })
  expect(await sandbox.git(['rev-parse', 'HEAD'], { cwd: worktree.path })).toBe(old)
})

test('a new branch starts at the remote branch of its name, else at the HEAD of the remote', async ({
  sandbox,
}) => {
  const server = join(sandbox.root, 'server.git')
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'on the server'])
  await sandbox.git(['branch', 'feature/known', 'main~1'])
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, server])
  await sandbox.git(['branch', '-D', 'feature/known'])
  await sandbox.git(['remote', 'add', 'origin', server])
  await sandbox.git(['fetch', '--quiet', 'origin'])
  await sandbox.git(['remote', 'set-head', 'origin', 'main'])
  const remoteHead = await sandbox.git(['rev-parse', 'HEAD'])
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'only here'])
  const known = await sandbox.json(['claim', '--task', 'known'], ANNA)
  const fresh = await sandbox.json(['claim', '--task', 'fresh'], ANNA)
  expect(known.worktree.base).toBe(await sandbox.git(['rev-parse', `${remoteHead}~1`]))
  expect(fresh.worktree.base).toBe(remoteHead)
  const upstream = await sandbox.run('git', ['config', 'branch.feature/known.merge'])
  expect(upstream.status).toBe(1)
})

test('the default project is dw.project, else named by the URL of the remote, else by the directory', async ({
  sandbox,
}) => {
  const keyOf = async (task: string) =>
    (await sandbox.json(['claim', '--task', task, '--no-worktree'], ANNA)).keys[0].key
  expect(await keyOf('a')).toBe('task:repo/a')
  await sandbox.git(['remote', 'add', 'origin', 'git@example.com:team/shop.git'])
  expect(await keyOf('b')).toBe('task:shop/b')
  await sandbox.git(['config', 'dw.project', 'web'])
  expect(await keyOf('c')).toBe('task:web/c')
})

test('a claim from inside a linked worktree makes the next one in the same place', async ({ sandbox }) => {
  await sandbox.git(['config', 'dw.worktreePath', '../trees/{task}'])
  const first = await sandbox.json(['claim', '--task', 'one'], ANNA)
  const second = await sandbox.json(['claim', '--task', 'two'], { ...ANNA, cwd: first.worktree.path })
  expect(second.worktree.path).toBe(join(sandbox.root, 'trees/two'))
  expect(second.session).toBe(first.session)
  expect(second.keys).toMatchObject([{ key: 'task:repo/two' }])
})

test('a claim from a subdirectory makes the worktree where one from the top would', async ({ sandbox }) => {
  await sandbox.git(['config', 'dw.worktreePath', '../trees/{task}'])
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], {
    ...ANNA,
    cwd: join(sandbox.repo, 'src'),
  })
  expect(worktree.path).toBe(join(sandbox.root, 'trees/T'))
})

test('a bare repository gets worktrees for its tasks', async ({ sandbox }) => {
  const bare = join(sandbox.root, 'bare.git')
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, bare])
  const { worktree, keys } = await sandbox.json(['claim', '--task', 'T'], { ...ANNA, cwd: bare })
  expect(keys).toMatchObject([{ key: 'task:repo/T' }])
  expect(await branchOf(sandbox, worktree.path)).toBe('feature/T')
  expect(await sandbox.json(['status'], { cwd: worktree.path })).toMatchObject({ source: 'stamp' })
})

test('a submodule has its own sessions and worktrees', async ({ sandbox }) => {
  const allow = ['-c', 'protocol.file.allow=always']
  const origin = join(sandbox.root, 'library')
  await sandbox.git(['clone', '--quiet', sandbox.repo, origin])
  await sandbox.git([...allow, 'submodule', '--quiet', 'add', origin, 'lib'])
  const cwd = join(sandbox.repo, 'lib')
  const { worktree, keys } = await sandbox.json(['claim', '--task', 'T'], { ...ANNA, cwd })
  expect(keys).toMatchObject([{ key: 'task:library/T' }])
  expect(await branchOf(sandbox, worktree.path)).toBe('feature/T')
  expect(await sandbox.refs('refs/dw')).toStrictEqual([])
  expect(await sandbox.json(['status'], { cwd: worktree.path })).toMatchObject({ source: 'stamp' })
})

test('a SHA-256 repository gets worktrees', async () => {
  const sandbox = await Sandbox.create({ init: ['--object-format=sha256'] })
  try {
    const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
    expect(worktree.base).toMatch(/^[0-9a-f]{64}$/)
    expect(existsSync(join(worktree.path, 'README.md'))).toBe(true)
  } finally {
    sandbox.dispose()
  }
})

test('a repository without a commit can hold tasks only without worktrees', async ({ sandbox }) => {
  const cwd = join(sandbox.root, 'empty')
  await sandbox.git(['init', '--quiet', cwd])
  const refused = await sandbox.dw(['claim', '--task', 'T'], { ...ANNA, cwd })
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('--no-worktree')
  expect(await sandbox.git(['for-each-ref'], { cwd })).toBe('')
  expect((await sandbox.dw(['claim', '--task', 'T', '--no-worktree'], { ...ANNA, cwd })).status).toBe(0)
})

test('a shell goes to the new worktree by the answer of claim alone', async ({ sandbox }) => {
  const script = 'w=$(git dw claim --task T) && cd "$w" && git symbolic-ref --short HEAD && pwd'
  const { stdout } = await sandbox.run('sh', ['-c', script], ANNA)
  expect(stdout).toBe(`feature/T\n${sandbox.home}/worktrees/repo/T\n`)
})
