import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REGISTRY } from '../src/cli/registry.ts'
import { EXIT_STATUS } from '../src/domain/error.ts'
import { CODES, lookAtRun, type Run, TABLES } from './harness/json-page.ts'
import { ended, type RunOptions, Sandbox } from './harness/sandbox.ts'
import { OldFiles } from './migrate/old-files.ts'
import { serveGit } from './reader/git-server.ts'

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
  await run(['status'], { agent: 'eve', cwd: join(sandbox.home, 'worktrees/repo/T') })
  await run(['heartbeat', '--force'], ANNA)
  await run(['heartbeat'], ANNA)
  await run(['locks'], ANNA)
  await run(['release', 'docs'], ANNA)
  await run(['end'], CLEO)
  await run(['sessions', '--all'], ANNA)
  await run(['status'], ANNA)
  await run(['demo'])
  await run(['completion', 'fish'])
  await run(['agents'])
  await run(['agents', '--write'])
  await runWorktrees()
  await runProjects()
  await runHooks()
  await runResults()
}

/** Worktrees that are made, listed, removed, kept and brought back. */
async function runWorktrees(): Promise<void> {
  const mia = { agent: 'mia' }
  await run(['claim', '--task', 'M', '--no-worktree'], mia)
  await run(['worktree', 'create', 'M'], mia)
  const path = join(sandbox.home, 'worktrees/repo/M')
  for (const name of ['draft', 'README.md']) writeFileSync(join(path, name), 'x')
  await sandbox.git(['rm', '-q', '--cached', 'src/a.ts'], { cwd: path })
  await run(['worktree', 'list'], mia)
  await run(['worktree', 'remove', 'M'], mia)
  await run(['worktree', 'remove', 'M', '--force'], mia)
  await run(['rescue', 'list'], mia)
  await run(['rescue', 'restore', 'm'], mia)
  const child = sandbox.start('cat', [], { cwd: path })
  await run(['worktree', 'remove', 'M', '--force'], mia)
  child.stdin?.end()
  await ended(child)
  await run(['worktree', 'remove', 'M', '--force'], mia)
  await run(['rescue', 'drop', 'm'], mia)
  const [{ name }] = (await sandbox.json(['rescue', 'list'], mia)).items
  await run(['rescue', 'drop', name], mia)
  await run(['rescue', 'restore', 'm'], mia)
  const elsewhere = {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'dw.worktreePath',
    GIT_CONFIG_VALUE_0: '../other/{task}',
  }
  await run(['claim', '--task', 'M', '--branch', 'other'], { ...mia, env: elsewhere })
  await run(['worktree', 'remove', 'M'], mia)
  await run(['worktree', 'remove', 'other'], mia)
  await run(['worktree', 'remove', '.'], mia)
  await sandbox.git(['worktree', 'lock', path])
  await run(['worktree', 'remove', 'M'], mia)
  await sandbox.git(['worktree', 'unlock', path])
  await sandbox.git(['init', '-q', join(path, 'nested')])
  await run(['worktree', 'remove', 'M', '--force'], mia)
  await run(['claim', '--task', 'N'], mia)
  const other = join(sandbox.home, 'worktrees/repo/N')
  await sandbox.git(['checkout', '-q', '--detach'], { cwd: other })
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'only here'], { cwd: other })
  await run(['worktree', 'remove', 'N'], mia)
  await run(['worktree', 'remove', 'N'], BEN)
  await run(['worktree', 'list'], mia)
  await run(['end', '--remove-worktree', '--force'], mia)
  await run(['claim', '--task', 'O'], mia)
  await run(['end', '--remove-worktree'], mia)
  await run(['claim', ...Array.from({ length: 60 }, (_, at) => `many/${at}`)], mia)
  await run(['log'], mia)
}

/** Results of tasks, and what is left when everybody has gone. */
async function runResults(): Promise<void> {
  const pia = { agent: 'pia' }
  const pr = ['--pr', 'https://example.com/pull/7', '--summary', 'done']
  await run(['claim', '--task', 'R'], pia)
  await run(['record-result', '--task', 'R', '--status', 'failed', '--files', 'src'], pia)
  await run(['claim', '--task', 'R'], pia)
  await run(['record-result', '--task', 'R', '--status', 'passed', ...pr], pia)
  await run(['record-result', '--task', 'R', '--status', 'passed'], pia)
  await run(['claim', '--task', 'R'], pia)
  await run(['worktree', 'list'], pia)
  await run(['sessions'], pia)
  await run(['status'], pia)
  await run(['claim', '--task', 'S'], pia)
  await run(['record-result', '--task', 'S', '--status', 'passed', '--remove-worktree'], pia)
  await run(['end'], pia)
  await run(['cleanup', '--dry-run', '--prune'])
}

/** Projects that are registered, claimed as a whole, changed and removed. */
async function runProjects(): Promise<void> {
  await run(['claim', '--project', 'repo', '-m', 'spring clean'], { agent: 'nora' })
  await run(['project', 'add', 'web', '--path', 'packages/web', '--base', 'main', '--branch', 'web/{task}'])
  await run(['claim', '--task', 'A', '--project', 'web'], ANNA)
  await run(['project', 'list'], ANNA)
  await run(['project', 'add', 'web', '--path', 'web', '--replace'])
  await run(['project', 'rename', 'web', 'site'])
  await run(['claim', '--project', 'site'], ANNA)
  await run(['check', 'project:site'], BEN)
  await run(['locks', 'project:site'], ANNA)
  await run(['release', 'web'], ANNA)
  await run(['release', '--project', 'site'], ANNA)
  await run(['project', 'remove', 'site'])
}

/** What an older dw has left: sound, damaged, and of another repository. */
async function runMigration(): Promise<void> {
  const first = sandbox
  sandbox = await Sandbox.create()
  const elsewhere = { id: 'PROJ-2', name: 'api', path: '/srv/api' }
  const old = new OldFiles(join(sandbox.repo, 'state'))
    .session('SESS-OLD', { locks: [] })
    .session('SESS-API', { project: elsewhere, task: 'x' })
    .lock('LOCK-2', 'SESS-API', 'PROJ-2', 'x')
    .events([-9, 'session_started', 'SESS-OLD'])
    .write('active.json', '{')
  await run(['init'], ANNA)
  await run(['migrate', 'none'])
  await run(['migrate'])
  await run(['migrate', '--partial', '--dry-run'])
  await run(['migrate', '--partial'])
  await run(['migrate'])
  await run(['migrate', '--undo', '--dry-run'])
  await run(['migrate', '--undo'])
  old.write('active.json', { sessionId: null })
  const { session } = await run(['init'], ANNA)
  await sandbox.git(['config', 'dw.legacyState', 'other'])
  new OldFiles(join(sandbox.repo, 'other')).session('SESS-NEW')
  await run(['init', '--resume', session], ANNA)
  sandbox.dispose()
  sandbox = first
}

/** A repository that is shared through another on this machine. */
async function runSharing(): Promise<void> {
  const first = sandbox
  sandbox = await Sandbox.create()
  const hub = join(sandbox.root, 'hub.git')
  await run(['share'])
  await run(['share', '--status'])
  await sandbox.git(['config', '--global', 'dw.backgroundSync', 'false'])
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, hub])
  await sandbox.git(['remote', 'add', 'hub', hub])
  await run(['share', 'hub'])
  await run(['claim', 'shared'], CLEO)
  await run(['claim', 'later', '--offline'], CLEO)
  await run(['share', '--status'])
  await sandbox.git(['update-ref', 'refs/dw/locks/path/later', 'refs/dw/locks/path/shared'], { cwd: hub })
  await run(['sync'])
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'second'])
  await run(['push', '-u', 'hub', 'main'], CLEO)
  await run(['push', 'elsewhere', 'main'], CLEO)
  await sandbox.git(['remote', 'set-url', 'hub', `${hub}/none`])
  await run(['claim', 'shared/not'], CLEO)
  await sandbox.git(['remote', 'set-url', 'hub', hub])
  await run(['share', '--again'])
  const lock = join(sandbox.repo, '.git/refs/dw/locks/path/unnoted.lock')
  writeFileSync(lock, '')
  await run(['claim', 'unnoted'], CLEO)
  rmSync(lock)
  const server = await serveGit(sandbox)
  await run(['locks', '--remote', `${server.url}/hub.git`])
  await run(['status', '--remote', `${server.url}/hub.git`])
  await run(['locks', '--remote', `${server.url}/none.git`])
  await sandbox.git(['init', '--quiet', '--bare', 'empty.git'], { cwd: sandbox.root })
  await run(['locks', '--remote', `${server.url}/empty.git`])
  await server.close()
  await run(['share', '--off'])
  sandbox.dispose()
  sandbox = first
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
  await writeBlob('refs/dw/projects/damaged', '{"v":1}\n')
  await run(['project', 'list'], ANNA)
  await sandbox.git(['update-ref', '-d', 'refs/dw/projects/damaged'])
  await run(['locks'], ANNA)
  await run(['doctor', '--fix'], ANNA)
  await run(['sessions', '--all'], ANNA)
  await run(['sessions'], ANNA)
  await run(['status'], ANNA)
  await run(['cleanup'], { env: { DW_TEST_CLOCK: '+3h' } })
}

async function runErrors(): Promise<void> {
  const { session: bens } = await run(['new'], BEN)
  const { session: ivos } = await run(['claim', 'ivo'], { agent: 'ivo' })
  await run(['claim', 'lib'], BEN)
  await run(['release', 'lib'], BEN)
  await run(['claim', ':(glob)no/such/**'], BEN)
  await run(['release', 'ivo', 'nobody/has/it'], { agent: 'ivo' })
  await run(['release', 'src'], ANNA)
  await run(['claim', '--project', 'unknown'], ANNA)
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
  await sandbox.git(['config', 'dw.postCreate', 'echo "no network" && exit 3'])
  await run(['claim', '--task', 'Z'], { agent: 'lou' })
  await sandbox.git(['config', 'dw.postCreate', 'kill -9 $$'])
  await run(['claim', '--task', 'Z'], { agent: 'lou' })
  await sandbox.git(['config', '--unset', 'dw.postCreate'])
  mkdirSync(join(sandbox.repo, '.worktreeinclude'))
  await run(['claim', '--task', 'Z2'], { agent: 'max' })
  rmSync(join(sandbox.repo, '.worktreeinclude'), { recursive: true })
  for (const program of ['no-such-program', './README.md']) {
    const args = ['run', '--task', 'R', '--json', '--', program]
    runs.push({ args, ...(await sandbox.dw(args, { agent: 'ron' })) })
  }
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

/** Settings that git refuses to read, and a git that is too old. */
async function runOddGits(): Promise<void> {
  const settings = join(sandbox.root, 'bad-settings')
  writeFileSync(settings, 'x y\n')
  // the launcher alone: git itself would refuse the settings, and put its own programs first on the PATH
  const launch = async (env: Record<string, string>) => {
    runs.push({ args: ['status'], ...(await sandbox.run('git-dw', ['status', '--json'], { env })) })
  }
  await launch({ GIT_CONFIG_GLOBAL: settings })
  const directory = join(sandbox.root, 'old-git')
  mkdirSync(directory)
  writeFileSync(join(directory, 'git'), '#!/bin/sh\necho git version 2.30.1\n', { mode: 0o755 })
  await launch({ PATH: `${directory}:${sandbox.env()['PATH']}` })
}

/** What takes a lost race, and a terminal. */
const NOT_MET = ['Error.held', 'Owner.terminal']

beforeAll(async () => {
  sandbox = await Sandbox.create()
  await runAnswers()
  await runSharing()
  await runMigration()
  await runDamage()
  await runErrors()
  await runOddGits()
})

afterAll(() => sandbox.dispose())

test('docs/json.md has a part for every command, and every command ran', () => {
  expect(COMMANDS.filter((name) => TABLES.get(name) === undefined)).toStrictEqual([])
  // of run, stdout is another program's
  const lines = runs
    .filter(({ args, stdout }) => stdout !== '' || args[0] === 'run')
    .map(({ args }) => `${args.join(' ')} `)
  expect(COMMANDS.filter((name) => !lines.some((line) => line.startsWith(`${name} `)))).toStrictEqual([])
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
