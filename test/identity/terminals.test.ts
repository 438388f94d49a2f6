import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { Shell } from './shell.ts'

/** Variables that terminals set, and that everything started in them inherits. */
const TMUX = { TMUX: '/tmp/tmux-0/default,1,0', TMUX_PANE: '%1' }
const VARIABLES: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['the tty', {}],
  ['TMUX and TMUX_PANE', TMUX],
  ['TERM_SESSION_ID', { TERM_SESSION_ID: 'w0t0p0:0B0B' }],
  ['WT_SESSION', { WT_SESSION: '6b6b-0000' }],
]

describe('terminals', () => {
  let sandbox: Sandbox
  const open: Shell[] = []
  beforeEach(async () => {
    sandbox = await Sandbox.create()
  })
  afterEach(async () => {
    await Promise.all(open.splice(0).map((shell) => shell.close()))
    sandbox.dispose()
  })

  const openShell = (env: Readonly<Record<string, string>> = {}) => {
    const shell = new Shell(sandbox, { env })
    open.push(shell)
    return shell
  }
  const sessionOf = async (shell: Shell, command: string): Promise<string> => {
    const { status, stdout, stderr } = await shell.run(`${command} --json`)
    expect([status, stderr]).toEqual([0, ''])
    return JSON.parse(stdout).session
  }

  test.each(VARIABLES)('known by %s keep their sessions apart', async (_, env) => {
    // the same variables in both: one shell was started from the other, or a name was used again
    const [left, right] = [openShell(env), openShell(env)]
    const mine = await sessionOf(left, 'git dw claim left')
    const theirs = await sessionOf(right, 'git dw claim right')
    expect(theirs).not.toBe(mine)
    expect(await sessionOf(left, 'git dw claim left/too')).toBe(mine)
    expect((await right.run('git dw claim left')).status).toBe(1)
    expect((await right.run('git dw release left')).status).toBe(1)
    expect((await right.run('git dw release --all')).stdout).toBe('right\n')
    expect((await left.run('git dw release --all')).stdout).toBe('left\n')
  })

  test('are known in subshells, scripts and substitutions, too', async () => {
    const shell = openShell()
    const mine = await sessionOf(shell, 'git dw claim a')
    const nested = await shell.run(`sh -c 'x=$(git dw status --json); printf %s "$x"'`)
    expect(JSON.parse(nested.stdout).session.id).toBe(mine)
    const worktree = await shell.run('w=$(git dw claim --task T) && cd "$w" && git dw status --json')
    expect(JSON.parse(worktree.stdout).session.id).toBe(mine)
  })

  test('give way to an agent that runs in them', async () => {
    const shell = openShell()
    const mine = await sessionOf(shell, 'git dw claim a')
    const agents = await sessionOf(shell, 'CLAUDE_CODE_SESSION_ID=A git dw claim b')
    expect(agents).not.toBe(mine)
    expect(await sessionOf(shell, 'git dw claim c')).toBe(mine)
    expect((await sandbox.json(['claim', 'd'], { agent: 'A' })).session).toBe(agents)
  })

  test.each(VARIABLES)('known by %s are none where neither stdin nor stderr is one', async (_, env) => {
    const shell = openShell(env)
    const piped = await shell.run('git dw claim a', { stdin: 'null' })
    expect([piped.status, piped.stderr]).toEqual([128, expect.stringContaining('git dw new')])
    const pipe = await shell.run('true | git dw claim a')
    expect([pipe.status, pipe.stderr]).toEqual([128, expect.stringContaining('git dw new')])
    expect(await sandbox.refs('refs/dw/locks')).toEqual([])

    const mine = await sessionOf(shell, 'git dw claim a')
    expect((await shell.run('git dw release a', { stdin: 'null' })).status).toBe(128)
    const byStderr = await shell.run('git dw claim b --json', { stdin: 'null', stderr: 'terminal' })
    expect(JSON.parse(byStderr.stdout).session).toBe(mine)
  })

  test('are not those of a process with a session of its own', async () => {
    const shell = openShell(TMUX)
    await sessionOf(shell, 'git dw claim a')
    const daemon = await shell.run('setsid -w git dw claim b', { stderr: 'file' })
    expect([daemon.status, daemon.stderr]).toEqual([128, expect.stringContaining('git dw new')])
  })

  test('that are gone leave a session that can be resumed without --takeover', async () => {
    const [first, second] = [openShell(), openShell()]
    const session = await sessionOf(first, 'git dw claim src')
    expect((await second.run(`git dw resume ${session}`)).status).toBe(1)
    await first.close()
    open.splice(open.indexOf(first), 1)
    expect((await second.run(`git dw resume ${session}`)).stdout.trim()).toBe(session)
    expect((await second.run('git dw release src')).stdout).toBe('src\n')
  })

  test('learn that another terminal has taken their session', async () => {
    const [first, second] = [openShell(), openShell()]
    const session = await sessionOf(first, 'git dw claim src')
    expect((await second.run(`git dw resume --takeover ${session}`)).status).toBe(0)
    const outcome = await first.run('git dw release src')
    expect([outcome.status, outcome.stderr]).toEqual([
      4,
      expect.stringContaining(`${session} was taken over`),
    ])
    expect(await sessionOf(second, 'git dw claim src')).toBe(session)
  })

  test('that get the name of one that is gone do not get its session', async () => {
    const first = openShell()
    const tty = (await first.run('tty')).stdout
    const session = await sessionOf(first, 'git dw claim src')
    await first.close()
    open.splice(open.indexOf(first), 1)
    // the system gives the lowest free name, unless somebody else has just taken it
    let second = openShell()
    for (let tries = 0; tries < 50 && (await second.run('tty')).stdout !== tty; tries += 1)
      second = openShell()
    expect((await second.run('tty')).stdout).toBe(tty)
    expect((await second.run('git dw release src')).status).toBe(128)
    expect(await sessionOf(second, 'git dw claim other')).not.toBe(session)
  })
})
