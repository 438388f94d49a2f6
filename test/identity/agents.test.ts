import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'

describe('agents', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
  })
  afterEach(() => sandbox.dispose())

  const idOf = async (agent: string) => (await sandbox.json(['status'], { agent })).session?.id

  test('in one directory are never mixed up', async () => {
    const a = (await sandbox.json(['claim', 'a'], { agent: 'A' })).session
    const b = (await sandbox.json(['claim', 'b'], { agent: 'B' })).session
    expect(a).not.toBe(b)
    expect((await sandbox.json(['claim', 'a2'], { agent: 'A' })).session).toBe(a)
    expect((await sandbox.dw(['claim', 'a'], { agent: 'B' })).status).toBe(1)
    const release = await sandbox.dw(['release', 'a', '--json'], { agent: 'B' })
    expect([release.status, JSON.parse(release.stderr).error.code]).toEqual([1, 'DW_NOT_OWNER'])
    expect((await sandbox.json(['release', '--all'], { agent: 'B' })).released).toEqual(['b'])
    expect((await sandbox.dw(['end'], { agent: 'B' })).status).toBe(0)
    expect([await idOf('A'), await idOf('B')]).toEqual([a, undefined])
  })

  test('that stand in the worktree of another are in doubt, and both are named', async () => {
    const a = await sandbox.json(['claim', '--task', 'A'], { agent: 'A' })
    const b = await sandbox.json(['claim', '--task', 'B'], { agent: 'B' })
    const outcome = await sandbox.dw(['claim', 'x', '--json'], { agent: 'A', cwd: b.worktree.path })
    expect(outcome.status).toBe(128)
    const { error } = JSON.parse(outcome.stderr)
    expect(error.code).toBe('DW_AMBIGUOUS')
    expect(error.message).toContain(a.session)
    expect(error.message).toContain(b.session)
    expect((await sandbox.json(['claim', 'x'], { agent: 'A', cwd: a.worktree.path })).session).toBe(a.session)
  })

  test('without a session do not act for the agent whose worktree they stand in', async () => {
    const b = await sandbox.json(['claim', '--task', 'B'], { agent: 'B' })
    const before = await sandbox.refs()
    for (const args of [['claim', 'x'], ['release', '--all'], ['heartbeat'], ['end']]) {
      const outcome = await sandbox.dw([...args, '--json'], { agent: 'new', cwd: b.worktree.path })
      expect([outcome.status, JSON.parse(outcome.stderr).error.code]).toEqual([128, 'DW_AMBIGUOUS'])
      expect(outcome.stderr).toContain(b.session)
    }
    expect(await sandbox.refs()).toEqual(before)
  })

  test('get one session from init however often it is asked, and another from init --new', async () => {
    const first = (await sandbox.dw(['init'], { agent: 'A' })).stdout
    expect((await sandbox.dw(['init'], { agent: 'A' })).stdout).toBe(first)
    const second = (await sandbox.dw(['init', '--new'], { agent: 'A' })).stdout
    expect(second).not.toBe(first)
    expect(await idOf('A')).toBe(second.trim())
    expect((await sandbox.dw(['init'], { agent: 'A' })).stdout).toBe(second)
    expect(await sandbox.refs('refs/dw/active')).toHaveLength(2)
  })

  test('that are bound stay so when they make a session for a subagent', async () => {
    const mine = (await sandbox.dw(['init'], { agent: 'A' })).stdout.trim()
    const sub = (await sandbox.dw(['new'], { agent: 'A' })).stdout.trim()
    expect(sub).not.toBe(mine)
    expect(await idOf('A')).toBe(mine)
    const env = { DW_SESSION: sub }
    expect((await sandbox.json(['claim', 'x'], { agent: 'A', env })).session).toBe(sub)
    expect((await sandbox.dw(['claim', 'x'], { agent: 'A' })).status).toBe(1)
  })

  test('that are bound to nothing are bound to the session that they make', async () => {
    const id = (await sandbox.dw(['new'], { agent: 'A' })).stdout.trim()
    expect(await idOf('A')).toBe(id)
  })

  test('start a new session with a claim when theirs has ended', async () => {
    const first = (await sandbox.json(['claim', 'x'], { agent: 'A' })).session
    expect((await sandbox.dw(['end'], { agent: 'A' })).status).toBe(0)
    expect((await sandbox.dw(['release', '--all'], { agent: 'A' })).status).toBe(128)
    const again = await sandbox.json(['claim', 'x'], { agent: 'A' })
    expect(again.started).toBe(true)
    expect(again.session).not.toBe(first)
    expect(await idOf('A')).toBe(again.session)
  })
})

describe('taking a session over', () => {
  let sandbox: Sandbox
  let session: string
  beforeEach(async () => {
    sandbox = await Sandbox.create()
    session = (await sandbox.json(['claim', 'src'], { agent: 'A' })).session
  })
  afterEach(() => sandbox.dispose())

  test('is refused while it looks alive elsewhere', async () => {
    const before = await sandbox.refs()
    const outcome = await sandbox.dw(['resume', session, '--json'], { agent: 'B' })
    expect([outcome.status, JSON.parse(outcome.stderr).error.code]).toEqual([1, 'DW_ALIVE'])
    expect(await sandbox.refs()).toEqual(before)
    expect((await sandbox.dw(['claim', 'x'], { agent: 'A' })).status).toBe(0)
  })

  test('tells the other side at its next command, and the locks go with it', async () => {
    expect((await sandbox.dw(['resume', session, '--takeover'], { agent: 'B' })).stdout.trim()).toBe(session)
    expect((await sandbox.json(['claim', 'docs'], { agent: 'B' })).session).toBe(session)
    expect((await sandbox.json(['check', 'src'], { agent: 'B' })).items[0].answer).toBe('mine')
    for (const args of [['claim', 'x'], ['release', 'src'], ['heartbeat'], ['end']]) {
      const outcome = await sandbox.dw([...args, '--json'], { agent: 'A' })
      expect([outcome.status, JSON.parse(outcome.stderr).error.code], args.join(' ')).toEqual([4, 'DW_LOST'])
      expect(outcome.stderr).toContain(session)
    }
    const status = await sandbox.dw(['status'], { agent: 'A' })
    expect([status.status, status.stdout]).toEqual([0, expect.stringContaining(`${session} was taken over`)])
    const fresh = (await sandbox.dw(['init', '--new'], { agent: 'A' })).stdout.trim()
    expect((await sandbox.json(['claim', 'x'], { agent: 'A' })).session).toBe(fresh)
  })

  test('needs no --takeover of a session that has been silent for longer than its time', async () => {
    const later = { agent: 'B', env: { DW_TEST_CLOCK: '+25h' } }
    expect((await sandbox.dw(['resume', session], later)).status).toBe(0)
    expect((await sandbox.json(['status'], later)).session.id).toBe(session)
  })

  test('is refused for a session that has ended', async () => {
    expect((await sandbox.dw(['end'], { agent: 'A' })).status).toBe(0)
    const outcome = await sandbox.dw(['resume', session, '--takeover', '--json'], { agent: 'B' })
    expect([outcome.status, JSON.parse(outcome.stderr).error.code]).toEqual([1, 'DW_NOT_FOUND'])
  })
})
