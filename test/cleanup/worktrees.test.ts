import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { ended, type Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const LATE = { env: { DW_TEST_CLOCK: '+30h' } }

/** A worktree of a session that has ended, with a commit of its own where `work` says so. */
async function orphan(sandbox: Sandbox, task: string, work = true): Promise<string> {
  const { worktree } = await sandbox.json(['claim', '--task', task], { agent: task })
  const cwd: string = worktree.path
  if (work) {
    writeFileSync(join(cwd, `of-${task}`), `${task}\n`)
    await sandbox.git(['add', '.'], { cwd })
    await sandbox.git(['commit', '-qm', task], { cwd })
  }
  await sandbox.dw(['end', '--force'], { agent: task })
  return cwd
}

interface Item {
  readonly name: string
  readonly why: string
  readonly done: boolean
}

const cleanup = async (sandbox: Sandbox, args: readonly string[] = [], options = {}): Promise<Item[]> =>
  (await sandbox.json(['cleanup', ...args], options)).items

test('orphaned worktrees are listed, and removed when told, with a reason for each', async ({
  sandbox,
  transcript,
}) => {
  const [dirty] = [
    await orphan(sandbox, 'dirty'),
    await orphan(sandbox, 'done'),
    await orphan(sandbox, 'open'),
  ]
  writeFileSync(join(dirty, 'draft'), 'x')
  await sandbox.git(['merge', '-q', '--no-ff', '-m', 'merge', 'feature/done'])
  await sandbox.json(['claim', '--task', 'live'], ANNA)
  await transcript.run('git dw cleanup')
  await transcript.run('git dw cleanup --dry-run --merged')
  await transcript.run('git dw cleanup --dry-run --prune')
  await transcript.run('git dw cleanup --merged')
  await transcript.run('git dw cleanup --prune')
  await transcript.run('git dw worktree list')
  await transcript.matches('cleanup-worktrees')
  expect(existsSync(join(dirty, 'draft'))).toBe(true)
})

describe('a worktree is nobody’s', () => {
  test('when its session is silent for too long, not before', async ({ sandbox }) => {
    const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
    const early = await cleanup(sandbox, ['--prune'], { env: { DW_TEST_CLOCK: '+3h' } })
    expect(early.map(({ name }) => name)).toEqual(['task:repo/T'])
    expect(existsSync(worktree.path)).toBe(true)
    expect((await cleanup(sandbox, ['--prune'], LATE)).at(-1)).toMatchObject({
      name: worktree.path,
      done: true,
    })
    expect(existsSync(worktree.path)).toBe(false)
  })

  test('not while another session holds its task', async ({ sandbox }) => {
    const path = await orphan(sandbox, 'T')
    await sandbox.dw(['claim', '--task', 'T', '--no-worktree'], ANNA)
    expect(await cleanup(sandbox, ['--prune'])).toStrictEqual([])
    expect(existsSync(path)).toBe(true)
  })

  test('not while its project is locked as a whole', async ({ sandbox }) => {
    const path = await orphan(sandbox, 'T')
    await sandbox.dw(['claim', '--project', 'repo'], ANNA)
    expect(await cleanup(sandbox, ['--prune'])).toStrictEqual([])
    expect(existsSync(path)).toBe(true)
  })

  test('never when no claim made it', async ({ sandbox }) => {
    const path = join(sandbox.root, 'own')
    await sandbox.git(['worktree', 'add', '-q', path])
    expect(await cleanup(sandbox, ['--prune'])).toStrictEqual([])
    expect(existsSync(path)).toBe(true)
  })
})

test('each gate keeps a worktree, and says which', async ({ sandbox }) => {
  const names = ['changed', 'nested', 'locked', 'stood-in', 'detached']
  const paths = new Map<string, string>()
  for (const name of names) paths.set(name, await orphan(sandbox, name))
  const at = (name: string) => paths.get(name) ?? ''
  writeFileSync(join(at('changed'), 'README.md'), 'x')
  await sandbox.git(['init', '-q', 'inside'], { cwd: at('nested') })
  await sandbox.git(['worktree', 'lock', at('locked')])
  await sandbox.git(['checkout', '-q', '--detach'], { cwd: at('detached') })
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'only here'], { cwd: at('detached') })
  const child = sandbox.start('cat', [], { cwd: at('stood-in') })
  try {
    for (const args of [['--dry-run', '--prune'], ['--prune']]) {
      const items = await cleanup(sandbox, args)
      const whys = Object.fromEntries(items.map(({ name, why, done }) => [name, `${done} ${why}`]))
      expect(whys).toEqual({
        [at('changed')]: expect.stringMatching(/^false .*it stays: .*changed: README\.md/),
        [at('nested')]: expect.stringMatching(/^false .*it stays: .*other repositories/),
        [at('locked')]: expect.stringMatching(/^false .*it stays: .*git worktree lock/),
        [at('stood-in')]: expect.stringMatching(/^false .*it stays: cat \(\d+\) stands in/),
        [at('detached')]: expect.stringMatching(/^false .*it stays: .*on no branch/),
      })
    }
  } finally {
    child.stdin?.end()
    await ended(child)
  }
  for (const path of paths.values()) expect(existsSync(path)).toBe(true)
})

test('a branch that nobody worked on is not merged', async ({ sandbox }) => {
  const path = await orphan(sandbox, 'T', false)
  const [item] = await cleanup(sandbox, ['--merged'])
  expect(item).toMatchObject({ done: false, why: expect.stringContaining('its branch is not merged') })
  expect(existsSync(path)).toBe(true)
})

test.for([
  [
    'squashed',
    [
      ['merge', '-q', '--squash', 'feature/T'],
      ['commit', '-qm', 'squashed'],
    ],
  ],
  ['rebased', [['cherry-pick', 'feature/T']]],
] as const)('--merged knows a branch that was %s', async ([how, commands], { sandbox }) => {
  const path = await orphan(sandbox, 'T')
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'something else'])
  for (const args of commands) await sandbox.git(args)
  // one commit squashed is that commit picked
  const known = how === 'squashed' ? /its branch is (?:squashed|rebased)/ : /its branch is rebased/
  const [item] = await cleanup(sandbox, ['--merged'])
  expect(item).toMatchObject({ done: true, why: expect.stringMatching(known) })
  expect(existsSync(path)).toBe(false)
  expect(await sandbox.refs('refs/heads/feature/T')).toHaveLength(1)
})

test('of a worktree whose directory is gone, the record goes only when nothing is kept in it', async ({
  sandbox,
}) => {
  const [gone, staged] = [await orphan(sandbox, 'gone'), await orphan(sandbox, 'staged')]
  writeFileSync(join(staged, 'draft'), 'x')
  await sandbox.git(['add', 'draft'], { cwd: staged })
  rmSync(gone, { recursive: true })
  renameSync(staged, `${staged}-moved`)
  const items = await cleanup(sandbox, ['--prune'])
  expect(items).toMatchObject([
    { name: gone, done: true, why: expect.stringContaining('its directory is gone') },
    { name: staged, done: false, why: expect.stringContaining('git still keeps what was staged') },
  ])
  expect(existsSync(join(`${staged}-moved`, 'draft'))).toBe(true)
})

test('the worktree that the command is given in stays', async ({ sandbox }) => {
  const path = await orphan(sandbox, 'T')
  const outcome = await sandbox.run('git-dw', ['cleanup', '--prune'], { cwd: path })
  expect([outcome.status, outcome.stdout]).toEqual([
    0,
    expect.stringContaining('this command was given in it'),
  ])
  expect(existsSync(path)).toBe(true)
})

test('a claim of a task whose orphaned worktree is cleaned up beside it has a whole worktree, or none', async ({
  sandbox,
}) => {
  for (let round = 0; round < 3; round += 1) {
    const task = `T${round}`
    const path = await orphan(sandbox, task)
    const [claim, clean] = await Promise.all([
      sandbox.dw(['claim', '--task', task], ANNA),
      sandbox.dw(['cleanup', '--prune', '--json']),
    ])
    expect(clean.status, clean.stderr).toBe(0)
    const [item, ...others] = JSON.parse(clean.stdout).items
    expect(others, clean.stdout).toStrictEqual([])
    if (claim.status === 0) {
      // that it was removed before the claim began does not matter: the claim then made it anew
      expect(claim.stdout).toBe(`${path}\n`)
      expect(readFileSync(join(path, `of-${task}`), 'utf8')).toBe(`${task}\n`)
      expect(await sandbox.git(['status', '--porcelain'], { cwd: path })).toBe('')
    } else {
      // where they meet in the middle each may leave it to the other
      expect(existsSync(path), claim.stderr).toBe(item?.done !== true)
    }
    await sandbox.dw(['end', '--force'], ANNA)
    await sandbox.dw(['cleanup', '--prune'])
  }
})
