import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'

describe('who a command acts for', () => {
  let sandbox: Sandbox
  /** Four sessions, one for each way to say who one is. */
  let named: string
  let variable: string
  let stamped: string
  let bound: string
  let worktree: string
  beforeEach(async () => {
    sandbox = await Sandbox.create()
    named = (await sandbox.dw(['new'])).stdout.trim()
    variable = (await sandbox.dw(['new'])).stdout.trim()
    const claim = await sandbox.json(['claim', '--task', 'T'])
    stamped = claim.session
    worktree = claim.worktree.path
    bound = (await sandbox.dw(['init'], { agent: 'A' })).stdout.trim()
  })
  afterEach(() => sandbox.dispose())

  const whoIs = async (args: readonly string[], options: Parameters<Sandbox['dw']>[1]) => {
    const { session, source, doubt } = await sandbox.json(['status', ...args], options)
    return doubt === null ? [session?.id, source] : doubt.code
  }

  test('is --session before everything else', async () => {
    const env = { DW_SESSION: variable }
    const options = { cwd: worktree, agent: 'A', env }
    expect(await whoIs(['--session', named], options)).toEqual([named, 'option'])
    const claim = await sandbox.json(['claim', 'x', '--session', named], options)
    expect(claim.session).toBe(named)
  })

  test('is DW_SESSION before stamp and binding', async () => {
    const options = { cwd: worktree, agent: 'A', env: { DW_SESSION: variable } }
    expect(await whoIs([], options)).toEqual([variable, 'variable'])
    expect((await sandbox.json(['claim', 'x'], options)).session).toBe(variable)
  })

  test('is not said by an empty DW_SESSION', async () => {
    const env = { DW_SESSION: '' }
    expect(await whoIs([], { cwd: worktree, env })).toEqual([stamped, 'stamp'])
    expect(await whoIs([], { agent: 'A', env })).toEqual([bound, 'binding'])
    const release = await sandbox.dw(['release', '--all'], { env })
    expect([release.status, release.stderr]).toEqual([
      128,
      expect.stringContaining('export DW_SESSION=$(git dw new)'),
    ])
  })

  test('is the stamp before a binding that names no live session', async () => {
    expect((await sandbox.dw(['end'], { agent: 'A' })).status).toBe(0)
    expect(await whoIs([], { cwd: worktree, agent: 'A' })).toEqual([stamped, 'stamp'])
  })

  test('is the stamp in the worktree and below it, and the binding elsewhere', async () => {
    expect(await whoIs([], { cwd: worktree })).toEqual([stamped, 'stamp'])
    expect(await whoIs([], { cwd: `${worktree}/src` })).toEqual([stamped, 'stamp'])
    expect(await whoIs([], { agent: 'A' })).toEqual([bound, 'binding'])
  })

  test('is in doubt where stamp and binding name different live sessions, and both are named', async () => {
    const options = { cwd: worktree, agent: 'A' }
    expect(await whoIs([], options)).toBe('DW_AMBIGUOUS')
    const commands = [['claim', 'x'], ['claim', '--task', 'U'], ['release', '--all'], ['heartbeat'], ['end']]
    for (const args of commands) {
      const outcome = await sandbox.dw([...args, '--json'], options)
      expect(outcome.status, args.join(' ')).toBe(128)
      const { error } = JSON.parse(outcome.stderr)
      expect(error.code).toBe('DW_AMBIGUOUS')
      expect(error.message).toContain(stamped)
      expect(error.message).toContain(bound)
    }
    for (const args of [['status'], ['locks'], ['sessions'], ['check', 'src/a.ts']]) {
      expect((await sandbox.dw(args, options)).status, args.join(' ')).toBe(0)
    }
    expect(await sandbox.refs('refs/dw/locks/path')).toEqual([])
    expect((await sandbox.json(['claim', 'x', '--session', bound], options)).session).toBe(bound)
  })

  test('is not said by the stamp of a session that has been silent for longer than its time', async () => {
    const later = { agent: 'L', env: { DW_TEST_CLOCK: '+3d' } }
    const fresh = (await sandbox.dw(['init'], later)).stdout.trim()
    expect(await whoIs([], { ...later, cwd: worktree })).toEqual([fresh, 'binding'])
  })

  test('is nobody for an id that no session has, whatever else would answer', async () => {
    const outcome = await sandbox.dw(['claim', 'x', '--session', 'SESS-0000000000', '--json'], { agent: 'A' })
    expect(outcome.status).toBe(1)
    expect(JSON.parse(outcome.stderr).error.code).toBe('DW_NOT_FOUND')
    expect(await sandbox.refs('refs/dw/locks/path')).toEqual([])
  })

  test('may be named by any prefix of an id that fits one session alone', async () => {
    const ids = [named, variable, stamped, bound]
    const others = ids.slice(1)
    let length = 'SESS-'.length + 1
    while (others.some((id) => id.startsWith(named.slice(0, length)))) length += 1
    for (const prefix of [
      named.slice(0, length),
      named.slice(5, length),
      named.slice(5, length).toLowerCase(),
    ]) {
      expect(await whoIs(['--session', prefix], {}), prefix).toEqual([named, 'option'])
      expect(await whoIs([], { env: { DW_SESSION: prefix } }), prefix).toEqual([named, 'variable'])
    }
    expect((await sandbox.dw(['resume', named.slice(5, length)], { agent: 'B' })).stdout.trim()).toBe(named)
  })

  test('is in doubt for a prefix that fits several sessions, and they are named', async () => {
    const outcome = await sandbox.dw(['claim', 'x', '--session', 'SESS-', '--json'])
    expect(outcome.status).toBe(128)
    const { error } = JSON.parse(outcome.stderr)
    expect(error.code).toBe('DW_AMBIGUOUS')
    for (const id of [named, variable, stamped, bound]) expect(error.message).toContain(id)
    expect(await sandbox.refs('refs/dw/locks/path')).toEqual([])
  })
})
