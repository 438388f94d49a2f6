import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ended, type Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { LAUNCHER } from '../process/counted-git.ts'

const ANNA = { agent: 'anna' }

const set = async (sandbox: Sandbox, ...commands: readonly string[]) => {
  await sandbox.run('git', ['config', '--unset-all', 'dw.postCreate'])
  for (const command of commands) await sandbox.git(['config', '--add', 'dw.postCreate', command])
}

const worktreeOf = (sandbox: Sandbox) => join(sandbox.home, 'worktrees/repo/T')

const heldKeys = async (sandbox: Sandbox) =>
  (await sandbox.json(['locks'])).items.map(({ key }: { key: string }) => key)

test('each dw.postCreate runs in the new worktree, in order, and writes to stderr alone', async ({
  sandbox,
  transcript,
}) => {
  await set(sandbox, 'echo "in $PWD"', 'echo "complains" >&2; cat; touch made', 'ls')
  await transcript.run('echo "not for it" | git dw claim --task T', ANNA)
  await transcript.run('git dw claim --task T', ANNA)
  await transcript.matches('post-create')
  expect(existsSync(join(worktreeOf(sandbox), 'made'))).toBe(true)
})

test('it learns of session, task and worktree from its environment, and of no git variable', async ({
  sandbox,
}) => {
  await set(sandbox, 'env -0 >"$HOME/env"; git rev-parse --show-toplevel >"$HOME/top"')
  const odd = `a'; touch "evil"; $(touch "evil")`
  const env = { GIT_DIR: join(sandbox.repo, '.git'), GIT_WORK_TREE: sandbox.repo, GIT_INDEX_FILE: '/nowhere' }
  const args = ['-c', 'a.b=c', 'dw', 'claim', '--task', odd, '--project', 'web', '--json']
  const outcome = await sandbox.run('git', args, { ...ANNA, env })
  expect(outcome.status, outcome.stderr).toBe(0)
  const answer = JSON.parse(outcome.stdout)
  const lines = readFileSync(join(sandbox.home, 'env'), 'utf8').split('\0')
  const got = new Map(
    lines.map((line): [string, string] => [line.replace(/=.*/s, ''), line.replace(/^[^=]*=/, '')]),
  )
  expect(Object.fromEntries([...got].filter(([name]) => name.startsWith('DW_')))).toStrictEqual({
    DW_SESSION: answer.session,
    DW_WORKTREE: answer.worktree.path,
    DW_TASK: odd,
    DW_PROJECT: 'web',
    DW_BRANCH: answer.worktree.branch,
    DW_BASE: answer.worktree.base,
  })
  const ours = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX', 'GIT_CONFIG_PARAMETERS']
  expect(ours.filter((name) => got.has(name))).toStrictEqual([])
  expect(readFileSync(join(sandbox.home, 'top'), 'utf8').trimEnd()).toBe(answer.worktree.path)
  expect(existsSync(join(answer.worktree.path, 'evil'))).toBe(false)
})

test('one that fails keeps task and worktree, and the same claim runs all of them again', async ({
  sandbox,
  transcript,
}) => {
  await set(sandbox, 'echo first', 'test -e "$HOME/network" || { echo "no network"; exit 7; }', 'echo last')
  await transcript.run('w=$(git dw claim --task T) && echo "never here"', ANNA)
  expect(await heldKeys(sandbox)).toStrictEqual(['task:repo/T'])
  writeFileSync(join(sandbox.home, 'network'), '')
  await transcript.run('git dw claim --task T', ANNA)
  await transcript.run('git dw claim --task T', ANNA)
  await transcript.matches('post-create-failed')
})

test('it runs again for another session that takes the task over', async ({ sandbox }) => {
  await set(sandbox, 'test -e "$HOME/network" && echo "$DW_SESSION" >"$HOME/ran"')
  const first = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(first).toMatchObject({ status: 1, stdout: `${worktreeOf(sandbox)}\n` })
  expect((await sandbox.dw(['end'], ANNA)).status).toBe(0)
  writeFileSync(join(sandbox.home, 'network'), '')
  const { session } = await sandbox.json(['claim', '--task', 'T'], { agent: 'ben' })
  expect(readFileSync(join(sandbox.home, 'ran'), 'utf8').trimEnd()).toBe(session)
})

test('with --json nothing stands beside answer and error, which holds the end of the output', async ({
  sandbox,
}) => {
  await set(sandbox, 'yes | head -c 9000; echo; echo "at last"; echo "and gone" >&2; exit 3')
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T', '--json'], ANNA)
  expect(status).toBe(1)
  expect(JSON.parse(stdout)).toMatchObject({ worktree: { path: worktreeOf(sandbox), created: true } })
  const { error } = JSON.parse(stderr)
  expect(error).toMatchObject({
    code: 'DW_POST_CREATE',
    path: worktreeOf(sandbox),
    exitStatus: 3,
    signal: null,
  })
  expect(error.output).toHaveLength(4096)
  expect(error.output).toMatch(/^[y\n]+at last\nand gone\n$/)
  await set(sandbox, 'echo loud')
  expect(await sandbox.dw(['claim', '--task', 'T', '--json'], ANNA)).toMatchObject({ status: 0, stderr: '' })
})

test('it is taken from the settings of user, clone and command line, and an empty one clears', async ({
  sandbox,
}) => {
  const ran = () => readFileSync(join(sandbox.home, 'ran'), 'utf8')
  await sandbox.git(['config', '--global', 'dw.postCreate', 'echo user >>"$HOME/ran"'])
  await set(sandbox, 'echo clone >>"$HOME/ran"')
  const third = 'dw.postCreate=echo line >>"$HOME/ran"'
  await sandbox.run('git', ['-c', third, 'dw', 'claim', '--task', 'T'], ANNA)
  expect(ran()).toBe('user\nclone\nline\n')
  await sandbox.run('git', ['-c', 'dw.postCreate=', '-c', third, 'dw', 'claim', '--task', 'U'], ANNA)
  expect(ran()).toBe('user\nclone\nline\nline\n')
})

test('a worktree that was there before, and is taken with --adopt, does not run it', async ({ sandbox }) => {
  await set(sandbox, 'touch "$HOME/ran"')
  await sandbox.git(['worktree', 'add', '--quiet', '-b', 'feature/T', join(sandbox.root, 'mine')])
  expect((await sandbox.dw(['claim', '--task', 'T', '--adopt'], ANNA)).status).toBe(0)
  expect(existsSync(join(sandbox.home, 'ran'))).toBe(false)
})

test('a claim of the same task in it does not start it once more', async ({ sandbox }) => {
  await set(sandbox, 'echo x >>"$HOME/ran"; git dw claim --task T')
  const outcome = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(outcome.status, outcome.stderr).toBe(0)
  expect(readFileSync(join(sandbox.home, 'ran'), 'utf8')).toBe('x\n')
})

test('a claim that was killed while it ran is owed it still', async ({ sandbox }) => {
  await set(sandbox, 'echo x >>"$HOME/ran"; test -e "$HOME/again" || kill -9 "$PPID"')
  await ended(sandbox.start(LAUNCHER, ['claim', '--task', 'T'], ANNA))
  writeFileSync(join(sandbox.home, 'again'), '')
  expect(await sandbox.dw(['claim', '--task', 'T'], ANNA)).toMatchObject({ status: 0 })
  expect(readFileSync(join(sandbox.home, 'ran'), 'utf8')).toBe('x\nx\n')
})

test('one that a signal ends says which', async ({ sandbox }) => {
  await set(sandbox, 'kill -TERM $$')
  const { status, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(status).toBe(1)
  expect(stderr).toContain('dw.postCreate "kill -TERM $$" was ended by SIGTERM')
})

/** Runs a claim whose command waits, sends `signal` to the claim alone once it does, and waits for the end. */
async function signalled(sandbox: Sandbox, signal: NodeJS.Signals) {
  const child = sandbox.start(LAUNCHER, ['claim', '--task', 'T'], ANNA)
  const over = ended(child)
  child.stderr?.on('data', (text: Buffer) => {
    if (/^waiting$/m.test(text.toString())) child.kill(signal)
  })
  return over
}

/** For at most ten seconds. */
const WAIT = 'echo waiting; i=0; while [ $i -lt 200 ]; do i=$((i + 1)); sleep 0.05; done'

test.for(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s is passed on to it, and keeps task and worktree',
  async (signal, { sandbox }) => {
    const name = signal.slice(3)
    const second = 'touch "$HOME/second"'
    await set(sandbox, `trap 'echo ${name} >"$HOME/got"; exit 9' ${name}; ${WAIT}`, second)
    const { status, stdout, stderr } = await signalled(sandbox, signal)
    expect([status, stdout], stderr).toStrictEqual([130, `${worktreeOf(sandbox)}\n`])
    expect(stderr).toContain('interrupted in dw.postCreate; the task is yours and its worktree is there')
    expect(readFileSync(join(sandbox.home, 'got'), 'utf8').trimEnd()).toBe(name)
    expect(existsSync(join(sandbox.home, 'second'))).toBe(false)
    expect(await heldKeys(sandbox)).toStrictEqual(['task:repo/T'])
    await set(sandbox, 'touch "$HOME/again"')
    expect((await sandbox.dw(['claim', '--task', 'T'], ANNA)).status).toBe(0)
    expect(existsSync(join(sandbox.home, 'again'))).toBe(true)
  },
)

test('one that withstands the signal and succeeds is a success', async ({ sandbox }) => {
  await set(sandbox, `trap 'exit 0' TERM; ${WAIT}; exit 1`)
  const { status, stdout, stderr } = await signalled(sandbox, 'SIGTERM')
  expect([status, stdout], stderr).toStrictEqual([0, `${worktreeOf(sandbox)}\n`])
})
