import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

/** The error of a claim that is refused, after a look that it left everything as it was. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they please
async function refusal(sandbox: Sandbox, args: readonly string[], options = BEN): Promise<any> {
  const look = async () => [await sandbox.refs(), await sandbox.git(['worktree', 'list', '--porcelain'])]
  const before = await look()
  const outcome = await sandbox.dw(['claim', ...args, '--json'], options)
  expect(outcome.stdout).toBe('')
  const withoutLogs = (refs: unknown) =>
    JSON.stringify(refs, null, 1).replace(/.*refs\/dw\/(?:log|ended|meta).*\n/g, '')
  expect(withoutLogs(await look())).toBe(withoutLogs(before))
  return { ...JSON.parse(outcome.stderr).error, status: outcome.status }
}

test('a claim that is mine already prints the same path again and makes nothing', async ({ sandbox }) => {
  const first = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  const refs = await sandbox.refs()
  const again = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(again.stdout).toBe(first.stdout)
  expect(again.stderr).toBe('"task:repo/T" is yours already\n')
  expect(await sandbox.json(['claim', '--task', 'T'], ANNA)).toMatchObject({
    keys: [{ already: true }],
    worktree: { created: false, branch: 'feature/T' },
  })
  expect(await sandbox.refs()).toStrictEqual(refs)
})

test('a worktree whose session has ended is used again, with the work in it', async ({ sandbox }) => {
  const first = await sandbox.json(['claim', '--task', 'T'], ANNA)
  writeFileSync(join(first.worktree.path, 'draft.md'), 'half a thought\n')
  await sandbox.dw(['end', '--force'], ANNA)
  const second = await sandbox.json(['claim', '--task', 'T'], BEN)
  expect(second.worktree).toMatchObject({ path: first.worktree.path, created: false })
  expect(await sandbox.git(['status', '--porcelain'], { cwd: first.worktree.path })).toBe('?? draft.md')
  const there = await sandbox.json(['status'], { cwd: first.worktree.path })
  expect(there.session.id).toBe(second.session)
})

test('a worktree whose session has expired is used again', async ({ sandbox }) => {
  const first = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const late = { ...BEN, env: { DW_TEST_CLOCK: '+25h' } }
  const second = await sandbox.json(['claim', '--task', 'T'], late)
  expect(second.worktree).toMatchObject({ path: first.worktree.path, created: false })
})

test('a worktree goes with the lock of its task, though the session that released it lives', async ({
  sandbox,
}) => {
  const first = await sandbox.json(['claim', '--task', 'T'], ANNA)
  await sandbox.dw(['release', '--task', 'T'], ANNA)
  const second = await sandbox.json(['claim', '--task', 'T'], BEN)
  expect(second.worktree).toMatchObject({ path: first.worktree.path, created: false })
})

test('a worktree of another task whose session lives is in use, and is gone on in with --adopt', async ({
  sandbox,
}) => {
  const first = await sandbox.json(['claim', '--task', 'T', '--branch', 'shared'], ANNA)
  const error = await refusal(sandbox, ['--task', 'U', '--branch', 'shared'])
  expect(error).toMatchObject({
    code: 'DW_IN_USE',
    status: 1,
    path: first.worktree.path,
    session: first.session,
  })
  expect(error.hints[0]).toContain('--adopt')
  const adopted = await sandbox.json(['claim', '--task', 'U', '--branch', 'shared', '--adopt'], BEN)
  expect(adopted.worktree).toMatchObject({ path: first.worktree.path, created: false })
})

test('a worktree of the branch that no claim made is gone on in only with --adopt', async ({ sandbox }) => {
  const path = join(sandbox.root, 'mine')
  await sandbox.git(['worktree', 'add', '--quiet', '-b', 'feature/T', path])
  const error = await refusal(sandbox, ['--task', 'T'])
  expect(error).toMatchObject({ code: 'DW_EXISTS', status: 1, path, branch: 'feature/T' })
  const adopted = await sandbox.json(['claim', '--task', 'T', '--adopt'], BEN)
  expect(adopted.worktree).toMatchObject({ path, branch: 'feature/T', created: false })
  expect(await sandbox.json(['status'], { cwd: path })).toMatchObject({ source: 'stamp' })
})

test('a path that is taken by something else is named and left as it is', async ({ sandbox }) => {
  const path = join(sandbox.home, 'worktrees/repo/T')
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'precious'), 'x')
  expect(await refusal(sandbox, ['--task', 'T'])).toMatchObject({ code: 'DW_EXISTS', status: 1, path })
  writeFileSync(join(sandbox.home, 'worktrees/repo/U'), 'a file')
  expect(await refusal(sandbox, ['--task', 'U'])).toMatchObject({ code: 'DW_EXISTS', status: 1 })
})

test('an empty directory at the path is no obstacle', async ({ sandbox }) => {
  mkdirSync(join(sandbox.home, 'worktrees/repo/T'), { recursive: true })
  expect(await sandbox.json(['claim', '--task', 'T'], ANNA)).toMatchObject({ worktree: { created: true } })
})

test('a worktree of another branch at the path is in the way', async ({ sandbox }) => {
  const path = join(sandbox.home, 'worktrees/repo/T')
  await sandbox.git(['worktree', 'add', '--quiet', '-b', 'other', path])
  const error = await refusal(sandbox, ['--task', 'T'])
  expect(error).toMatchObject({ code: 'DW_EXISTS', status: 1, path, branch: 'other' })
})

test('a branch that is checked out in the main worktree is in use', async ({ sandbox }) => {
  const error = await refusal(sandbox, ['--task', 'T', '--branch', 'main'])
  expect(error).toMatchObject({ code: 'DW_IN_USE', status: 1 })
  expect(error.message).toContain(sandbox.repo)
})

test('a worktree that was deleted by hand is made again by the next claim', async ({ sandbox }) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  rmSync(worktree.path, { recursive: true })
  const again = await sandbox.json(['claim', '--task', 'T'], ANNA)
  expect(again).toMatchObject({ keys: [{ already: true }], worktree: { path: worktree.path, created: true } })
  expect(await sandbox.git(['status', '--porcelain'], { cwd: worktree.path })).toBe('')
})

test('a worktree that was moved by git is found by its stamp', async ({ sandbox }) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const path = join(sandbox.root, 'elsewhere')
  await sandbox.git(['worktree', 'move', worktree.path, path])
  expect(await sandbox.json(['claim', '--task', 'T'], ANNA)).toMatchObject({
    worktree: { path, created: false },
  })
})

test('a worktree that was moved by hand is named with the way to repair it', async ({ sandbox }) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  await sandbox.git(['config', 'dw.worktreePath', '../other/{task}'])
  rmSync(worktree.path, { recursive: true })
  const error = await refusal(sandbox, ['--task', 'T'], ANNA)
  expect(error).toMatchObject({ code: 'DW_EXISTS', path: worktree.path })
  expect(error.hints.join('\n')).toContain('git worktree repair')
})

test('a task whose worktree is the place where its session stands stays claimed there', async ({
  sandbox,
}) => {
  const { worktree, session } = await sandbox.json(['claim', '--task', 'T'])
  const again = await sandbox.json(['claim', '--task', 'T'], { cwd: worktree.path })
  expect(again).toMatchObject({ session, keys: [{ already: true }], worktree: { path: worktree.path } })
})
