import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { KEY, Terminal } from '../harness/terminal.ts'
import { test } from '../harness/transcript.ts'

const ID = /SESS-[0-9A-HJKMNP-TV-Z]{10}/

/** Sessions of two agents, one of them with a task. */
async function twoSessions(sandbox: Sandbox): Promise<{ anna: string; ben: string }> {
  const anna = await sandbox.json(['claim', '--task', 'login', '--no-worktree'], { agent: 'anna' })
  const ben = await sandbox.json(['new'], { agent: 'ben' })
  return { anna: anna.session, ben: ben.session }
}

async function live(sandbox: Sandbox): Promise<string[]> {
  const refs = await sandbox.refs('refs/dw/active')
  return refs.map((line) => line.split(' ')[0]?.split('/').at(-1)?.toUpperCase() ?? '').sort()
}

test('without any session, init at a terminal asks nothing and starts one', async ({ sandbox }) => {
  const { status, screen } = await new Terminal(sandbox, 'git dw init').ended()
  expect(status).toBe(0)
  expect(screen).toMatch(ID)
  expect(screen).not.toContain('Which session')
  expect(await live(sandbox)).toHaveLength(1)
})

describe.each([100, 40])('the picker at %i columns', (cols) => {
  test('starts a new session with Enter alone', async ({ sandbox }) => {
    const before = await twoSessions(sandbox)
    const terminal = new Terminal(sandbox, 'git dw init', { cols })
    await terminal.sees(/Which session\?[\s\S]*new session/)
    terminal.type(KEY.enter)
    const { status, screen } = await terminal.ended()
    expect(status).toBe(0)
    expect(screen).toMatch(/started SESS-/)
    expect(await live(sandbox)).toHaveLength(3)
    expect(await live(sandbox)).toEqual(expect.arrayContaining([before.anna, before.ben]))
  })

  test('finds a session by typing a part of it, and takes it over after a yes', async ({ sandbox }) => {
    const { anna } = await twoSessions(sandbox)
    const terminal = new Terminal(sandbox, 'git dw init', { cols })
    await terminal.sees(/Which session\?[\s\S]*login/)
    terminal.type('login')
    await terminal.sees(/login/)
    terminal.type(KEY.enter)
    await terminal.sees(/resume it/)
    terminal.type(KEY.enter)
    await terminal.sees(/Take it over\?/)
    terminal.type('y')
    const { status, screen } = await terminal.ended()
    expect(status, screen).toBe(0)
    expect(screen).toContain('taken over')
    expect(screen).toContain(anna)
    const told = await sandbox.dw(['heartbeat'], { agent: 'anna' })
    expect(told.status).toBe(4)
  })
})

test('arrow keys choose, and an old session can be ended from the picker', async ({ sandbox }) => {
  const { anna, ben } = await twoSessions(sandbox)
  const terminal = new Terminal(sandbox, 'git dw init')
  await terminal.sees(/new session.*login/)
  terminal.type(KEY.down)
  await terminal.sees(new RegExp(ben))
  terminal.type(KEY.enter)
  await terminal.sees(/resume it[\s\S]*end it/)
  terminal.type(KEY.down + KEY.down)
  await terminal.sees(/end it/)
  terminal.type(KEY.enter)
  await terminal.sees(new RegExp(`End ${ben}`))
  terminal.type('y')
  await terminal.sees(/Which session\?[\s\S]*login/)
  expect(await live(sandbox)).toEqual([anna])
  terminal.type(KEY.enter)
  expect((await terminal.ended()).status).toBe(0)
})

test('a session silent for over a day has a mark', async ({ sandbox }) => {
  await sandbox.json(['claim', '--task', 'old', '--no-worktree'], {
    agent: 'anna',
    env: { DW_TEST_CLOCK: '-30h' },
  })
  await sandbox.json(['claim', '--task', 'young', '--no-worktree'], { agent: 'ben' })
  const terminal = new Terminal(sandbox, 'git dw init')
  const screen = await terminal.sees(/old/)
  expect(screen).toMatch(/⚠ repo \/ old/)
  expect(screen).not.toMatch(/⚠ repo \/ young/)
  terminal.type(KEY.interrupt)
  await terminal.ended()
})

test.for([
  ['Ctrl-C', KEY.interrupt],
  ['Escape', KEY.escape],
] as const)('%s leaves the picker with 130 and changes nothing', async ([, key], { sandbox }) => {
  await twoSessions(sandbox)
  const before = await sandbox.refs()
  const terminal = new Terminal(sandbox, 'git dw init')
  await terminal.sees(/Which session/)
  terminal.type(key)
  const { status, screen } = await terminal.ended()
  expect(status).toBe(130)
  expect(screen).toContain('cancelled; nothing was changed')
  expect(await sandbox.refs()).toStrictEqual(before)
})

test.for([
  ['--json', 'git dw init --json', {}],
  ['CI', 'git dw init', { CI: '1' }],
  ['--new', 'git dw init --new', {}],
  ['a stdin that is no terminal', 'git dw init </dev/null', {}],
  ['a stderr that is no terminal', 'git dw init 2>/dev/null', {}],
] as const)('with %s nothing is asked', async ([, command, env], { sandbox }) => {
  await twoSessions(sandbox)
  const { status, screen } = await new Terminal(sandbox, command, { env }).ended()
  expect(status).toBe(0)
  expect(screen).not.toContain('Which session')
  expect(screen).toMatch(ID)
})

describe('end at a terminal', () => {
  test('names unpushed work and open locks, and offers to remove the worktree', async ({ sandbox }) => {
    const agent = { agent: 'anna' }
    const { worktree, session } = await sandbox.json(['claim', '--task', 'login'], agent)
    await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'work'], { cwd: worktree.path })
    const terminal = new Terminal(sandbox, 'git dw end', { ...agent })
    await terminal.sees(/1 commit not pushed[\s\S]*End it all the same\?/)
    terminal.type('y')
    await terminal.sees(new RegExp(`End ${session} and release task:repo/login\\?`))
    terminal.type('y')
    await terminal.sees(/Remove its worktree/)
    terminal.type('y')
    const { status, screen } = await terminal.ended()
    expect(status, screen).toBe(0)
    expect(screen).toContain('removed "')
    expect(existsSync(worktree.path)).toBe(false)
    expect(await live(sandbox)).toEqual([])
  })

  test('a no changes nothing', async ({ sandbox }) => {
    const agent = { agent: 'anna' }
    await sandbox.json(['claim', 'src'], agent)
    const before = await sandbox.refs()
    const terminal = new Terminal(sandbox, 'git dw end', agent)
    await terminal.sees(/and release src\?/)
    terminal.type('n')
    expect((await terminal.ended()).status).toBe(130)
    expect(await sandbox.refs()).toStrictEqual(before)
  })
})

test('elsewhere, unpushed work wants --force, and the worktree goes only when told', async ({ sandbox }) => {
  const agent = { agent: 'anna' }
  const { worktree } = await sandbox.json(['claim', '--task', 'login'], agent)
  writeFileSync(join(worktree.path, 'draft'), 'x')
  const before = await sandbox.refs()
  const refused = await sandbox.dw(['end'], agent)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain(`"${worktree.path}" holds work of`)
  expect(refused.stderr).toContain('untracked: draft')
  expect(await sandbox.refs()).toStrictEqual(before)
  const ended = await sandbox.dw(['end', '--force', '--remove-worktree'], agent)
  expect(ended.status).toBe(0)
  expect(ended.stderr).toContain('the worktree stays')
  expect(existsSync(join(worktree.path, 'draft'))).toBe(true)
})

describe('with several projects registered', () => {
  const registered = async (sandbox: Sandbox) => {
    for (const name of ['api', 'web']) await sandbox.json(['project', 'add', name, '--path', name])
  }
  const projectOf = async (sandbox: Sandbox, session: string) =>
    (await sandbox.record(`refs/dw/active/${session.toLowerCase()}`)).project

  test.for([['init'], ['new']])('%s asks for the project', async ([command], { sandbox }) => {
    await registered(sandbox)
    const terminal = new Terminal(sandbox, `git dw ${command}`)
    await terminal.sees(/Which project\?[\s\S]*repo[\s\S]*api[\s\S]*web/)
    terminal.type('web')
    await terminal.sees(/web/)
    terminal.type(KEY.enter)
    const { status, screen } = await terminal.ended()
    expect(status, screen).toBe(0)
    expect(await projectOf(sandbox, ID.exec(screen)?.[0] ?? '')).toBe('web')
  })

  test.for([['--project api'], ['--json']])('new %s asks nothing', async ([option], { sandbox }) => {
    await registered(sandbox)
    const { status, screen } = await new Terminal(sandbox, `git dw new ${option}`).ended()
    expect(status, screen).toBe(0)
    expect(screen).not.toContain('Which project')
    const project = option === '--json' ? 'repo' : 'api'
    expect(await projectOf(sandbox, ID.exec(screen)?.[0] ?? '')).toBe(project)
  })

  test('the project of the directory is under the cursor, and Ctrl-C starts nothing', async ({ sandbox }) => {
    await registered(sandbox)
    mkdirSync(join(sandbox.repo, 'web'), { recursive: true })
    const cwd = join(sandbox.repo, 'web')
    const left = new Terminal(sandbox, 'git dw new', { cwd })
    await left.sees(/Which project\?/)
    left.type(KEY.interrupt)
    expect((await left.ended()).status).toBe(130)
    expect(await live(sandbox)).toEqual([])
    const taken = new Terminal(sandbox, 'git dw new', { cwd })
    await taken.sees(/Which project\?/)
    taken.type(KEY.enter)
    const { screen } = await taken.ended()
    expect(await projectOf(sandbox, ID.exec(screen)?.[0] ?? '')).toBe('web')
  })
})
