import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import {
  agents,
  complaints,
  linkedWorktrees,
  liveSessions,
  locks,
  statuses,
  worktreeDirectories,
} from './contest.ts'

describe('32 processes that want the same', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
  })
  afterEach(() => sandbox.dispose())

  test('one gets the task, 31 are refused and named the winner, and only the winner leaves anything', async () => {
    const outcomes = await Promise.all(
      agents(32).map((agent) => sandbox.dw(['claim', '--task', 'T'], { agent })),
    )
    expect(statuses(outcomes), complaints(outcomes, [0, 1])).toBe('0×1 1×31')

    const [winner, ...others] = await liveSessions(sandbox)
    expect(others).toEqual([])
    const refused = outcomes.filter(({ status }) => status === 1)
    for (const { stderr, stdout } of refused) {
      expect(stderr).toContain(winner)
      expect(stdout).toBe('')
    }
    expect(await locks(sandbox)).toEqual([
      { ref: 'refs/dw/locks/task/repo/t', key: 'task:repo/T', session: winner },
    ])
    const path = outcomes.find(({ status }) => status === 0)?.stdout.trim() ?? ''
    expect(await linkedWorktrees(sandbox)).toEqual([path])
    expect(worktreeDirectories(sandbox)).toEqual(['T'])
    expect(await sandbox.git(['branch', '--format=%(refname:short)'])).toBe('feature/T\nmain')
    expect(await sandbox.refs('refs/dw/log')).toHaveLength(1)
    expect(await sandbox.git(['status', '--porcelain'], { cwd: path })).toBe('')
  })

  test('a directory and a file in it, wanted by 16 each, go to one of them all', async () => {
    const outcomes = await Promise.all(
      agents(32).map((agent, at) => sandbox.dw(['claim', at % 2 === 0 ? 'src' : 'src/a.ts'], { agent })),
    )
    expect(statuses(outcomes), complaints(outcomes, [0, 1])).toBe('0×1 1×31')

    const [winner, ...others] = await liveSessions(sandbox)
    expect(others).toEqual([])
    const won = outcomes.findIndex(({ status }) => status === 0) % 2 === 0 ? 'src' : 'src/a.ts'
    expect(await locks(sandbox)).toEqual([{ ref: `refs/dw/locks/path/${won}`, key: won, session: winner }])
    for (const { stderr } of outcomes.filter(({ status }) => status === 1)) {
      expect(stderr).toContain(`"${won}" is held by ${winner}`)
    }
  })
})

describe('16 processes that want 16 tasks', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
  })
  afterEach(() => sandbox.dispose())

  test('all get a stamped worktree at the first try', async () => {
    const outcomes = await Promise.all(
      agents(16).map((agent, at) => sandbox.dw(['claim', '--task', `T${at}`, '--json'], { agent })),
    )
    expect(statuses(outcomes), complaints(outcomes, [0])).toBe('0×16')
    const answers = outcomes.map(({ stdout }) => JSON.parse(stdout))
    const paths = answers.map(({ worktree }) => worktree.path)
    expect((await linkedWorktrees(sandbox)).sort()).toEqual([...paths].sort())
    expect(new Set(paths).size).toBe(16)
    expect(await locks(sandbox)).toHaveLength(16)
    expect(await liveSessions(sandbox)).toHaveLength(16)
    // a process without agent and terminal knows who it is by the stamp alone
    const views = await Promise.all(paths.map((cwd) => sandbox.json(['status'], { cwd })))
    expect(views.map(({ session, source }) => [session.id, source])).toEqual(
      answers.map(({ session }) => [session, 'stamp']),
    )
  })
})
