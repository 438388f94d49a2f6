import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'

describe('with nothing to bind to', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
    // somebody else is there, the most recent one: nothing may be guessed from that
    expect((await sandbox.dw(['claim', 'src'], { agent: 'somebody' })).status).toBe(0)
  })
  afterEach(() => sandbox.dispose())

  test.each([
    [['claim', 'docs']],
    [['claim', '--task', 'T', '--no-worktree']],
    [['release', 'src']],
    [['release', '--all']],
    [['heartbeat']],
    [['end']],
  ])('git dw %j changes nothing and says how to get a session', async (args) => {
    const before = await sandbox.refs()
    const outcome = await sandbox.dw([...args, '--json'])
    expect(outcome.status).toBe(128)
    expect(outcome.stdout).toBe('')
    const { error } = JSON.parse(outcome.stderr)
    expect(error.code).toBe('DW_NO_SESSION')
    expect(error.hints[0]).toContain('export DW_SESSION=$(git dw new)')
    expect(await sandbox.refs()).toEqual(before)
  })

  test.each([[['status']], [['locks']], [['sessions']], [['sessions', '--all']], [['check', 'docs']]])(
    'git dw %j reads on',
    async (args) => {
      const outcome = await sandbox.dw(args)
      expect([outcome.status, outcome.stderr]).toEqual([0, ''])
      expect(outcome.stdout).not.toBe('')
    },
  )

  test('a task can be claimed, because the stamp of its worktree then says who', async () => {
    const { session, started, worktree } = await sandbox.json(['claim', '--task', 'T'])
    expect(started).toBe(true)
    expect((await sandbox.json(['claim', 'docs'], { cwd: worktree.path })).session).toBe(session)
    expect((await sandbox.dw(['heartbeat'])).status).toBe(128)
    expect((await sandbox.dw(['end'], { cwd: worktree.path })).status).toBe(0)
    expect(await sandbox.refs('refs/dw/locks/task')).toEqual([])
  })

  test('a session made by hand is used through DW_SESSION', async () => {
    const id = (await sandbox.dw(['new'])).stdout.trim()
    expect((await sandbox.json(['claim', 'docs'], { env: { DW_SESSION: id } })).session).toBe(id)
    expect((await sandbox.dw(['claim', 'other'])).status).toBe(128)
  })
})
