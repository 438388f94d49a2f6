import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }

const ODD_NAMES = [
  { task: 'a b', encoded: 'a%20b' },
  { task: 'ü', encoded: '%c3%bc' },
  { task: '日本', encoded: '%e6%97%a5%e6%9c%ac' },
  { task: 'con', encoded: '%63on' },
  { task: 'x.lock', encoded: 'x%2elock' },
  { task: 'a..b', encoded: 'a.%2eb' },
  { task: 'end.', encoded: 'end%2e' },
  { task: `it's "quoted"`, encoded: 'it%27s%20%22quoted%22' },
  { task: '$(touch pwned)', encoded: '%24%28touch%20pwned%29' },
  { task: '`touch pwned`;touch pwned', encoded: '%60touch%20pwned%60%3btouch%20pwned' },
  { task: '~', encoded: '%7e' },
  { task: '{project}', encoded: '%7bproject%7d' },
  { task: '100%', encoded: '100%25' },
] as const

test('odd names of tasks are encoded in branch, directory and ref, and never run', async ({ sandbox }) => {
  await sandbox.git(['config', 'dw.worktreePath', '../trees/{task}'])
  for (const { task, encoded } of ODD_NAMES) {
    const { worktree, keys } = await sandbox.json(['claim', '--task', task], ANNA)
    expect([task, keys[0].key]).toStrictEqual([task, `task:repo/${task}`])
    expect([task, worktree.path]).toStrictEqual([task, join(sandbox.root, 'trees', encoded)])
    expect(await sandbox.git(['symbolic-ref', 'HEAD'], { cwd: worktree.path })).toBe(
      `refs/heads/feature/${encoded}`,
    )
    expect(await sandbox.refs(`refs/dw/locks/task/repo/${encoded}`)).toHaveLength(1)
  }
  const trees = ODD_NAMES.map(({ encoded }) => join(sandbox.root, 'trees', encoded))
  for (const directory of [sandbox.repo, sandbox.root, sandbox.home, ...trees]) {
    expect(existsSync(join(directory, 'pwned'))).toBe(false)
  }
  expect(readdirSync(join(sandbox.root, 'trees'))).toHaveLength(ODD_NAMES.length)
})

test('a very long name gets a short directory and branch of its own', async ({ sandbox }) => {
  const one = await sandbox.json(['claim', '--task', '日'.repeat(100)], ANNA)
  const two = await sandbox.json(['claim', '--task', `${'日'.repeat(99)}本`], ANNA)
  expect(basename(one.worktree.path)).toMatch(/^%h[0-9a-f]{32}$/)
  expect(one.worktree.path).not.toBe(two.worktree.path)
  expect(dirname(one.worktree.path)).toBe(dirname(two.worktree.path))
})

test('tasks whose names differ only in case are one task with one worktree', async ({ sandbox }) => {
  const one = await sandbox.json(['claim', '--task', 'Fix'], ANNA)
  const again = await sandbox.json(['claim', '--task', 'fix'], ANNA)
  expect(again.keys).toMatchObject([{ already: true }])
  expect(again.worktree).toMatchObject({ path: one.worktree.path, created: false })
  expect((await sandbox.dw(['claim', '--task', 'FIX'], { agent: 'ben' })).status).toBe(1)
})

test('names that cannot be tasks are refused before anything is made', async ({ sandbox }) => {
  const before = await sandbox.refs()
  for (const task of ['', 'a/b', '-x', '.hidden', 'tab\there', 'x'.repeat(101)]) {
    const outcome = await sandbox.dw(['claim', `--task=${task}`], ANNA)
    expect([task, outcome.status]).toStrictEqual([task, 129])
  }
  expect(await sandbox.refs()).toStrictEqual(before)
  expect(existsSync(join(sandbox.home, 'worktrees'))).toBe(false)
})

test('a repository in a directory with an odd name works like any other', async ({ sandbox }) => {
  const cwd = join(sandbox.root, `it's "ü" $(x)`)
  await sandbox.git(['clone', '--quiet', sandbox.repo, cwd])
  await sandbox.git(['remote', 'remove', 'origin'], { cwd })
  const { worktree, keys } = await sandbox.json(['claim', '--task', 'T'], { ...ANNA, cwd })
  expect(keys[0].key).toBe(`task:it's "ü" $(x)/T`)
  expect(worktree.path).toBe(join(sandbox.home, 'worktrees/it%27s%20%22%c3%bc%22%20%24%28x%29/T'))
  expect((await sandbox.dw(['release', keys[0].key], { ...ANNA, cwd })).status).toBe(0)
})

test('a name of a branch that git would not take is refused', async ({ sandbox }) => {
  for (const branch of ['-x', 'a..b', 'a b', 'x.lock', '@', 'a/']) {
    const outcome = await sandbox.dw(['claim', '--task', 'T', `--branch=${branch}`], ANNA)
    expect([branch, outcome.status]).toStrictEqual([branch, 129])
    expect(outcome.stderr).toContain(`"${branch}"`)
  }
  expect(await sandbox.refs('refs/dw')).toStrictEqual([])
})

test('a base that looks like an option is a name of no commit', async ({ sandbox }) => {
  const outcome = await sandbox.dw(['claim', '--task', 'T', '--base=--force'], ANNA)
  expect(outcome.status).toBe(1)
  expect(outcome.stderr).toContain('"--force" names no commit')
})
