import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ended, type Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { fileIn, running, UNTIL_GO } from './runner.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

const worktreeOf = (sandbox: Sandbox) => join(sandbox.home, 'worktrees/repo/T')

const heldKeys = async (sandbox: Sandbox) =>
  (await sandbox.json(['locks'])).items.map(({ key }: { key: string }) => key)

test('run claims the task, runs the command in its worktree, and ends with its exit status', async ({
  sandbox,
  transcript,
}) => {
  await transcript.run('git dw run --task T -m "nightly" -- sh -c "pwd; git dw status; exit 7"', ANNA)
  await transcript.run('git dw status', ANNA)
  await transcript.run('git dw sessions --all')
  await transcript.run('git dw log')
  await transcript.run('git dw run --task T --keep -- true', ANNA)
  await transcript.run('git dw run --task T -- true', BEN)
  await transcript.run('git dw run --task T -- true', ANNA)
  await transcript.run('git dw locks')
  await transcript.matches('run')
  expect(existsSync(worktreeOf(sandbox))).toBe(true)
})

test('run names what is wrong with how it was called, and claims nothing', async ({
  sandbox,
  transcript,
}) => {
  for (const args of [
    '--task T npm test',
    '--task T --wait 5m -- true',
    '--task T --wait=soon -- true',
    '--task T',
    '--task T --',
    '--task T -- ""',
    '-- true',
    '--task T --ttl soon -- true',
    '--task a/b -- true',
    '--task T --steal -- true',
  ])
    await transcript.run(`git dw run ${args}`, ANNA)
  await transcript.matches('run-usage')
  expect(await sandbox.refs('refs/dw')).toStrictEqual([])
})

test("nothing of git dw is on stdout, and stdin is the command's", async ({ sandbox }) => {
  const input = 'x'.repeat(300_000)
  const outcome = await sandbox.dw(['run', '--task', 'T', '--', 'cat'], { ...ANNA, input })
  expect(outcome.stdout).toBe(input)
  expect(outcome).toMatchObject({ status: 0, stderr: '' })
})

test('arguments reach the command as they are, through no shell, also those that look like ours', async ({
  sandbox,
}) => {
  const args = ['--json', '-h', '--task', '$HOME', '*', "it's", '', '--']
  const outcome = await sandbox.dw(['run', '--task', 'T', '--', 'printf', '[%s]', ...args], ANNA)
  expect(outcome).toMatchObject({ status: 0, stdout: args.map((arg) => `[${arg}]`).join('') })
})

test("the command learns of session and worktree, and of no variable of git's", async ({ sandbox }) => {
  const env = { GIT_DIR: join(sandbox.repo, '.git'), GIT_INDEX_FILE: '/nowhere', GIT_CONFIG_COUNT: '0' }
  const script =
    'env | grep -E "^(GIT_(DIR|INDEX|CONFIG_COUNT)|DW_)" | grep -v ^DW_BUILD= | sort; git rev-parse --show-toplevel'
  const outcome = await sandbox.run('git-dw', ['run', '--task', 'T', '--', 'sh', '-c', script], {
    ...ANNA,
    env,
  })
  const [session] = (await sandbox.json(['sessions', '--all'])).items
  const base = await sandbox.git(['rev-parse', 'HEAD'])
  expect(outcome.stdout.trimEnd().split('\n')).toStrictEqual([
    `DW_BASE=${base}`,
    'DW_BRANCH=feature/T',
    'DW_PROJECT=repo',
    `DW_SESSION=${session.id}`,
    'DW_TASK=T',
    `DW_WORKTREE=${worktreeOf(sandbox)}`,
    worktreeOf(sandbox),
  ])
})

test('a command that is not there is 127, one that is not executable 126, and the task is free again', async ({
  sandbox,
  transcript,
}) => {
  await transcript.run('git dw run --task T -- no-such-program --flag', ANNA)
  await transcript.run('git dw run --task T -- ./README.md', ANNA)
  await transcript.run('git dw run --task T -- ./missing', ANNA)
  await transcript.run('git dw locks')
  await transcript.matches('run-not-started')
  const states = (await sandbox.json(['sessions', '--all'])).items.map(
    ({ state }: { state: string }) => state,
  )
  expect(states).toStrictEqual(['ended', 'ended', 'ended'])
})

test('the death of the command by a signal is 128 and the number of the signal', async ({ sandbox }) => {
  const status = async (name: string) =>
    (await sandbox.dw(['run', '--task', 'T', '--', 'sh', '-c', `kill -${name} $$`], ANNA)).status
  expect([await status('KILL'), await status('TERM'), await status('USR1')]).toStrictEqual([137, 143, 138])
})

test('a task that was mine before stays mine, and a run inside a run gives nothing back', async ({
  sandbox,
}) => {
  const { session, worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const outcome = await sandbox.dw(['run', '--task', 'T', '--', 'pwd'], { ...ANNA, cwd: worktree.path })
  expect(outcome).toMatchObject({ status: 0, stdout: `${worktree.path}\n` })
  expect(await heldKeys(sandbox)).toStrictEqual(['task:repo/T'])
  const nested = 'git dw run --task T -- sh -c \'echo "$DW_SESSION"\' && git dw check task:repo/T'
  const outer = await sandbox.dw(['run', '--task', 'T', '--', 'sh', '-c', nested], ANNA)
  expect(outer).toMatchObject({ status: 0, stdout: `${session}\nmine\n` })
  expect(await heldKeys(sandbox)).toStrictEqual(['task:repo/T'])
})

test('a session that run started ends with it, but not while it holds something else', async ({
  sandbox,
}) => {
  await sandbox.dw(['run', '--task', 'T', '--', 'git', 'dw', 'claim', 'src'], ANNA)
  expect(await heldKeys(sandbox)).toStrictEqual(['src'])
  const { items } = await sandbox.json(['sessions'])
  expect(items).toMatchObject([{ state: 'active', locks: ['src'] }])
})

test('a session that was there before goes on after the run', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'], ANNA)
  await sandbox.dw(['run', '--task', 'T', '--', 'true'], ANNA)
  expect((await sandbox.json(['sessions'])).items).toMatchObject([
    { id: session, state: 'active', locks: [] },
  ])
})

test('a command that gives up its task, or ends its session, is no reason to end it', async ({ sandbox }) => {
  const release = 'git dw release --task T && git dw run --task U -- true && exit 5'
  const outcome = await sandbox.dw(['run', '--task', 'T', '--', 'sh', '-c', release], ANNA)
  expect(outcome.status, outcome.stderr).toBe(5)
  const end = 'git dw end --force >&2 && exit 6'
  const ended_ = await sandbox.dw(['run', '--task', 'T', '--', 'sh', '-c', end], ANNA)
  expect(ended_.status, ended_.stderr).toBe(6)
  expect(await heldKeys(sandbox)).toStrictEqual([])
})

test('nothing is run in a worktree whose dw.postCreate did not succeed, and the task is free', async ({
  sandbox,
  transcript,
}) => {
  await sandbox.git(['config', 'dw.postCreate', 'test -e "$HOME/network"'])
  await transcript.run('git dw run --task T -- touch ran', ANNA)
  expect(await heldKeys(sandbox)).toStrictEqual([])
  writeFileSync(join(sandbox.home, 'network'), '')
  await transcript.run('git dw run --task T -- ls', ANNA)
  await transcript.matches('run-post-create')
})

test("with --json stdout is the command's alone, and an error is one object on stderr", async ({
  sandbox,
}) => {
  const run = ['run', '--task', 'T', '--json', '--']
  expect(await sandbox.dw([...run, 'echo', 'x'], ANNA)).toMatchObject({
    status: 0,
    stdout: 'x\n',
    stderr: '',
  })
  expect(await sandbox.dw([...run, 'false'], ANNA)).toMatchObject({ status: 1, stdout: '', stderr: '' })
  const { status, stdout, stderr } = await sandbox.dw([...run, 'no-such-program'], ANNA)
  expect([status, stdout]).toStrictEqual([127, ''])
  expect(JSON.parse(stderr).error).toMatchObject({ code: 'DW_NO_COMMAND', program: 'no-such-program' })
})

test('run --wait starts the command once the task is free', async ({ sandbox }) => {
  const first = await running(sandbox, `echo running; ${UNTIL_GO}`, ANNA)
  const refused = await sandbox.dw(['run', '--task', 'T', '--', 'true'], BEN)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('git dw claim --task T --steal -m "<why>"')
  const second = sandbox.start('git', ['dw', 'run', '--task', 'T', '--wait=1m', '--', 'echo', 'at last'], BEN)
  const over = ended(second)
  await new Promise((resolve) => second.stderr?.once('data', resolve))
  writeFileSync(join(sandbox.home, 'go'), '')
  expect((await first.over).status).toBe(0)
  expect(await over).toMatchObject({ status: 0, stdout: 'at last\n' })
  expect(await heldKeys(sandbox)).toStrictEqual([])
})

test('run in vain with --wait is exit status 75, and names the run to repeat', async ({ sandbox }) => {
  await sandbox.dw(['claim', '--task', 'T'], ANNA)
  const outcome = await sandbox.dw(['run', '--task', 'T', '--wait=1s', '--', 'touch', 'x'], BEN)
  expect(outcome.status).toBe(75)
  expect(outcome.stderr).toContain('wait on: git dw run --task T --wait=1s -- touch x')
})

test('what the command leaves in the background is not waited for', async ({ sandbox }) => {
  const script = `(${UNTIL_GO}; touch "$HOME/done") >/dev/null 2>&1 </dev/null & echo off`
  const outcome = await sandbox.dw(['run', '--task', 'T', '--', 'sh', '-c', script], ANNA)
  expect(outcome).toMatchObject({ status: 0, stdout: 'off\n' })
  expect(existsSync(join(sandbox.home, 'done'))).toBe(false)
  expect(await heldKeys(sandbox)).toStrictEqual([])
  writeFileSync(join(sandbox.home, 'go'), '')
  await fileIn(sandbox, 'done')
})

test('--base, --branch and --ttl do what they do for a claim', async ({ sandbox }) => {
  const base = await sandbox.git(['rev-parse', 'HEAD'])
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'second'])
  const options = ['--base', base, '--branch', 'mine', '--ttl', '90s', '--keep']
  const script = 'git rev-parse --abbrev-ref HEAD; git rev-parse HEAD'
  const { stdout } = await sandbox.dw(['run', '--task', 'T', ...options, '--', 'sh', '-c', script], ANNA)
  expect(stdout).toBe(`mine\n${base}\n`)
  const [lock] = (await sandbox.json(['locks'])).items
  expect(lock).toMatchObject({ ttl: 90, branch: 'mine' })
  expect(readFileSync(join(worktreeOf(sandbox), 'README.md'), 'utf8')).toBe('# readme\n')
})
