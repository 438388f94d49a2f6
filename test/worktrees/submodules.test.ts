import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { CountedGit } from '../process/counted-git.ts'
import { interruptedAt, leftovers } from '../process/interrupts.ts'

const ANNA = { agent: 'anna' }
const ALLOW = ['-c', 'protocol.file.allow=always']

async function makeRepository(sandbox: Sandbox, name: string): Promise<string> {
  const path = join(sandbox.root, name)
  await sandbox.git(['init', '--quiet', '--initial-branch=main', path])
  writeFileSync(join(path, `${name}.txt`), `${name}\n`)
  await sandbox.git(['add', '.'], { cwd: path })
  await sandbox.git(['commit', '--quiet', '-m', name], { cwd: path })
  return path
}

/** Gives the sandbox's repository a submodule `lib`, which has one `inner` itself; both can be cloned. */
async function addSubmodules(sandbox: Sandbox): Promise<void> {
  const inner = await makeRepository(sandbox, 'inner')
  const lib = await makeRepository(sandbox, 'lib')
  await sandbox.git([...ALLOW, 'submodule', '--quiet', 'add', inner, 'inner'], { cwd: lib })
  await sandbox.git(['commit', '--quiet', '-m', 'inner'], { cwd: lib })
  await sandbox.git([...ALLOW, 'submodule', '--quiet', 'add', lib, 'lib'])
  await sandbox.git(['commit', '--quiet', '-m', 'lib'])
}

const allowFiles = async (sandbox: Sandbox) =>
  sandbox.git(['config', '--global', 'protocol.file.allow', 'always'])

const loseInner = async (sandbox: Sandbox) =>
  sandbox.run('mv', [join(sandbox.root, 'inner'), join(sandbox.root, 'moved')])

test('the submodules of a new worktree are initialised, those inside them too', async ({ sandbox }) => {
  await addSubmodules(sandbox)
  await allowFiles(sandbox)
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(status, stderr).toBe(0)
  const worktree = stdout.trimEnd()
  expect(readFileSync(join(worktree, 'lib/inner/inner.txt'), 'utf8')).toBe('inner\n')
  expect(await sandbox.git(['status', '--porcelain'], { cwd: worktree })).toBe('')
})

test('git -c reaches the call that initialises them', async ({ sandbox }) => {
  await addSubmodules(sandbox)
  const outcome = await sandbox.run('git', [...ALLOW, 'dw', 'claim', '--task', 'T'], ANNA)
  expect(outcome.status, outcome.stderr).toBe(0)
  expect(existsSync(join(outcome.stdout.trimEnd(), 'lib/lib.txt'))).toBe(true)
})

test('dw.submodules=false leaves them alone, and a value that is neither is named', async ({ sandbox }) => {
  await addSubmodules(sandbox)
  const off = await sandbox.run('git', ['-c', 'dw.submodules=no', 'dw', 'claim', '--task', 'T'], ANNA)
  expect(off.status, off.stderr).toBe(0)
  expect(existsSync(join(off.stdout.trimEnd(), 'lib/lib.txt'))).toBe(false)
  const before = await leftovers(sandbox)
  const args = ['-c', 'dw.submodules=perhaps', 'dw', 'claim', '--task', 'U', '--json']
  const { status, stderr } = await sandbox.run('git', args, ANNA)
  expect(status).toBe(128)
  expect(JSON.parse(stderr).error).toMatchObject({ code: 'DW_CONFIG', setting: 'dw.submodules' })
  expect(await leftovers(sandbox)).toStrictEqual(before)
})

test('a submodule that cannot be fetched takes the claim back, with git’s reason', async ({ sandbox }) => {
  await addSubmodules(sandbox)
  await allowFiles(sandbox)
  // lib is there and is cloned; what is inside it is gone
  await loseInner(sandbox)
  const before = await leftovers(sandbox)
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T', '--json'], ANNA)
  expect([status, stdout]).toStrictEqual([128, ''])
  const { error } = JSON.parse(stderr)
  expect(error.code).toBe('DW_GIT')
  expect(error.message).toMatch(/^the submodules of ".*\/T" cannot be initialised: fatal: .*'lib'/)
  expect(await leftovers(sandbox)).toStrictEqual(before)
  await sandbox.run('mv', [join(sandbox.root, 'moved'), join(sandbox.root, 'inner')])
  expect((await sandbox.dw(['claim', '--task', 'T'], ANNA)).status).toBe(0)
})

test('what a hook left in a worktree whose submodules fail is not removed with it', async ({ sandbox }) => {
  await addSubmodules(sandbox)
  await allowFiles(sandbox)
  await loseInner(sandbox)
  sandbox.write('.git/hooks/post-checkout', '#!/bin/sh\necho precious >precious\n')
  await sandbox.run('chmod', ['+x', '.git/hooks/post-checkout'])
  const { status, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(status).toBe(128)
  expect(stderr).toContain('is left behind')
  expect(readFileSync(join(sandbox.home, 'worktrees/repo/T/precious'), 'utf8')).toBe('precious\n')
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
})

test.for(['before', 'after'] as const)(
  'a claim that is interrupted %s its submodules are initialised leaves nothing',
  async (when, { sandbox }) => {
    await addSubmodules(sandbox)
    await allowFiles(sandbox)
    const before = await leftovers(sandbox)
    const moment = { call: 'submodule update', when }
    const outcome = await interruptedAt(sandbox, ['claim', '--task', 'T'], moment, ANNA)
    expect([outcome.status, outcome.stdout], outcome.stderr).toStrictEqual([130, ''])
    expect(await leftovers(sandbox)).toStrictEqual(before)
  },
)

test('a commit with an empty .gitmodules starts no git process for submodules', async ({ sandbox }) => {
  const counted = new CountedGit(sandbox)
  const { calls } = await counted.run(['claim', '--task', 'T'], ANNA)
  sandbox.write('.gitmodules', '')
  await sandbox.git(['add', '.gitmodules'])
  await sandbox.git(['commit', '--quiet', '-m', 'none'])
  const empty = await counted.run(['claim', '--task', 'U'], ANNA)
  expect(empty.status, empty.stderr).toBe(0)
  expect(empty.calls.length, empty.calls.join('\n')).toBe(calls.length)
})
