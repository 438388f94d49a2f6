import { expect } from 'vitest'
import { version } from '../../package.json'
import { REGISTRY } from '../../src/cli/registry.ts'
import { test } from '../harness/transcript.ts'

const NAMES = REGISTRY.map(({ path }) => path.join(' '))

test('-h lists every command with what it does', async ({ sandbox, transcript }) => {
  const { status, stdout, stderr } = await transcript.run('git dw -h', { cwd: sandbox.root })
  expect({ status, stderr }).toStrictEqual({ status: 0, stderr: '' })
  for (const name of NAMES) expect(stdout).toMatch(new RegExp(`^ {4}${name} +[A-Z]`, 'm'))
  await transcript.matches('help')
})

test.for(NAMES)(
  '-h of %s prints its usage on stdout, outside a repository, too',
  async (name, { sandbox, transcript }) => {
    const outcome = await transcript.run(`git dw ${name} -h`, { cwd: sandbox.root })
    expect(outcome).toMatchObject({ status: 0, stderr: '' })
    expect(outcome.stdout.startsWith(`usage: git dw ${name}`)).toBe(true)
    expect(outcome.stdout).not.toMatch(/--next|\bundefined\b|#0/)
    const longest = Math.max(...outcome.stdout.split('\n').map((line) => line.length))
    expect(longest).toBeLessThanOrEqual(120)
    await transcript.matches(`help-${name.replaceAll(' ', '-')}`)
  },
)

test('no line of help ends with a space', async ({ sandbox }) => {
  const texts = await Promise.all(
    [...NAMES, ''].map((name) => sandbox.dw([...name.split(' ').filter((word) => word !== ''), '-h'])),
  )
  const lines = texts.flatMap(({ stdout }) => stdout.split('\n'))
  expect(lines.length).toBeGreaterThan(100)
  expect(lines.filter((line) => line.endsWith(' '))).toStrictEqual([])
})

test('-h wins over everything else that is on the command line', async ({ sandbox }) => {
  const { status, stdout } = await sandbox.dw(['claim', '--task', 'T', '--nonsense', '-h'], { agent: 'anna' })
  expect(status).toBe(0)
  expect(stdout).toMatch(/^usage: git dw claim/)
  expect(await sandbox.refs('refs/dw')).toStrictEqual([])
})

test('-h after -- is a path', async ({ sandbox }) => {
  expect((await sandbox.dw(['claim', '--', '-h'], { agent: 'anna' })).stdout).toBe('./-h\n')
})

test('a value that looks like -h is the value of its option', async ({ sandbox }) => {
  const { stdout } = await sandbox.dw(['claim', 'src', '-m', '-h'], { agent: 'anna' })
  expect(stdout).toMatch(/^(?:usage: git dw claim|src\n)/)
})

test('--help of the program itself prints usage where there is no terminal', async ({ sandbox }) => {
  const help = await sandbox.run('git-dw', ['--help'], { cwd: sandbox.root })
  const usage = await sandbox.run('git-dw', ['-h'], { cwd: sandbox.root })
  expect(help).toStrictEqual(usage)
  const claim = await sandbox.run('git-dw', ['claim', '--help'], { cwd: sandbox.root })
  expect(claim.stdout).toMatch(/^usage: git dw claim/)
})

test('git dw <command> --help prints the usage of the command where there is no terminal', async ({
  sandbox,
}) => {
  const { status, stdout } = await sandbox.dw(['claim', '--help'])
  expect(status).toBe(0)
  expect(stdout).toMatch(/^usage: git dw claim/)
})

test('--version prints the version of the package', async ({ sandbox }) => {
  const outcome = await sandbox.dw(['--version'], { cwd: sandbox.root })
  expect(outcome).toMatchObject({ status: 0, stdout: `git-dw ${version}\n`, stderr: '' })
})
