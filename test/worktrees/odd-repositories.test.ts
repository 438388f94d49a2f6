import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'vitest'
import type { RunOptions, Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }

/** Claims T in `cwd`, and expects a worktree at the usual place with the files of the commit. */
async function expectWorktree(sandbox: Sandbox, project: string, options: RunOptions): Promise<string> {
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], { ...ANNA, ...options })
  expect(status, stderr).toBe(0)
  const worktree = join(sandbox.home, 'worktrees', project, 'T')
  expect(stdout).toBe(`${worktree}\n`)
  const own = { cwd: worktree }
  expect(await sandbox.git(['rev-parse', '--show-toplevel'], own)).toBe(worktree)
  expect(await sandbox.git(['symbolic-ref', '--short', 'HEAD'], own)).toBe('feature/T')
  expect(await sandbox.git(['status', '--porcelain'], own)).toBe('')
  expect((await sandbox.json(['status'], own)).session.worktree.path).toBe(worktree)
  return worktree
}

/** What must not change in a repository: its refs but ours and the task's branch, index, files, settings. */
async function look(sandbox: Sandbox, options: RunOptions): Promise<string[]> {
  const refs = await sandbox.git(['for-each-ref'], options)
  return [
    refs
      .split('\n')
      .filter((line) => !/refs\/(?:dw|heads\/feature)\//.test(line))
      .join('\n'),
    await sandbox.git(['status', '--porcelain', '--ignored'], options),
    await sandbox.git(['config', '--local', '--list'], options),
  ]
}

test('a partial clone fetches what its new worktree needs', async ({ sandbox }) => {
  await sandbox.git(['config', 'uploadpack.allowFilter', 'true'])
  sandbox.write('src/b.ts', 'export const b = 1\n')
  await sandbox.git(['add', '.'])
  await sandbox.git(['commit', '--quiet', '-m', 'second'])
  const clone = join(sandbox.root, 'partial')
  const url = pathToFileURL(sandbox.repo).href
  await sandbox.git(['clone', '--quiet', '--filter=blob:none', '--no-checkout', url, clone])
  const missing = await sandbox.git(['rev-list', '--objects', '--all', '--missing=print'], { cwd: clone })
  expect(missing).toMatch(/^\?/m)
  const worktree = await expectWorktree(sandbox, 'repo', { cwd: clone })
  expect(readFileSync(join(worktree, 'src/b.ts'), 'utf8')).toBe('export const b = 1\n')
})

test('a shallow clone stays shallow', async ({ sandbox }) => {
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'second'])
  const clone = join(sandbox.root, 'shallow')
  await sandbox.git(['clone', '--quiet', '--depth=1', pathToFileURL(sandbox.repo).href, clone])
  const worktree = await expectWorktree(sandbox, 'repo', { cwd: clone })
  expect(await sandbox.git(['rev-list', '--count', 'HEAD'], { cwd: worktree })).toBe('1')
  expect(await sandbox.git(['rev-parse', '--is-shallow-repository'], { cwd: worktree })).toBe('true')
})

test('in a repository inside a repository, the inner one gets the worktree', async ({ sandbox }) => {
  const inner = join(sandbox.repo, 'vendor/inner')
  await sandbox.git(['init', '--quiet', '--initial-branch=main', inner])
  sandbox.write('vendor/inner/deep/inner.txt', 'inner\n')
  await sandbox.git(['add', '.'], { cwd: inner })
  await sandbox.git(['commit', '--quiet', '-m', 'inner'], { cwd: inner })
  const outer = await look(sandbox, {})
  const refs = await sandbox.refs()
  const worktree = await expectWorktree(sandbox, 'inner', { cwd: join(inner, 'deep') })
  expect(existsSync(join(worktree, 'deep/inner.txt'))).toBe(true)
  expect(await look(sandbox, {})).toStrictEqual(outer)
  expect(await sandbox.refs()).toStrictEqual(refs)
  // and the outer one has a task T of its own
  expect((await sandbox.json(['claim', '--task', 'T'], { agent: 'ben' })).worktree.path).toBe(
    join(sandbox.home, 'worktrees/repo/T'),
  )
})

test('a submodule gets worktrees of its own, counted from where it is checked out', async ({ sandbox }) => {
  const allow = ['-c', 'protocol.file.allow=always']
  const top = join(sandbox.root, 'top')
  await sandbox.git(['init', '--quiet', '--initial-branch=main', top])
  await sandbox.git([...allow, 'submodule', '--quiet', 'add', sandbox.repo, 'libs/sub'], { cwd: top })
  await sandbox.git(['commit', '--quiet', '-m', 'sub'], { cwd: top })
  const sub = join(top, 'libs/sub')
  writeFileSync(join(top, '.git/modules/libs/sub/info/exclude'), '.env\n.worktreeinclude\n')
  writeFileSync(join(sub, '.worktreeinclude'), '.env\n')
  writeFileSync(join(sub, '.env'), 'of the submodule\n')
  await sandbox.git(['config', 'dw.worktreePath', '../../../trees/{task}'], { cwd: sub })
  const before = [await look(sandbox, { cwd: sub }), await look(sandbox, { cwd: top })]
  for (const [task, cwd] of [
    ['T', sub],
    ['U', join(sandbox.root, 'trees/T')],
  ] as const) {
    const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', task], { ...ANNA, cwd })
    expect(status, stderr).toBe(0)
    expect(stdout).toBe(`${join(sandbox.root, 'trees', task)}\n`)
    expect(readFileSync(join(stdout.trimEnd(), '.env'), 'utf8')).toBe('of the submodule\n')
  }
  expect([await look(sandbox, { cwd: sub }), await look(sandbox, { cwd: top })]).toStrictEqual(before)
})

test('core.worktree: the list, the files and relative paths are those of the tree it names', async ({
  sandbox,
}) => {
  const tree = join(sandbox.root, 'elsewhere/tree')
  mkdirSync(tree, { recursive: true })
  await sandbox.git(['config', 'core.worktree', '../../elsewhere/tree'])
  await sandbox.git(['config', 'dw.worktreePath', '../{task}'])
  sandbox.write('.git/info/exclude', '.env\n.worktreeinclude\n')
  // the files beside the git directory are nobody's now
  sandbox.write('.worktreeinclude', '')
  writeFileSync(join(tree, '.worktreeinclude'), '.env\n')
  writeFileSync(join(tree, '.env'), 'of the tree\n')
  const gitDir = { env: { GIT_DIR: join(sandbox.repo, '.git') }, cwd: tree }
  await sandbox.git(['checkout', '--quiet', '-f', 'main'], gitDir)
  const before = await look(sandbox, gitDir)
  const first = await sandbox.dw(['claim', '--task', 'T'], { ...ANNA, ...gitDir })
  expect(first.stdout, first.stderr).toBe(`${join(sandbox.root, 'elsewhere/T')}\n`)
  expect(readFileSync(join(first.stdout.trimEnd(), '.env'), 'utf8')).toBe('of the tree\n')
  const own = { cwd: first.stdout.trimEnd() }
  expect(await sandbox.git(['status', '--porcelain'], own)).toBe('')
  const second = await sandbox.dw(['claim', '--task', 'U'], { ...ANNA, ...own })
  expect(second.stdout, second.stderr).toBe(`${join(sandbox.root, 'elsewhere/U')}\n`)
  expect(readFileSync(join(second.stdout.trimEnd(), '.env'), 'utf8')).toBe('of the tree\n')
  expect(await look(sandbox, gitDir)).toStrictEqual(before)
})

test('GIT_DIR and GIT_WORK_TREE choose the repository, not the one that the directory is in', async ({
  sandbox,
}) => {
  const other = join(sandbox.root, 'other')
  await sandbox.git(['init', '--quiet', other])
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'other'], { cwd: other })
  sandbox.write('.git/info/exclude', '.env\n.worktreeinclude\n')
  sandbox.write('.worktreeinclude', '.env\n')
  sandbox.write('.env', 'chosen\n')
  const untouched = await look(sandbox, { cwd: other })
  const before = await look(sandbox, {})
  const env = { GIT_DIR: join(sandbox.repo, '.git'), GIT_WORK_TREE: sandbox.repo }
  const worktree = await expectWorktree(sandbox, 'repo', { cwd: other, env })
  expect(readFileSync(join(worktree, '.env'), 'utf8')).toBe('chosen\n')
  expect(await sandbox.git(['for-each-ref', 'refs/dw'], { cwd: other })).toBe('')
  expect(await look(sandbox, { cwd: other })).toStrictEqual(untouched)
  expect(await look(sandbox, {})).toStrictEqual(before)
})
