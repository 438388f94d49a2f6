import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REGISTRY } from '../src/cli/registry.ts'
import { EXIT_STATUS } from '../src/domain/error.ts'
import { CODES, lookAtRun, type Run, TABLES } from './harness/json-page.ts'
import { type RunOptions, Sandbox } from './harness/sandbox.ts'

const COMMANDS = REGISTRY.map(({ path }) => path.join(' '))

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const CLEO = { agent: 'cleo' }
const runs: Run[] = []
let sandbox: Sandbox

async function run(args: readonly string[], options: RunOptions = {}): Promise<{ session: string }> {
  const outcome = await sandbox.dw([...args, '--json'], options)
  runs.push({ args, ...outcome })
  return outcome.stdout === '' ? { session: '' } : JSON.parse(outcome.stdout)
}

async function writeBlob(ref: string, input: string): Promise<void> {
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input })
  await sandbox.git(['update-ref', ref, blob])
}

const active = (session: string) => `refs/dw/active/${session.toLowerCase()}`

/** Work of three agents that meets every field of an answer. */
async function runAnswers(): Promise<void> {
  await run(['status'])
  await run(['claim', 'src', 'docs', '-m', 'new layout'], ANNA)
  await run(['claim', 'src/a.ts'], ANNA)
  const { session: bens } = await run(['claim', '--task', 'T', '-m', 'login'], BEN)
  await run(['claim', '--task', 'U', '--no-worktree'], BEN)
  await run(['check', 'src/a.ts', 'lib', 'src'], BEN)
  await run(['check', 'src'], ANNA)
  await run(['claim', 'src', '--steal', '-m', 'release day'], BEN)
  await run(['claim', 'lib'], ANNA)
  const { session: cleos } = await run(['new'], CLEO)
  await run(['new', '--project', 'web'])
  await run(['init'], CLEO)
  await run(['init', '--new'], { agent: 'dora' })
  await run(['init', '--resume', cleos], CLEO)
  await run(['resume', bens, '--takeover'], { agent: 'eve' })
  await run(['heartbeat', '--force'], ANNA)
  await run(['heartbeat'], ANNA)
  await run(['locks'], ANNA)
  await run(['release', 'docs'], ANNA)
  await run(['end'], CLEO)
  await run(['sessions', '--all'], ANNA)
  await run(['status'], ANNA)
  await run(['demo'])
  await runHooks()
}

async function runHooks(): Promise<void> {
  sandbox.write('.git/hooks/post-commit', '#!/bin/sh\n')
  await run(['hooks', 'install'])
  await run(['hooks', 'status'])
  await run(['hooks', 'uninstall', '--only', 'pre-push'])
  await sandbox.git(['config', 'core.hooksPath', '.husky/_'])
  await run(['hooks', 'status'])
  await sandbox.git(['config', '--unset', 'core.hooksPath'])
  await run(['hooks', 'uninstall'])
}

/** Records that cannot be read, and a lock whose session is gone or cannot be read. */
async function runDamage(): Promise<void> {
  const { session: gone } = await run(['claim', 'gone'], { agent: 'gail' })
  const { session: unread } = await run(['claim', 'unread'], { agent: 'hal' })
  await sandbox.git(['update-ref', '-d', active(gone)])
  await writeBlob(active(unread), 'not json\n')
  await writeBlob('refs/dw/locks/path/damaged', '{"v":1}\n')
  await run(['locks'], ANNA)
  await run(['sessions', '--all'], ANNA)
  await run(['sessions'], ANNA)
  await run(['status'], ANNA)
}

async function runErrors(): Promise<void> {
  const { session: bens } = await run(['new'], BEN)
  const { session: ivos } = await run(['claim', 'ivo'], { agent: 'ivo' })
  await run(['claim', 'lib'], BEN)
  await run(['release', 'lib'], BEN)
  await run(['release', 'ivo', 'nobody/has/it'], { agent: 'ivo' })
  await run(['release', 'src'], ANNA)
  await run(['claim', 'src'], ANNA)
  await run(['end', ivos], BEN)
  await run(['end', 'SESS-'], BEN)
  await run(['end', 'SESS-0000000000'], BEN)
  await run(['claim', 'here', '--session', bens], BEN)
  await run(['end', bens, '--force'], { agent: 'ivo' })
  await run(['heartbeat'], { env: { DW_SESSION: bens } })
  await run(['status'], { env: { DW_SESSION: bens } })
  const { session: jims } = await run(['new'], { agent: 'jim' })
  await run(['resume', jims, '--takeover'], { agent: 'kim' })
  await run(['heartbeat'], { agent: 'jim' })
  await run(['claim', '--task', 'V'], { agent: 'lea' })
  const worktree = join(sandbox.home, 'worktrees/repo/V')
  await run(['claim', 'x'], { agent: 'kim', cwd: worktree })
  await run(['claim', 'x'])
  await run(['claim', '--task', 'W', '--branch', 'feature/V'], { agent: 'kim' })
  mkdirSync(join(sandbox.home, 'worktrees/repo/X'), { recursive: true })
  writeFileSync(join(sandbox.home, 'worktrees/repo/X/precious'), 'x')
  await run(['claim', '--task', 'X'], { agent: 'kim' })
  await sandbox.git(['worktree', 'add', '--detach', join(sandbox.home, 'worktrees/repo/Y')])
  await run(['claim', '--task', 'Y'], { agent: 'kim' })
  await run(['claim', 'damaged/below'], ANNA)
  await run(['locks'], { cwd: sandbox.root })
  await run(['claim', '--ttl', 'soon', 'x'], ANNA)
  await sandbox.git(['config', 'dw.lockTtl', 'soon'])
  await run(['claim', 'x'], ANNA)
  await sandbox.git(['config', '--unset', 'dw.lockTtl'])
  sandbox.write('.git/packed-refs.lock', '')
  sandbox.write(`.git/${active(ivos)}.lock`, '')
  await run(['claim', 'x'], { agent: 'ivo' })
  await writeBlob(
    'refs/dw/meta',
    '{"id":"x","kind":"meta","minReader":2,"nonce":"x","rev":1,"schema":2,"v":1}\n',
  )
  await run(['status'])
}

/** What takes a lost race, and a terminal. */
const NOT_MET = ['Error.held', 'Owner.terminal']

beforeAll(async () => {
  sandbox = await Sandbox.create()
  await runAnswers()
  await runDamage()
  await runErrors()
}, 180_000)

afterAll(() => sandbox.dispose())

test('docs/json.md has a part for every command, and every command ran', () => {
  expect(COMMANDS.filter((name) => TABLES.get(name) === undefined)).toStrictEqual([])
  const answered = runs.filter(({ stdout }) => stdout !== '').map(({ args }) => `${args.join(' ')} `)
  expect(COMMANDS.filter((name) => !answered.some((line) => line.startsWith(`${name} `)))).toStrictEqual([])
})

test('docs/json.md lists every error code with its exit status', () => {
  const listed = [...CODES].map(([code, { status }]) => [code, status])
  expect(Object.fromEntries(listed)).toStrictEqual(EXIT_STATUS)
})

test('every field that a command prints is in docs/json.md with its type', () => {
  const problems = runs.flatMap((each) => lookAtRun(each).problems)
  expect([...new Set(problems)]).toStrictEqual([])
})

test('every field in docs/json.md is printed by some command', () => {
  const seen = new Set(runs.flatMap((each) => lookAtRun(each).seen))
  const exempt = new Set(NOT_MET)
  const never = [...TABLES].flatMap(([name, fields]) =>
    fields.map((field) => `${name}.${field.name}`).filter((each) => !seen.has(each) && !exempt.has(each)),
  )
  expect(never).toStrictEqual([])
})

test('what a command narrates is silent with --json', () => {
  const loud = runs.filter(({ stderr }) => stderr !== '' && !/^\{"error":.*\}\n$/.test(stderr))
  expect(loud.map(({ args }) => args)).toStrictEqual([])
})
