import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

/** Expects each command to end with `status` and say so, and no ref to move. */
async function refused(
  sandbox: Sandbox,
  commands: readonly (readonly string[])[],
  status: number,
  saying: string,
): Promise<void> {
  const before = await sandbox.refs()
  for (const args of commands) {
    const outcome = await sandbox.dw(args, ANNA)
    expect([args, outcome.status, outcome.stdout]).toEqual([args, status, ''])
    expect(outcome.stderr).toContain(saying)
    expect(outcome.stderr).toContain('→')
    const { error } = JSON.parse(
      (await sandbox.dw([...args.slice(0, 1), '--json', ...args.slice(1)], ANNA)).stderr,
    )
    expect(error.code).toMatch(/^DW_/)
  }
  expect(await sandbox.refs()).toEqual(before)
}

const all = (path: string) => ['claim', 'check', 'locks', 'release'].map((command) => [command, path])

test.for([
  ['an empty path', '', 'a path is empty'],
  ['a path outside', '../x', '"../x" is outside this repository'],
  ['an absolute path outside', '/etc/passwd', '"/etc/passwd" is outside this repository'],
  ['the git directory', '.git', '".git" is inside a git directory'],
  ['what is in it', '.GIT/config', 'is inside a git directory'],
  ['a name of 300 letters', `src/${'n'.repeat(300)}/a`, 'has 300 characters; 255 is the most'],
  ['a path of 3,000 bytes', Array.from({ length: 300 }, () => 'directory').join('/'), 'the key is too long'],
  ['a path of 3,000 bytes from the top', `:/${'directory/'.repeat(300)}`, 'the key is too long'],
  ['a name that is not UTF-8', 'src/\ufffd', 'is not UTF-8'],
] as const)(
  '%s is refused by every command that takes paths, and nothing changes',
  async ([, path, saying], { sandbox }) => {
    await sandbox.dw(['claim', 'mine'], ANNA)
    await refused(sandbox, all(path), 129, saying)
  },
)

test('bytes that are no UTF-8 are refused, not locked under another name', async ({ sandbox }) => {
  await sandbox.dw(['init'], ANNA)
  const before = await sandbox.refs()
  // a shell hands over what node cannot
  for (const words of ["src/$(printf 'caf\\351')", "--no-worktree --task $(printf 'caf\\351')"]) {
    const outcome = await sandbox.run('sh', ['-c', `git dw claim ${words}`], ANNA)
    expect([outcome.status, outcome.stderr]).toEqual([129, expect.stringContaining('is not UTF-8')])
  }
  expect(await sandbox.refs()).toEqual(before)
})

test.for([
  ['', 'it is empty'],
  ['a/b', 'it contains "/"'],
  ['-x', 'it starts with "-"'],
  ['.x', 'it starts with "."'],
  ['x\ty', 'it contains a control character'],
  ['x\ny', 'it contains a control character'],
  ['n'.repeat(101), 'it has 101 characters; 100 is the most'],
] as const)('the task "%s" is refused and nothing changes', async ([task, saying], { sandbox }) => {
  await sandbox.dw(['init'], ANNA)
  await refused(
    sandbox,
    [
      ['claim', `--task=${task}`],
      ['claim', `--task=${task}`, '--no-worktree'],
      ['release', `--task=${task}`],
    ],
    129,
    saying,
  )
})

test('one bad path among good ones keeps all of them from being claimed', async ({ sandbox }) => {
  await refused(
    sandbox,
    [
      ['claim', 'src', '../x'],
      ['claim', 'src', 'n'.repeat(300)],
    ],
    129,
    '',
  )
})

test.for([
  ['60 CJK letters, as a hash', '漢'.repeat(60), '漢'.repeat(60)],
  ['a new line', 'a\nb', 'a\nb'],
  ['a tab', 'a\tb', 'a\tb'],
  ['quotes', `a"b'c`, `a"b'c`],
  ['spaces at its ends', ' a ', ' a '],
  ['a backslash', 'a\\b', 'a\\b'],
  ['a dot at its end', 'a.', 'a.'],
  ['.lock at its end', 'yarn.lock', 'yarn.lock'],
  ['255 letters', 'n'.repeat(255), 'n'.repeat(255)],
] as const)('a path with %s is one key from claim to release', async ([, path, key], { sandbox }) => {
  expect((await sandbox.json(['claim', path], ANNA)).keys).toMatchObject([{ key }])
  expect((await sandbox.dw(['claim', path], BEN)).status).toBe(1)
  expect((await sandbox.json(['locks'])).items).toMatchObject([{ key, state: 'live' }])
  expect((await sandbox.json(['check', path], ANNA)).items).toMatchObject([{ key, answer: 'mine' }])
  const [ref] = await sandbox.refs('refs/dw/locks')
  expect(ref?.split(' ')[0]).toMatch(/^[a-z0-9_.+=,%/-]+$/)
  expect((await sandbox.json(['release', path], ANNA)).released).toEqual([key])
})

test('control characters of a path never reach the terminal', async ({ sandbox }) => {
  const { stdout } = await sandbox.dw(['claim', 'a\u001b[31mb'], ANNA)
  expect(stdout).toBe('a\\u001b[31mb\n')
})

test.for(['-x', '--all', ':x', 'task:a', 'project:a'])(
  'a path named "%s" is given after -- or with ./, and printed so that it is taken again',
  async (name, { sandbox }) => {
    expect(await sandbox.dw(['claim', `./${name}`], ANNA)).toMatchObject({ status: 0, stdout: `./${name}\n` })
    const { stdout } = await sandbox.dw(['locks', `./${name}`], ANNA)
    expect(stdout).toContain(`./${name}`)
    expect(await sandbox.dw(['release', `./${name}`], ANNA)).toMatchObject({
      status: 0,
      stdout: `./${name}\n`,
    })
  },
)

test('after -- a leading dash belongs to the path, also in the hint to steal it', async ({ sandbox }) => {
  expect(await sandbox.dw(['claim', '--', '-x', '--all'], ANNA)).toMatchObject({
    status: 0,
    stdout: './-x\n./--all\n',
  })
  const refusal = await sandbox.dw(['claim', '--', '-x'], BEN)
  expect(refusal.stderr).toContain('git dw claim --steal -m "<why>" -- -x')
  expect((await sandbox.dw(['release', '--', '-x', '--all'], ANNA)).status).toBe(0)
})

test.for([
  ['README.md', 'readme.MD'],
  ['straße', 'STRAẞE'],
  ['İstanbul', 'i\u0307stanbul'],
  ['J\u030c', '\u01f0'],
  ['\u01f0', 'J\u030c'],
  ['é', 'E\u0301'],
] as const)('%s and %s are one key', async ([one, other], { sandbox }) => {
  expect((await sandbox.dw(['claim', one], ANNA)).status).toBe(0)
  expect((await sandbox.dw(['claim', other], BEN)).status).toBe(1)
  expect((await sandbox.json(['check', other], ANNA)).items).toMatchObject([{ answer: 'mine' }])
  expect((await sandbox.dw(['release', other], ANNA)).status).toBe(0)
  expect(await sandbox.refs('refs/dw/locks')).toEqual([])
})

test('names of one claim that fold together are one key', async ({ sandbox }) => {
  expect((await sandbox.json(['claim', 'README.md', 'readme.md', 'ReadMe.MD'], ANNA)).keys).toHaveLength(1)
})

test('a prefix of a session id that fits two is refused, and both are named', async ({ sandbox }) => {
  const first = (await sandbox.json(['claim', 'a'], ANNA)).session
  const second = (await sandbox.json(['claim', 'b'], BEN)).session
  const before = await sandbox.refs()
  for (const args of [['claim', 'c'], ['release', 'a'], ['status'], ['heartbeat'], ['end']]) {
    for (const prefix of ['SESS-', 'sess', 'S']) {
      const { status, stderr } = await sandbox.dw([...args, '--session', prefix])
      expect([args, prefix, status]).toEqual([args, prefix, 128])
      expect(stderr).toContain(`"${prefix}" fits 2 sessions`)
      for (const id of [first, second]) expect(stderr).toContain(id)
    }
  }
  expect(await sandbox.refs()).toEqual(before)
})

test('a path in another repository is refused there and here', async ({ sandbox }) => {
  const other = join(sandbox.root, 'elsewhere')
  mkdirSync(other)
  await sandbox.git(['init', '--quiet', other])
  await refused(sandbox, all(join(other, 'x')), 129, 'is outside this repository')
  expect(readFileSync(join(other, '.git/HEAD'), 'utf8')).toContain('ref:')
})
