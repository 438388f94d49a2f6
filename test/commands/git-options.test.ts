import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }

test('git -C <dir> dw works in that directory', async ({ sandbox }) => {
  const options = { ...ANNA, cwd: sandbox.root }
  const outcome = await sandbox.run('git', ['-C', 'repo/src', 'dw', 'claim', 'a.ts'], options)
  expect(outcome).toMatchObject({ status: 0, stdout: 'a.ts\n' })
  expect((await sandbox.json(['locks'])).items).toMatchObject([{ key: 'src/a.ts' }])
})

test('git -c sets a setting for one command', async ({ sandbox }) => {
  const outcome = await sandbox.run('git', ['-c', 'dw.lockTtl=5m', 'dw', 'claim', 'src'], ANNA)
  expect(outcome.status).toBe(0)
  await sandbox.dw(['claim', 'docs'], ANNA)
  expect((await sandbox.record('refs/dw/locks/path/src')).ttl).toBe(300)
  expect((await sandbox.record('refs/dw/locks/path/docs')).ttl).toBe(7200)
})

test('--git-dir and GIT_DIR choose the repository', async ({ sandbox }) => {
  const options = { ...ANNA, cwd: sandbox.root }
  const args = ['--git-dir=repo/.git', '--work-tree=repo', 'dw', 'claim', 'repo/src']
  expect((await sandbox.run('git', args, options)).status).toBe(0)
  const env = { GIT_DIR: join(sandbox.repo, '.git') }
  expect((await sandbox.json(['locks'], { cwd: sandbox.root, env })).items).toMatchObject([{ key: 'src' }])
})

test('durations of settings are honoured from the user, the repository and the command line', async ({
  sandbox,
}) => {
  await sandbox.git(['config', '--global', 'dw.sessionTtl', '3h'])
  await sandbox.git(['config', 'dw.lockTtl', '10m'])
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  expect((await sandbox.record(`refs/dw/active/${session.toLowerCase()}`)).ttl).toBe(10_800)
  expect((await sandbox.record('refs/dw/locks/path/src')).ttl).toBe(600)
})

test('output into a pipe has no colour, whatever the terminal is called', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const env = { TERM: 'xterm-256color', FORCE_COLOR: '1', CLICOLOR_FORCE: '1' }
  for (const args of [['status'], ['locks'], ['sessions'], ['check', 'src'], ['nonsense'], ['-h']]) {
    const { stdout, stderr } = await sandbox.dw(args, { env })
    expect(`${stdout}${stderr}`).not.toContain('\u001b')
  }
})

test('color.dw=always colours a pipe, over color.ui', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.git(['config', 'color.ui', 'never'])
  await sandbox.git(['config', 'color.dw', 'always'])
  for (const args of [['status'], ['locks'], ['sessions']]) {
    expect((await sandbox.dw(args)).stdout).toContain('\u001b[')
  }
  const refused = await sandbox.dw(['claim', 'src'], { agent: 'ben' })
  expect(refused.stderr).toContain('\u001b[')
  expect((await sandbox.dw(['status', '--json'])).stdout).not.toContain('\u001b')
})

test('color.ui=always colours where color.dw says nothing, and color.dw=never wins over it', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.git(['config', 'color.ui', 'always'])
  expect((await sandbox.dw(['locks'])).stdout).toContain('\u001b[')
  await sandbox.git(['config', 'color.dw', 'never'])
  expect((await sandbox.dw(['locks'])).stdout).not.toContain('\u001b')
})

test('a colour that NO_COLOR forbids is shown only where color.dw asks for it', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const env = { NO_COLOR: '1' }
  expect((await sandbox.dw(['locks'], { env })).stdout).not.toContain('\u001b')
  const always = await sandbox.run('git', ['-c', 'color.dw=always', 'dw', 'locks'], { env })
  expect(always.stdout).toContain('\u001b[')
})

test('--json has no narration, neither beside an answer nor beside an error', async ({ sandbox }) => {
  const started = await sandbox.dw(['claim', 'src', '--json'], ANNA)
  expect(started).toMatchObject({ status: 0, stderr: '' })
  const again = await sandbox.dw(['--json'], ANNA)
  expect(again).toMatchObject({ status: 0, stderr: '' })
  const misused = await sandbox.dw(['claim', '--json', '--nonsense'], ANNA)
  expect(misused).toMatchObject({ status: 129, stdout: '' })
  expect(JSON.parse(misused.stderr).error.code).toBe('DW_USAGE')
})

test('an answer that nobody reads to its end is no error', async ({ sandbox }) => {
  writeFileSync(join(sandbox.root, 'many'), Array.from({ length: 900 }, (_, at) => `file-${at}`).join('\n'))
  await sandbox.run('sh', ['-c', 'xargs git dw claim < ../many'], ANNA)
  const { status, stderr, stdout } = await sandbox.run('sh', ['-c', 'git dw locks | head -n 1'], ANNA)
  expect({ status, stderr }).toStrictEqual({ status: 0, stderr: '' })
  expect(stdout).toMatch(/^KEY/)
})
