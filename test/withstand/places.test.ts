import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import { Sandbox } from '../harness/sandbox.ts'

const ANNA = { agent: 'anna' }
const ALL: readonly (readonly string[])[] = [
  ['claim', 'x'],
  ['claim', '--task', 'T'],
  ['release', '--all'],
  ['check', 'x'],
  ['locks'],
  ['status'],
  ['sessions'],
  ['init'],
  ['new'],
  ['resume', 'SESS-7'],
  ['heartbeat'],
  ['end'],
]

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await Sandbox.create()
})
afterAll(() => sandbox.dispose())

const codeOf = (stderr: string) => {
  const line = stderr.split('\n').find((each) => each.startsWith('{')) ?? '{"error":{}}'
  return JSON.parse(line).error.code
}

test('outside a repository every command says so', async () => {
  for (const args of ALL) {
    const outcome = await sandbox.dw([...args, '--json'], { ...ANNA, cwd: sandbox.root })
    expect([outcome.status, codeOf(outcome.stderr)], args.join(' ')).toStrictEqual([128, 'DW_NOT_A_REPO'])
  }
})

test('in a directory that is gone every command says so', async () => {
  for (const args of ALL) {
    const script = 'mkdir gone && cd gone && rmdir ../gone && git-dw "$@" --json'
    const outcome = await sandbox.run('sh', ['-c', script, 'sh', ...args], ANNA)
    expect([outcome.status, codeOf(outcome.stderr)], args.join(' ')).toStrictEqual([128, 'DW_NOT_A_REPO'])
  }
})

test('in a repository without a commit all works but a worktree, which says what to do', async () => {
  const cwd = join(sandbox.root, 'empty')
  await sandbox.git(['init', '--quiet', cwd], { cwd: sandbox.root })
  const at = { ...ANNA, cwd }
  const refused = await sandbox.dw(['claim', '--task', 'T', '--json'], at)
  expect(refused.status).toBe(1)
  expect(JSON.parse(refused.stderr).error).toMatchObject({
    code: 'DW_NOT_FOUND',
    hints: ['make a first commit, or claim without a worktree: --no-worktree'],
  })
  expect(await sandbox.git(['for-each-ref'], at)).toBe('')
  for (const args of [
    ['claim', 'x', 'src/y'],
    ['claim', '--task', 'T', '--no-worktree'],
    ['check', 'x'],
    ['locks'],
    ['status'],
    ['sessions'],
    ['heartbeat', '--force'],
    ['release', 'x'],
    ['release', '--all'],
    ['init'],
    ['end'],
    ['new'],
  ]) {
    const outcome = await sandbox.dw(args, at)
    expect(outcome.status, `${args.join(' ')}: ${outcome.stderr}`).toBe(0)
  }
})

test.runIf(process.getuid?.() === 0)(
  'a repository of another user is refused with what git says to do',
  async () => {
    const cwd = join(sandbox.root, 'foreign')
    await sandbox.git(['init', '--quiet', cwd], { cwd: sandbox.root })
    await sandbox.run('chown', ['-R', '65534', cwd])
    for (const args of [['status'], ['claim', 'x'], []]) {
      const outcome = await sandbox.run('git-dw', args, { ...ANNA, cwd })
      expect(outcome).toMatchObject({ status: 128, stdout: '' })
      expect(outcome.stderr).toContain(`git config --global --add safe.directory ${cwd}`)
    }
    await sandbox.git(['config', '--global', '--add', 'safe.directory', cwd])
    expect((await sandbox.dw(['claim', 'x'], { ...ANNA, cwd })).status).toBe(0)
  },
)

describe('a repository of an odd kind', () => {
  const MAKE: Readonly<Record<string, (cwd: string) => Promise<void>>> = {
    'with its git directory elsewhere': async (cwd) => {
      await sandbox.git(['clone', '-q', `--separate-git-dir=${cwd}.store`, sandbox.repo, cwd])
    },
    'with a symbolic link for its git directory': async (cwd) => {
      await sandbox.git(['clone', '-q', sandbox.repo, cwd])
      await sandbox.run('sh', ['-c', 'mv .git ../linked.git && ln -s ../linked.git .git'], { cwd })
    },
    'that is a shallow clone': async (cwd) => {
      await sandbox.git(['clone', '-q', '--depth=1', `file://${sandbox.repo}`, cwd])
    },
    'that is a partial clone whose remote is gone': async (cwd) => {
      await sandbox.git(['config', 'uploadpack.allowFilter', 'true'])
      await sandbox.git(['clone', '-q', '--filter=blob:none', `file://${sandbox.repo}`, cwd])
      await sandbox.git(['remote', 'set-url', 'origin', 'file:///nowhere/at/all'], { cwd })
    },
    'that borrows its objects': async (cwd) => {
      await sandbox.git(['clone', '-q', '--shared', sandbox.repo, cwd])
    },
    'with settings for each worktree': async (cwd) => {
      await sandbox.git(['clone', '-q', sandbox.repo, cwd])
      await sandbox.git(['config', 'extensions.worktreeConfig', 'true'], { cwd })
      await sandbox.git(['config', '--worktree', 'dw.lockTtl', '1h'], { cwd })
    },
    'that lies inside another one': async (cwd) => {
      await sandbox.git(['clone', '-q', sandbox.repo, cwd])
    },
  }
  test.each(Object.keys(MAKE))('%s is worked in, and no other is touched', async (kind) => {
    const name = kind.replaceAll(' ', '-')
    const cwd = join(kind.includes('inside') ? sandbox.repo : sandbox.root, name)
    await MAKE[kind]?.(cwd)
    const outer = gitFiles(sandbox)
    const at = { ...ANNA, cwd }
    const refs = await sandbox.git(['for-each-ref', 'refs/heads', 'refs/remotes', 'refs/tags'], at)
    expect((await sandbox.json(['claim', 'src/a.ts', 'b'], at)).keys).toHaveLength(2)
    expect((await sandbox.dw(['check', 'src'], { agent: 'ben', cwd })).status).toBe(1)
    expect((await sandbox.dw(['claim', 'src'], { agent: 'ben', cwd })).status).toBe(1)
    const { path } = (await sandbox.json(['claim', '--task', name], at)).worktree
    expect(await sandbox.git(['status', '--porcelain'], { cwd: path })).toBe('')
    expect((await sandbox.json(['status'], { ...ANNA, cwd: path })).session.locks).toHaveLength(3)
    await sandbox.git(['worktree', 'remove', path], at)
    await sandbox.git(['branch', '-q', '-D', `feature/${name}`], at)
    expect((await sandbox.dw(['end'], at)).status).toBe(0)
    expect(await sandbox.git(['for-each-ref', 'refs/heads', 'refs/remotes', 'refs/tags'], at)).toBe(refs)
    expect(gitFiles(sandbox)).toStrictEqual(outer)
  })
})
