import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }

test('a worktree that cannot be made releases the lock and removes the branch', async ({
  sandbox,
  transcript,
}) => {
  writeFileSync(join(sandbox.root, 'file'), '')
  await sandbox.git(['config', 'dw.worktreePath', '../file/{task}'])
  const outcome = await transcript.run('git dw claim --task T', ANNA)
  expect(outcome).toMatchObject({ status: 128, stdout: '' })
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
  expect(await sandbox.refs('refs/dw/active')).toStrictEqual([])
  expect(await sandbox.refs('refs/heads')).toHaveLength(1)
  await transcript.matches('worktree-failed')
})

test('a post-checkout hook that fails undoes the claim with its worktree and branch', async ({ sandbox }) => {
  const hook = join(sandbox.repo, '.git/hooks/post-checkout')
  mkdirSync(join(sandbox.repo, '.git/hooks'), { recursive: true })
  writeFileSync(hook, '#!/bin/sh\necho "not today" >&2\nexit 3\n')
  chmodSync(hook, 0o755)
  const outcome = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(outcome).toMatchObject({ status: 128, stdout: '' })
  expect(outcome.stderr).toContain('not today')
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
  expect(await sandbox.refs('refs/heads')).toHaveLength(1)
  expect((await sandbox.git(['worktree', 'list'])).split('\n')).toHaveLength(1)
  expect(existsSync(join(sandbox.home, 'worktrees/repo/T'))).toBe(false)
  chmodSync(hook, 0o644)
  expect((await sandbox.dw(['claim', '--task', 'T'], ANNA)).status).toBe(0)
})

test('a failed claim of a session that was there before leaves it and its other locks', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  writeFileSync(join(sandbox.root, 'file'), '')
  await sandbox.git(['config', 'dw.worktreePath', '../file/{task}'])
  expect((await sandbox.dw(['claim', '--task', 'T'], ANNA)).status).toBe(128)
  const status = await sandbox.json(['status'], ANNA)
  expect(status.session).toMatchObject({ id: session, locks: ['src'], task: null, worktree: null })
})

test('a branch that was there before a failed claim stays', async ({ sandbox }) => {
  await sandbox.git(['branch', 'feature/T'])
  writeFileSync(join(sandbox.root, 'file'), '')
  await sandbox.git(['config', 'dw.worktreePath', '../file/{task}'])
  expect((await sandbox.dw(['claim', '--task', 'T'], ANNA)).status).toBe(128)
  expect(await sandbox.refs('refs/heads/feature')).toHaveLength(1)
})

test('an agent whose first claim failed starts a session with its next one', async ({ sandbox }) => {
  writeFileSync(join(sandbox.root, 'file'), '')
  const bad = await sandbox.run(
    'git',
    ['-c', 'dw.worktreePath=../file/{task}', 'dw', 'claim', '--task', 'T'],
    ANNA,
  )
  expect(bad.status).toBe(128)
  const next = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(next.status).toBe(0)
  expect((await sandbox.json(['status'], ANNA)).session.locks).toStrictEqual(['task:repo/T'])
})

test('an unknown placeholder in a template is named before anything is claimed', async ({ sandbox }) => {
  for (const setting of ['dw.worktreePath', 'dw.branch']) {
    const before = await sandbox.refs()
    const args = ['-c', `${setting}=x/{user}`, 'dw', 'claim', '--task', 'T', '--json']
    const outcome = await sandbox.run('git', args, ANNA)
    expect(outcome.status).toBe(128)
    const { error } = JSON.parse(outcome.stderr)
    expect(error).toMatchObject({ code: 'DW_CONFIG', setting, value: 'x/{user}', origin: 'command line:' })
    expect(error.message).toContain('"user"')
    expect(await sandbox.refs()).toStrictEqual(before)
  }
})

test('a claim leaves refs, index and config outside its own names as they were', async ({ sandbox }) => {
  await sandbox.git(['tag', 'v1'])
  sandbox.write('src/a.ts', 'staged\n')
  await sandbox.git(['add', 'src/a.ts'])
  sandbox.write('README.md', 'not staged\n')
  const look = async () => [
    await sandbox.git(['for-each-ref', 'refs/tags', 'refs/heads/main']),
    await sandbox.git(['status', '--porcelain']),
    await sandbox.git(['ls-files', '--stage']),
    await sandbox.git(['config', '--local', '--list']),
  ]
  const before = await look()
  await sandbox.dw(['claim', '--task', 'T'], ANNA)
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.dw(['end'], ANNA)
  expect(await look()).toStrictEqual(before)
})
