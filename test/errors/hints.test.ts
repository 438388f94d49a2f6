import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

/** What stands in a hint after its last `: `, which is a command to be given. */
const commandIn = (hint: string) => hint.slice(hint.lastIndexOf(': ') + 2)

test('the hint of a refused claim quotes what the shell would take apart', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'a b', '$(touch pwned)'], ANNA)
  const refused = await sandbox.dw(['claim', 'a b', '$(touch pwned)', '--json'], BEN)
  const { hints } = JSON.parse(refused.stderr).error
  const steal = hints.find((hint: string) => hint.includes('--steal')) ?? ''
  const { status, stdout } = await sandbox.run('sh', ['-c', commandIn(steal)], BEN)
  expect({ status, stdout }).toStrictEqual({ status: 0, stdout: 'a b\n$(touch pwned)\n' })
})

test('the hint of a refused claim of a task quotes its name and keeps its options', async ({ sandbox }) => {
  const options = ['--project', 'my web', '--no-worktree']
  await sandbox.dw(['claim', '--task', 'a b', ...options], ANNA)
  const refused = await sandbox.dw(['claim', '--task', 'a b', ...options, '--json'], BEN)
  const { hints } = JSON.parse(refused.stderr).error
  const steal = hints.find((hint: string) => hint.includes('--steal')) ?? ''
  const { status, stdout } = await sandbox.run('sh', ['-c', commandIn(steal)], BEN)
  expect({ status, stdout }).toStrictEqual({ status: 0, stdout: 'task:my web/a b\n' })
})

test('the hint of an ambiguous identity is a command that works', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'], ANNA)
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], BEN)
  const there = { ...ANNA, cwd: worktree.path }
  const refused = await sandbox.dw(['claim', 'docs', '--json'], there)
  const { hints } = JSON.parse(refused.stderr).error
  const hint = hints.find((each: string) => each.includes('--session')) ?? ''
  const command = commandIn(hint).replace('…', 'claim docs').replace('<command>', 'claim docs')
  expect(command).toContain(session)
  expect(await sandbox.run('sh', ['-c', command], there)).toMatchObject({ status: 0, stdout: 'docs\n' })
})

test('the hint of a lost key claims that key again', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'a b'], ANNA)
  await sandbox.dw(['claim', 'a b', '--steal', '-m', 'release day'], BEN)
  await sandbox.dw(['release', 'a b'], BEN)
  const refused = await sandbox.dw(['release', 'a b', '--json'], ANNA)
  const [hint = ''] = JSON.parse(refused.stderr).error.hints
  expect(await sandbox.run('sh', ['-c', commandIn(hint)], ANNA)).toMatchObject({ status: 0, stdout: 'a b\n' })
})

test('the hint of a missing session starts one', async ({ sandbox }) => {
  const refused = await sandbox.dw(['claim', 'src', '--json'])
  const [hint = ''] = JSON.parse(refused.stderr).error.hints
  const script = `${commandIn(hint)} && git dw claim src`
  expect(await sandbox.run('sh', ['-c', script])).toMatchObject({ status: 0, stdout: 'src\n' })
})

test('the hint of a branch without an upstream pushes it, and then the branch has one', async ({
  sandbox,
}) => {
  const hub = join(sandbox.root, 'hub.git')
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, hub])
  await sandbox.git(['remote', 'add', 'origin', hub])
  await sandbox.git(['config', '--global', 'dw.backgroundSync', 'false'])
  await sandbox.dw(['share'])
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.git(['switch', '-q', '-c', "it's$HOME"])
  const refused = await sandbox.dw(['push', '--json'], ANNA)
  const [hint = ''] = JSON.parse(refused.stderr).error.hints
  const script = `${commandIn(hint)} && git dw push`
  const { status, stdout } = await sandbox.run('sh', ['-c', script], ANNA)
  expect({ status, stdout }).toStrictEqual({ status: 0, stdout: "refs/heads/it's$HOME\n" })
})

test('a mistyped command is answered with the one that is near', async ({ transcript }) => {
  await transcript.run('git dw clam src')
  await transcript.run('git dw frobnicate')
  await transcript.run('git dw status --jsn')
  await transcript.run('git dw check')
  await transcript.matches('mistyped')
})

test('records of other people cannot act on a terminal', async ({ sandbox }) => {
  const evil = 'red \u001b[31m\u001b]0;title\u0007 \u202egnp'
  await sandbox.dw(['claim', 'src', '-m', evil], { ...ANNA, env: { LOGNAME: evil } })
  for (const args of [
    ['locks'],
    ['status'],
    ['sessions'],
    ['check', 'src'],
    ['claim', 'src'],
    ['status', '--json'],
  ]) {
    const { stdout, stderr } = await sandbox.dw(args, BEN)
    expect(`${stdout}${stderr}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
  }
})
