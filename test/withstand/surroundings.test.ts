import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import { type RunOptions, Sandbox } from '../harness/sandbox.ts'

const ANNA = { agent: 'anna' }

/** What this program may write of a repository; all else must stay. */
const OURS = /^(?:objects|dw|refs\/dw|worktrees|refs\/heads\/feature|logs\/refs\/heads\/feature)(?:\/|$)/

let sandbox: Sandbox
let anna: string
let count = 0
beforeAll(async () => {
  sandbox = await Sandbox.create()
  await sandbox.git(['tag', '-a', '-m', 'one', 'v1'])
  await sandbox.git(['pack-refs', '--all'])
  sandbox.write('.git/FETCH_HEAD', 'as it was\n')
  anna = (await sandbox.json(['claim', 'mine', '-m', 'parser'], ANNA)).session
  await sandbox.dw(['claim', 'theirs'], { agent: 'ben' })
})
afterAll(() => sandbox.dispose())

/** Goes through the work of a session under `options`, and looks at what it left from outside of them. */
async function expectWork(options: RunOptions & { readonly config?: readonly string[] }): Promise<void> {
  const { config = [], ...rest } = options
  const run = async (args: readonly string[], status = 0) => {
    const outcome = await sandbox.run('git', [...config, 'dw', ...args, '--json'], { ...ANNA, ...rest })
    expect(outcome.status, `${args.join(' ')}: ${outcome.stderr}`).toBe(status)
    if (status === 0 && !rest.env?.['GIT_TRACE']) expect(outcome.stderr).toBe('')
    return JSON.parse(outcome.stdout === '' ? '{}' : outcome.stdout)
  }
  count += 1
  const [key, task] = [`key-${count}`, `task-${count}`]
  const before = gitFiles(sandbox, OURS)
  expect((await run(['claim', key])).session).toBe(anna)
  const { path, branch } = (await run(['claim', '--task', task])).worktree
  const status = await run(['status'])
  expect(status.session).toMatchObject({ id: anna, locks: [key, 'mine', `task:repo/${task}`] })
  expect((await run(['check', 'theirs/x'], 1)).items[0].answer).toBe('held')
  expect((await run(['locks'])).items).toHaveLength(4)
  expect((await run(['release', key, `task:repo/${task}`])).released).toHaveLength(2)
  // seen without those surroundings
  expect(await sandbox.git(['status', '--porcelain'], { cwd: path })).toBe('')
  expect(await sandbox.git(['symbolic-ref', '--short', 'HEAD'], { cwd: path })).toBe(branch)
  expect(readFileSync(join(path, 'README.md'), 'utf8')).toBe('# readme\n')
  expect(await sandbox.git(['status', '--porcelain'])).toBe('')
  await sandbox.git(['worktree', 'remove', path])
  await sandbox.git(['branch', '-D', branch])
  expect(gitFiles(sandbox, OURS)).toStrictEqual(before)
  expect(existsSync(join(sandbox.repo, '.git/logs/refs/dw'))).toBe(false)
  expect(
    readdirSync(join(sandbox.repo, '.git/dw'), { recursive: true, encoding: 'utf8' }).join(),
  ).not.toContain('.tmp')
}

const nowhere = () => join(sandbox.root, 'nowhere')

describe('variables that a surrounding git or user sets', () => {
  test.each<[string, () => Record<string, string | undefined>]>([
    [
      'another index, object store, namespace and quarantine',
      () => ({
        GIT_INDEX_FILE: nowhere(),
        GIT_OBJECT_DIRECTORY: nowhere(),
        GIT_ALTERNATE_OBJECT_DIRECTORIES: nowhere(),
        GIT_NAMESPACE: 'other',
        GIT_QUARANTINE_PATH: nowhere(),
        GIT_PREFIX: 'src/',
        GIT_COMMON_DIR: nowhere(),
        GIT_SHALLOW_FILE: nowhere(),
        GIT_REFLOG_ACTION: 'odd',
        GIT_REPLACE_REF_BASE: 'refs/heads/',
      }),
    ],
    [
      'how paths are meant',
      () => ({
        GIT_LITERAL_PATHSPECS: '1',
        GIT_ICASE_PATHSPECS: '0',
        GIT_OPTIONAL_LOCKS: '0',
        GIT_CEILING_DIRECTORIES: sandbox.root,
        GIT_DISCOVERY_ACROSS_FILESYSTEM: '1',
        GIT_REDIRECT_STDERR: 'off',
        GIT_REF_PARANOIA: '1',
        GIT_FLUSH: '1',
      }),
    ],
    [
      'settings',
      () => ({
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'color.ui',
        GIT_CONFIG_VALUE_0: 'always',
        GIT_CONFIG_KEY_1: 'core.abbrev',
        GIT_CONFIG_VALUE_1: '5',
      }),
    ],
    ['the repository itself', () => ({ GIT_DIR: join(sandbox.repo, '.git'), GIT_WORK_TREE: sandbox.repo })],
    [
      'programs',
      () => ({
        GIT_PAGER: 'false',
        PAGER: 'false',
        GIT_EDITOR: 'false',
        GIT_EXTERNAL_DIFF: 'false',
        GIT_ASKPASS: 'false',
        GIT_SSH_COMMAND: 'false',
      }),
    ],
    ['languages', () => ({ LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8', LANGUAGE: 'de:fr' })],
    [
      'nobody',
      () => ({
        GIT_AUTHOR_NAME: undefined,
        GIT_AUTHOR_EMAIL: undefined,
        GIT_COMMITTER_NAME: undefined,
        GIT_COMMITTER_EMAIL: undefined,
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: 'user.useConfigOnly',
        GIT_CONFIG_VALUE_0: 'true',
        GIT_CONFIG_KEY_1: 'user.name',
        GIT_CONFIG_VALUE_1: 'a\u001b[31m\nb',
      }),
    ],
    [
      'a temporary directory and settings that are not there',
      () => ({
        TMPDIR: nowhere(),
        XDG_CONFIG_HOME: nowhere(),
        LOGNAME: '',
        USER: '',
      }),
    ],
  ])('%s leak neither in nor out', async (_, env) => {
    await expectWork({ env: env() })
  })

  test.each(['GIT_TRACE', 'GIT_TRACE2_EVENT', 'GIT_TRACE_SETUP', 'GIT_TRACE_REFS'])(
    '%s does not get into errors, and still writes to its file',
    async (name) => {
      for (const value of ['1', 'true', '2', '7']) {
        const outcome = await sandbox.run('git-dw', ['status', '--json'], {
          cwd: sandbox.root,
          env: { [name]: value },
        })
        expect(JSON.parse(outcome.stderr).error.message, value).toContain('not a git repository')
        expect(outcome.stderr).not.toContain('trace')
        const good = await sandbox.run('git-dw', ['locks'], { env: { [name]: value } })
        expect(good).toMatchObject({ status: 0, stderr: '' })
      }
      const file = join(sandbox.root, `trace-${name}`)
      expect((await sandbox.run('git-dw', ['status'], { env: { [name]: file } })).stderr).toBe('')
      expect(readFileSync(file, 'utf8')).not.toBe('')
    },
  )

  test('a HOME that is empty or not there is asked for only where it is needed', async () => {
    for (const HOME of [nowhere(), '']) {
      expect((await sandbox.dw(['claim', 'homeless'], { ...ANNA, env: { HOME } })).status).toBe(0)
    }
    await sandbox.dw(['release', 'homeless'], ANNA)
    if (process.getuid?.() !== 0) return
    writeFileSync(join(sandbox.root, 'safe'), '[safe]\n\tdirectory = *\n')
    // a uid without an entry in the user database, and without a HOME
    await sandbox.run('chmod', ['-R', 'a+rwX', '.'], { cwd: sandbox.root })
    const args = ['setpriv', '--reuid=54321', '--clear-groups', 'git-dw']
    const env = { HOME: undefined, LOGNAME: undefined, USER: undefined }
    const options = {
      ...ANNA,
      env: { ...env, GIT_CONFIG_GLOBAL: join(sandbox.root, 'safe') },
    }
    const before = gitFiles(sandbox)
    const outcome = await sandbox.run('env', [...args, 'claim', '--task', 'T', '--json'], options)
    expect(outcome.status, outcome.stderr).toBe(128)
    expect(JSON.parse(outcome.stderr).error).toMatchObject({ code: 'DW_CONFIG', setting: 'dw.worktreePath' })
    expect(gitFiles(sandbox)).toStrictEqual(before)
    // the index notes the files' new modes at the next look
    await sandbox.git(['status'])
  })

  test('without LOGNAME and USER, whose session it is stands in the user database', async () => {
    const name = (await sandbox.run('id', ['-un'])).stdout.trim()
    const env = { LOGNAME: undefined, USER: undefined }
    await sandbox.dw(['claim', 'nameless'], { agent: 'nameless', env })
    const { stdout } = await sandbox.dw(['locks', 'nameless', '--json'], { agent: 'nameless', env })
    expect(JSON.parse(stdout).items[0].owner.user).toBe(name)
    await sandbox.dw(['end'], { agent: 'nameless' })
  })

  test('a login name with control characters stays in the record, and off the terminal', async () => {
    const env = { LOGNAME: 'ev\u001b[31mil\nname\u202e' }
    await sandbox.dw(['claim', 'odd'], { agent: 'odd', env })
    for (const args of [['locks'], ['sessions'], ['status'], ['claim', 'odd'], ['check', 'odd']]) {
      const { stdout, stderr } = await sandbox.dw(args, { agent: 'other' })
      expect(stdout + stderr, args.join(' ')).not.toMatch(
        /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|\nname/,
      )
    }
    await sandbox.dw(['end'], { agent: 'odd' })
    await sandbox.dw(['end'], { agent: 'other' })
  })
})

describe('settings of the user', () => {
  const set = (settings: Record<string, string>) =>
    Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])

  test.each<[string, Record<string, string>]>([
    [
      'of colours and columns',
      {
        'color.ui': 'always',
        'color.branch': 'always',
        'column.ui': 'always',
        'core.pager': 'false',
        'pager.for-each-ref': 'true',
        'pager.config': 'true',
        'pager.worktree': 'true',
        'color.dw': 'never',
      },
    ],
    [
      'of names and paths',
      {
        'core.quotePath': 'true',
        'core.abbrev': '4',
        'core.warnAmbiguousRefs': 'true',
        'core.ignoreCase': 'true',
        'core.precomposeUnicode': 'true',
        'core.fileMode': 'false',
      },
    ],
    [
      'of refs and logs',
      {
        'core.logAllRefUpdates': 'always',
        'transfer.hideRefs': 'refs/dw',
        'uploadpack.hideRefs': 'refs/dw',
        'log.showSignature': 'true',
        'log.date': 'relative',
        'status.short': 'true',
        'status.branch': 'true',
      },
    ],
    [
      'that shadow commands',
      {
        'alias.for-each-ref': '!false',
        'alias.cat-file': '!false',
        'alias.update-ref': '!false',
        'alias.rev-parse': '!false',
        'alias.worktree': '!false',
        'alias.config': '!false',
        'alias.dw': '!false',
      },
    ],
    [
      'of storage',
      {
        'gc.auto': '1',
        'core.sharedRepository': 'group',
        'feature.experimental': 'true',
        'core.fsmonitor': 'false',
        'core.untrackedCache': 'true',
        'index.version': '4',
      },
    ],
    [
      'of habits',
      {
        'core.commentChar': ';',
        'init.defaultBranch': 'trunk',
        'worktree.guessRemote': 'true',
        'checkout.defaultRemote': 'nowhere',
        'advice.detachedHead': 'true',
        'push.default': 'nothing',
        'branch.autoSetupMerge': 'always',
        'commit.gpgSign': 'true',
        'user.name': '',
        'user.email': '',
      },
    ],
  ])('%s change nothing', async (_, settings) => {
    await expectWork({ config: set(settings) })
  })

  test('a reference-transaction hook is not run for records, and vetoes no lock', async () => {
    const [hooks, trace] = [join(sandbox.root, 'hooks'), join(sandbox.root, 'trace')]
    mkdirSync(hooks)
    writeFileSync(
      join(hooks, 'reference-transaction'),
      `#!/bin/sh\ncat >>'${trace}'\n! grep -q refs/dw '${trace}'\n`,
      { mode: 0o755 },
    )
    await expectWork({ config: ['-c', `core.hooksPath=${hooks}`] })
    // the hook saw git make the worktree, and nothing of ours
    expect(readFileSync(trace, 'utf8')).toContain('HEAD')
    expect(readFileSync(trace, 'utf8')).not.toContain('refs/dw')
  })

  test('hooks see what git sets and nothing of this program’s', async () => {
    const hooks = join(sandbox.root, 'seeing')
    mkdirSync(hooks)
    const write = (to: string) =>
      writeFileSync(
        join(hooks, 'post-checkout'),
        `#!/bin/sh\nenv | grep -E '^(GIT_|DW_)' | grep -v _WORK_TREE | sed "s|=.*worktrees/.*|=<it>|" | sort >'${to}'\n`,
        { mode: 0o755 },
      )
    const [ours, gits] = [join(sandbox.root, 'ours'), join(sandbox.root, 'gits')]
    // in the environment's settings, so that both see the same
    const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'core.hooksPath', GIT_CONFIG_VALUE_0: hooks }
    write(ours)
    const { worktree } = await sandbox.json(['claim', '--task', 'seen'], { ...ANNA, env })
    write(gits)
    await sandbox.git(
      ['worktree', 'add', '--quiet', '-b', 'by-git', join(sandbox.root, 'worktrees/by-git')],
      { env },
    )
    expect(readFileSync(ours, 'utf8')).toBe(readFileSync(gits, 'utf8'))
    for (const path of [worktree.path, join(sandbox.root, 'worktrees/by-git')]) {
      await sandbox.git(['worktree', 'remove', path])
    }
    await sandbox.git(['branch', '-D', 'by-git', worktree.branch])
    await sandbox.dw(['release', '--task', 'seen'], ANNA)
  })

  test('a replacement of a record’s blob is not read', async () => {
    const lock = await sandbox.git(['rev-parse', 'refs/dw/locks/path/mine'])
    const session = `refs/dw/active/${anna.toLowerCase()}`
    const other = await sandbox.git(['hash-object', '-w', '--stdin'], { input: '{"fake":true}' })
    await sandbox.git(['replace', '-f', lock, other])
    await sandbox.git(['replace', '-f', await sandbox.git(['rev-parse', session]), other])
    expect(
      (await sandbox.json(['locks'], ANNA)).items.map(({ state }: { state: string }) => state),
    ).toStrictEqual(['live', 'live'])
    expect((await sandbox.dw(['check', 'mine/below'], { agent: 'cleo' })).status).toBe(1)
    expect((await sandbox.json(['status'], ANNA)).session.locks).toStrictEqual(['mine'])
    expect((await sandbox.git(['replace', '-l'])).split('\n')).toHaveLength(2)
    await sandbox.run('sh', ['-c', 'git replace -d $(git replace -l)'])
  })

  test('branches and tags that are named like records are not taken for them', async () => {
    for (const kind of ['heads', 'tags']) {
      for (const name of ['locks/path/mine', 'locks/path/free', 'meta', `active/${anna.toLowerCase()}`]) {
        await sandbox.git(['update-ref', `refs/${kind}/refs/dw/${name}`, 'HEAD'])
      }
    }
    const before = (await sandbox.refs()).filter((line) => !line.startsWith('refs/dw/'))
    await expectWork({})
    expect((await sandbox.dw(['check', 'free/x', 'free'], ANNA)).stdout).toContain('free/x: free')
    expect((await sandbox.dw(['check', 'mine/x'], { agent: 'cleo' })).status).toBe(1)
    expect((await sandbox.refs()).filter((line) => !line.startsWith('refs/dw/'))).toStrictEqual(before)
  })
})
