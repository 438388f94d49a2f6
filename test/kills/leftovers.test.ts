import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

const gitFile = (sandbox: Sandbox, name: string) => join(sandbox.repo, '.git', name)

function leave(sandbox: Sandbox, name: string, age: number): void {
  const file = gitFile(sandbox, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '')
  const then = Date.now() / 1000 - age
  utimesSync(file, then, then)
}

async function succeed(
  sandbox: Sandbox,
  agent: { agent: string },
  commands: readonly string[],
): Promise<void> {
  for (const command of commands) {
    const outcome = await sandbox.dw(command.split(' '), agent)
    expect(outcome.status, `${command}: ${outcome.stderr}`).toBe(0)
  }
}

/** Lock files and the like that are in none of our ways, relative to the common git directory. */
const ELSEWHERE = [
  'HEAD.lock',
  'config.lock',
  'index.lock',
  'packed-refs.new',
  'refs/heads/main.lock',
  'refs/dw.lock',
  'refs/dw/locks.lock',
  'refs/dw/locks/path/src.lock',
  'refs/dw-local/rescue/x.lock',
  'dw/clone.json.0000.tmp',
  'dw/bindings/x.json.0000.tmp',
]

test.for([0, 86_400])(
  'lock files elsewhere that are %d s old stop no command, and stay',
  async (age, { onTestFinished }) => {
    const sandbox = await Sandbox.create()
    onTestFinished(() => sandbox.dispose())
    const worktree = (await sandbox.dw(['claim', '--task', 'old'], ANNA)).stdout.trim()
    const all = [...ELSEWHERE, 'worktrees/old/index.lock', 'worktrees/old/HEAD.lock']
    for (const name of all) leave(sandbox, name, age)
    await succeed(sandbox, ANNA, ['claim src/a.ts x y', 'claim --task T', 'status', 'locks', 'sessions'])
    await succeed(sandbox, ANNA, ['heartbeat --force', 'release x', 'release --task T', 'check y'])
    await succeed(sandbox, BEN, ['claim y --steal -m urgent', 'claim x', 'end'])
    await succeed(sandbox, { agent: '' }, ['status'])
    expect((await sandbox.dw(['status'], { cwd: worktree })).status).toBe(0)
    await succeed(sandbox, ANNA, ['end'])
    for (const name of all) expect(readFileSync(gitFile(sandbox, name), 'utf8'), name).toBe('')
  },
)

test('a packed-refs.lock stops what deletes, which names it, and nothing that only creates or reads', async ({
  sandbox,
}) => {
  await succeed(sandbox, ANNA, ['claim src docs'])
  leave(sandbox, 'packed-refs.lock', 86_400)
  await succeed(sandbox, ANNA, ['claim lib', 'heartbeat --force', 'status', 'check src'])
  const before = await sandbox.refs()
  for (const words of [['release', 'src'], ['end']]) {
    const outcome = await sandbox.dw([...words, '--json'], ANNA)
    expect(outcome.status).toBe(75)
    const { error } = JSON.parse(outcome.stderr)
    expect(error).toMatchObject({ code: 'DW_BUSY', lockFiles: ['packed-refs.lock'] })
    expect(error.hints.join()).toContain('rm ')
  }
  expect(await sandbox.refs()).toEqual(before)
  rmSync(gitFile(sandbox, 'packed-refs.lock'))
  await succeed(sandbox, ANNA, ['release src', 'end'])
})

const DAMAGE: readonly [string, (path: string) => void][] = [
  ['empty', (path) => writeFileSync(path, '')],
  ['cut off', (path) => writeFileSync(path, readFileSync(path, 'utf8').slice(0, 12))],
  ['of another kind', (path) => writeFileSync(path, '[1,2]\n')],
  [
    'replaced by a directory',
    (path) => {
      rmSync(path)
      mkdirSync(path)
    },
  ],
]

test.for(DAMAGE)(
  'with every file of the local state %s, all commands go on and nobody is taken for another',
  async ([, damage], { onTestFinished }) => {
    const sandbox = await Sandbox.create()
    onTestFinished(() => sandbox.dispose())
    const state = gitFile(sandbox, 'dw')
    const { session } = await sandbox.json(['claim', 'src'], ANNA)
    await sandbox.dw(['claim', '--task', 'T'], ANNA)
    const files = readdirSync(state, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.json'))
      .map((name) => join(state, name))
    expect(files.length).toBeGreaterThan(3)
    for (const path of files.filter((name) => !name.includes('clone'))) {
      damage(path)
      // its binding may be gone: then it says who it is
      await succeed(sandbox, ANNA, ['status', 'locks', `heartbeat --session ${session}`])
      await succeed(sandbox, ANNA, [`claim docs --session ${session}`, `release docs --session ${session}`])
    }
    damage(join(state, 'clone.json'))
    await succeed(sandbox, ANNA, [`resume ${session}`, 'claim docs', 'release docs', 'claim --task U'])
    expect((await sandbox.json(['status'], ANNA)).session.id).toBe(session)
    expect((await sandbox.dw(['claim', 'src'], BEN)).status).toBe(1)
    await succeed(sandbox, BEN, ['claim lib', 'end'])
    await succeed(sandbox, ANNA, ['end'])
  },
)

test('a file where the local state belongs is named, and reading goes on', async ({ sandbox }) => {
  leave(sandbox, 'dw', 0)
  expect((await sandbox.dw(['status'])).status).toBe(0)
  const outcome = await sandbox.dw(['claim', 'src', '--json'], ANNA)
  expect(outcome.status).toBe(128)
  expect(JSON.parse(outcome.stderr).error.code).toBe('DW_CORRUPT_STATE')
  rmSync(gitFile(sandbox, 'dw'))
  await succeed(sandbox, ANNA, ['claim src'])
})

test('a session that two kills left reserved but not bound is found again, and a new one starts when it has ended', async ({
  sandbox,
}) => {
  const bindings = gitFile(sandbox, 'dw/bindings')
  const binding = () => join(bindings, readdirSync(bindings).find((name) => name.endsWith('.json')) ?? '')
  await succeed(sandbox, ANNA, ['claim a'])
  const first = readFileSync(binding(), 'utf8')
  await succeed(sandbox, ANNA, ['end'])
  const { session } = await sandbox.json(['claim', 'b'], ANNA)
  // the first kill came before the binding named the session, the second after it was there
  writeFileSync(binding(), first)
  expect((await sandbox.json(['claim', 'c'], ANNA)).session).toBe(session)
  expect((await sandbox.json(['status'], ANNA)).session.id).toBe(session)

  await succeed(sandbox, ANNA, ['end'])
  writeFileSync(binding(), first)
  const { session: third } = await sandbox.json(['claim', 'd'], ANNA)
  expect(third).not.toBe(session)
  expect((await sandbox.json(['status'], ANNA)).session.id).toBe(third)
})
