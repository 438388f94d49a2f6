import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { CountedGit } from './counted-git.ts'

const A = { agent: 'A' }

/** The most git processes that a command may start; each costs some milliseconds. `first` comes before it. */
const MOST: readonly {
  readonly name: string
  readonly first?: readonly (readonly string[])[]
  readonly args: readonly string[]
  readonly most: number
  readonly status?: number
}[] = [
  { name: 'the first claim of an agent', args: ['claim', 'x'], most: 5 },
  { name: 'a claim of a free path', first: [['init']], args: ['claim', 'x'], most: 5 },
  {
    name: 'a claim of 50 paths',
    first: [['init']],
    args: ['claim', ...Array.from({ length: 50 }, (_, at) => `x${at}`)],
    most: 5,
  },
  { name: 'a claim of what is mine', first: [['claim', 'x']], args: ['claim', 'x'], most: 3 },
  { name: 'a claim of what another holds', first: [['init']], args: ['claim', 'src'], most: 4, status: 1 },
  {
    name: 'a claim below what another holds',
    first: [['init']],
    args: ['claim', 'src/a.ts'],
    most: 9,
    status: 1,
  },
  {
    name: 'a claim of a free path that would wait',
    first: [['init']],
    args: ['claim', 'x', '--wait'],
    most: 5,
  },
  {
    // a try at each end, the own session once, and one process for each look after pauses that grow
    name: 'three seconds of waiting for what another holds',
    first: [['init']],
    args: ['claim', 'src', '--wait=3s'],
    most: 20,
    status: 75,
  },
  { name: 'a task with a new worktree', first: [['init']], args: ['claim', '--task', 'T'], most: 9 },
  { name: 'a first task with a new worktree', args: ['claim', '--task', 'T'], most: 9 },
  {
    name: 'a task of mine with its worktree',
    first: [['claim', '--task', 'T']],
    args: ['claim', '--task', 'T'],
    most: 6,
  },
  { name: 'a release', first: [['claim', 'x']], args: ['release', 'x'], most: 5 },
  { name: 'a release of all', first: [['claim', 'x', 'y']], args: ['release', '--all'], most: 6 },
  {
    name: 'a release of a task',
    first: [['claim', '--task', 'T', '--no-worktree']],
    args: ['release', '--task', 'T'],
    most: 6,
  },
  { name: 'a claim of a project', first: [['init']], args: ['claim', '--project', 'web'], most: 6 },
  {
    name: 'a release of a project',
    first: [['claim', '--project', 'web']],
    args: ['release', '--project', 'web'],
    most: 6,
  },
  { name: 'the projects', args: ['project', 'list'], most: 4 },
  { name: 'a new project', args: ['project', 'add', 'api', '--path', 'api'], most: 7 },
  {
    name: 'a result of a task without a worktree',
    first: [['claim', '--task', 'T', '--no-worktree']],
    args: ['record-result', '--task', 'T', '--status', 'passed'],
    most: 11,
  },
  {
    name: 'a claim of a task that failed',
    first: [
      ['claim', '--task', 'T'],
      ['record-result', '--task', 'T', '--status', 'failed'],
    ],
    args: ['claim', '--task', 'T'],
    most: 9,
  },
  { name: 'a clean-up with nothing to do', args: ['cleanup'], most: 8 },
  { name: 'a throttled heartbeat', first: [['claim', 'x']], args: ['heartbeat'], most: 3 },
  { name: 'a heartbeat that writes', first: [['claim', 'x']], args: ['heartbeat', '--force'], most: 5 },
  { name: 'a check', first: [['claim', 'x']], args: ['check', 'x'], most: 4 },
  {
    name: 'a check of what another holds',
    first: [['init']],
    args: ['check', 'src/a.ts'],
    most: 5,
    status: 1,
  },
  { name: 'locks', first: [['claim', 'x']], args: ['locks'], most: 3 },
  { name: 'status', first: [['claim', 'x']], args: ['status'], most: 3 },
  { name: 'sessions', first: [['init']], args: ['sessions'], most: 3 },
  { name: 'init of a new session', args: ['init'], most: 7 },
  { name: 'init of a session that is there', first: [['init']], args: ['init'], most: 3 },
  { name: 'an end', first: [['claim', 'x']], args: ['end'], most: 8 },
  { name: 'help', args: ['claim', '-h'], most: 0 },
]

describe('the git processes of a command', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
    await sandbox.dw(['claim', 'src'], { agent: 'another' })
    await sandbox.dw(['project', 'add', 'web', '--path', 'web'])
  })
  afterEach(() => sandbox.dispose())

  test.each(MOST.map((row) => [row.name, row.most, row] as const))(
    'of %s are at most %i',
    async (_, most, row) => {
      const { first = [], args, status = 0 } = row
      for (const before of first) expect((await sandbox.dw(before, A)).status).toBe(0)
      const outcome = await new CountedGit(sandbox).run(args, A)
      expect(outcome.status, outcome.stderr).toBe(status)
      expect(outcome.calls.length, outcome.calls.join('\n')).toBeLessThanOrEqual(most)
    },
  )

  // one looks at the files, one counts commits where there is no upstream
  test('of status in my own worktree are at most 6', async () => {
    const { worktree } = await sandbox.json(['claim', '--task', 'T'], A)
    const outcome = await new CountedGit(sandbox).run(['status'], { ...A, cwd: worktree.path })
    expect(outcome.stdout).toContain('0 ahead')
    // one of them looks for a result of the task
    expect(outcome.calls.length, outcome.calls.join('\n')).toBeLessThanOrEqual(6)
  })
})
