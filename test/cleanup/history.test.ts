import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { encodeComponent } from '../../src/domain/name.ts'
import { dwHere } from '../harness/in-process.ts'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

interface Item {
  readonly what: string
  readonly name: string
  readonly why: string
  readonly done: boolean
}

async function cleanup(
  sandbox: Sandbox,
  clock = '+0s',
  args: readonly string[] = [],
  options = {},
): Promise<Item[]> {
  const shift = clock === '+0s' ? {} : { clock }
  const ending = await dwHere(sandbox, ['cleanup', '--json', ...args], { ...options, ...shift })
  expect(ending.status, ending.stderr).toBe(0)
  return JSON.parse(ending.stdout).items
}

const whats = (items: readonly Item[]) => items.map(({ what }) => what)

async function session(sandbox: Sandbox, args: readonly string[], options = ANNA): Promise<string> {
  return JSON.parse((await dwHere(sandbox, [...args, '--json'], options)).stdout).session
}

test('an ended session goes with its log after dw.retention, and a live one keeps its own', async ({
  sandbox,
}) => {
  const anna = await session(sandbox, ['claim', 'src'])
  await dwHere(sandbox, ['end'], ANNA)
  const ben = await session(sandbox, ['claim', 'docs', '--ttl', '365d'], BEN)
  expect(await cleanup(sandbox, '+29d')).toStrictEqual([])
  expect(await cleanup(sandbox, '+31d')).toMatchObject([
    { what: 'ended-session', name: anna, why: 'ended 31d ago', done: true },
  ])
  const left = (await sandbox.refs('refs/dw')).map((line) => line.split(' ')[0])
  const bens = ben.toLowerCase()
  expect(left).toEqual([
    `refs/dw/active/${bens}`,
    'refs/dw/locks/path/docs',
    `refs/dw/log/${bens}`,
    'refs/dw/meta',
  ])
})

test('dw.retention sets how long, and must be a duration', async ({ sandbox }) => {
  await session(sandbox, ['claim', 'src'])
  await dwHere(sandbox, ['end'], ANNA)
  await sandbox.git(['config', 'dw.retention', '2h'])
  expect(await cleanup(sandbox, '+1h')).toStrictEqual([])
  expect(whats(await cleanup(sandbox, '+3h'))).toContain('ended-session')
  await sandbox.git(['config', 'dw.retention', 'for ever'])
  const refused = await dwHere(sandbox, ['cleanup', '--json'])
  expect(JSON.parse(refused.stderr).error).toMatchObject({ code: 'DW_CONFIG', setting: 'dw.retention' })
})

test('a session that a clean-up found expired is kept as long from then on', async ({ sandbox }) => {
  const anna = await session(sandbox, ['claim', 'src'])
  expect(whats(await cleanup(sandbox, '+40d'))).toEqual(['session', 'lock'])
  expect(await cleanup(sandbox, '+69d')).toStrictEqual([])
  expect(await cleanup(sandbox, '+71d')).toMatchObject([
    { what: 'ended-session', name: anna, why: 'expired 31d ago' },
  ])
})

test('the log of a session without a record goes when its last event is that old', async ({ sandbox }) => {
  const anna = await session(sandbox, ['claim', 'src'])
  await dwHere(sandbox, ['release', '--all'], ANNA)
  await sandbox.git(['update-ref', '-d', `refs/dw/active/${anna.toLowerCase()}`])
  expect(whats(await cleanup(sandbox, '+29d'))).not.toContain('log')
  expect(await cleanup(sandbox, '+31d')).toMatchObject([
    { what: 'log', name: anna, why: 'its session is gone; last event 31d ago', done: true },
  ])
})

test('results stay', async ({ sandbox }) => {
  await session(sandbox, ['claim', '--task', 'T', '--no-worktree'])
  await dwHere(sandbox, ['record-result', '--task', 'T', '--status', 'failed'], ANNA)
  await dwHere(sandbox, ['end'], ANNA)
  await cleanup(sandbox, '+400d')
  expect(await sandbox.refs('refs/dw/results')).toHaveLength(1)
})

test('rescues go after dw.retention, and one that cannot be read is named and stays', async ({ sandbox }) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  writeFileSync(join(worktree.path, 'draft'), 'x')
  await sandbox.dw(['worktree', 'remove', 'T', '--force'], ANNA)
  await dwHere(sandbox, ['end'], ANNA)
  await sandbox.git(['update-ref', 'refs/dw-local/rescue/odd', 'HEAD'])
  const odd = { what: 'damaged', name: 'refs/dw-local/rescue/odd', done: false }
  expect(await cleanup(sandbox, '+29d')).toMatchObject([odd])
  const items = await cleanup(sandbox, '+31d')
  expect(items.find(({ what }) => what === 'rescue')).toMatchObject({
    ...{ done: true, why: `kept 31d ago, of "${worktree.path}"` },
  })
  expect((await sandbox.refs('refs/dw-local')).map((line) => line.split(' ')[0])).toEqual([odd.name])
})

describe('in <common git dir>/dw', () => {
  const OLD = new Date(Date.now() - 3_600_000)
  const local = (sandbox: Sandbox, ...path: readonly string[]) => join(sandbox.repo, '.git/dw', ...path)
  const put = (sandbox: Sandbox, path: string, value: unknown, at = OLD) => {
    const file = local(sandbox, path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, typeof value === 'string' ? value : `${JSON.stringify(value)}\n`)
    utimesSync(file, at, at)
  }

  test('what is of no use goes, and what is of use or young stays', async ({ sandbox }) => {
    const anna = await session(sandbox, ['claim', 'src'])
    const live = anna.toLowerCase()
    const binding = { session: 'SESS-0000000000', label: 'x' }
    const young = new Date()
    const dead = [
      ['bindings/gone.json', binding],
      ['bindings/torn.json', '{'],
      ['bindings/given-up.json', { ...binding, reserved: true }],
      ['bindings/old.json.after-sess-1', binding],
      ['bindings/x.json.1234.tmp', '{'],
      ['beats/sess-0000000000.json', {}],
      ['observed/sess-0000000000.json', {}],
      ['waiting/000000000000001-a.json', {}],
      ['worktrees/%2fgone.json', { session: anna, key: 'task:repo/X' }],
      ['clone.json.1234.tmp', '{'],
    ] as const
    const stay = [
      ['bindings/starting.json', { ...binding, reserved: true }, young],
      ['bindings/young.json.after-sess-1', binding, young],
      ['beats/x.json.1234.tmp', '{', young],
      ['beats/sess-1111111111.json', {}, young],
      [`observed/${live}.json`, {}, OLD],
      ['waiting/000000000000002-b.json', {}, young],
      ['worktrees/%2fyoung.json', { session: anna, key: 'task:repo/Y' }, young],
      ['unknown.json', {}, OLD],
    ] as const
    for (const [path, value] of dead) put(sandbox, path, value)
    for (const [path, value, at] of stay) put(sandbox, path, value, at)
    const before = readdirSync(local(sandbox), { recursive: true, encoding: 'utf8' })
    const items = await cleanup(sandbox)
    expect(items.map(({ name }) => name).sort()).toEqual(dead.map(([path]) => path).sort())
    expect(items.every(({ done }) => done)).toBe(true)
    const after = readdirSync(local(sandbox), { recursive: true, encoding: 'utf8' })
    expect(before.filter((path) => !after.includes(path)).sort()).toEqual(dead.map(([path]) => path).sort())
    expect(await cleanup(sandbox)).toStrictEqual([])
    // anna is still who she was
    expect((await dwHere(sandbox, ['heartbeat'], ANNA)).status).toBe(0)
  })

  test('the binding of a session that ended stays as long as its record, to tell its agent', async ({
    sandbox,
  }) => {
    const anna = await session(sandbox, ['claim', 'src'])
    await cleanup(sandbox, '+30h')
    const file = local(sandbox, 'bindings', 'claude-code%3aanna.json')
    expect(existsSync(file)).toBe(true)
    await cleanup(sandbox, '+60d')
    expect(await cleanup(sandbox, '+60d')).toMatchObject([
      { what: 'binding', why: `there is no session ${anna}`, done: true },
    ])
    expect(existsSync(file)).toBe(false)
  })

  test('the binding of a session that starts while cleanup reads the records stays', async ({ sandbox }) => {
    await session(sandbox, ['claim', 'src'], BEN)
    const git = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
    const programs = join(sandbox.root, 'meanwhile')
    mkdirSync(programs)
    const path = sandbox.env()['PATH']
    const starts = `CLAUDE_CODE_SESSION_ID=anna PATH='${path}' '${git}' dw new >/dev/null 2>&1`
    const script = `#!/bin/sh
'${git}' "$@"
status=$?
case " $* " in *" refs/dw/active "*) mkdir '${programs}/once' 2>/dev/null && ${starts} ;; esac
exit $status
`
    writeFileSync(join(programs, 'git'), script, { mode: 0o755 })
    const env = { PATH: `${programs}:${path}` }
    expect(await cleanup(sandbox, '+0s', [], { env })).toStrictEqual([])
    expect(existsSync(local(sandbox, 'bindings', 'claude-code%3aanna.json'))).toBe(true)
    expect((await dwHere(sandbox, ['heartbeat'], ANNA)).status).toBe(0)
  })

  test('the note of a worktree that only it tells of stays', async ({ sandbox }) => {
    const path = join(sandbox.home, 'worktrees/repo/T')
    await sandbox.git(['worktree', 'add', '-q', '-b', 'feature/T', path])
    const name = `worktrees/${encodeComponent(path)}.json`
    put(sandbox, name, { session: 'SESS-0000000000', key: 'task:repo/T' })
    expect(await cleanup(sandbox)).toStrictEqual([])
    // it is what lets the task go on in the worktree
    expect((await dwHere(sandbox, ['claim', '--task', 'T'], ANNA)).status).toBe(0)
    put(sandbox, name, { session: 'SESS-0000000000', key: 'task:repo/T' })
    expect(await cleanup(sandbox)).toMatchObject([{ what: 'file', name, why: 'a claim that was killed' }])
  })

  test('the binding of a terminal that is gone goes at once', async ({ sandbox }) => {
    // the session is of this very machine
    const { session: anna } = await sandbox.json(['claim', 'src'], ANNA)
    put(sandbox, 'bindings/tty.json', { session: anna, label: 'x', leader: { pid: 2 ** 22 - 1, start: '1' } })
    put(sandbox, 'bindings/here.json', { session: anna, label: 'x', leader: await leaderHere() })
    const { items } = await sandbox.json(['cleanup'])
    expect(items.map(({ name }: Item) => name)).toEqual(['bindings/tty.json'])
  })
})

/** This process, as bindings note a terminal's leader: the start time stands in proc(5). */
async function leaderHere(): Promise<{ readonly pid: number; readonly start: string }> {
  const { ownProcess } = await import('../../src/cli/terminal.ts')
  return ownProcess(process.pid)
}
