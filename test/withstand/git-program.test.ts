import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from '../process/counted-git.ts'

const ANNA = { agent: 'anna' }
const COMMANDS = [
  ['status'],
  ['claim', 'x'],
  ['claim', '--task', 'T'],
  ['release', 'mine'],
  ['end'],
  ['init'],
]

describe('a git that does not do', () => {
  let sandbox: Sandbox
  let git: string
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    await sandbox.dw(['claim', 'mine'], ANNA)
    git = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  })
  afterAll(() => sandbox.dispose())

  /** A directory with node, readlink and perhaps a git, to be the whole PATH. */
  const programs = (name: string, script?: string) => {
    const directory = join(sandbox.root, name)
    mkdirSync(directory)
    symlinkSync(process.execPath, join(directory, 'node'))
    writeFileSync(join(directory, 'readlink'), '#!/bin/sh\nfor last; do :; done\nprintf "%s\\n" "$last"\n', {
      mode: 0o755,
    })
    if (script !== undefined) {
      writeFileSync(join(directory, 'git'), `#!/bin/sh\n${script}\n`)
      chmodSync(join(directory, 'git'), 0o755)
    }
    return { ...ANNA, env: { PATH: directory } }
  }

  const expectRefused = async (options: ReturnType<typeof programs>, message: RegExp) => {
    const before = gitFiles(sandbox)
    for (const args of COMMANDS) {
      const outcome = await sandbox.run('/bin/sh', [LAUNCHER, ...args, '--json'], options)
      expect(outcome.status, outcome.stdout).toBe(128)
      const { error } = JSON.parse(outcome.stderr)
      expect(error, args.join(' ')).toMatchObject({ code: 'DW_GIT', message: expect.stringMatching(message) })
      expect(error.hints[0]).toContain('2.36')
    }
    expect(gitFiles(sandbox)).toStrictEqual(before)
    const bare = await sandbox.run('/bin/sh', [LAUNCHER], options)
    expect([bare.status, bare.stdout]).toStrictEqual([128, ''])
    expect(bare.stderr).toMatch(message)
    const help = await sandbox.run('/bin/sh', [LAUNCHER, 'claim', '-h'], options)
    expect([help.status, help.stderr]).toStrictEqual([0, ''])
  }

  test('because it is missing is named with what is needed', async () => {
    await expectRefused(programs('none'), /"git" is not on the PATH; git dw needs git 2\.36 or newer/)
  })

  test('because it is too old for the first question is named with its version', async () => {
    // as git 2.30 answers an option of `rev-parse` that it does not know: it prints it
    const script = `case "$1" in
  version|--version) echo 'git version 2.30.1' ;;
  rev-parse) printf '%s\\n' --path-format=absolute .git .git false sha1 '/' ;;
  *) exec '${git}' "$@" ;;
esac`
    await expectRefused(programs('old', script), /git 2\.30\.1 is too old; git dw needs git 2\.36 or newer/)
  })

  test('because it is killed is named as that, not as a directory without a repository', async () => {
    const options = programs('killed', `[ "$1" = rev-parse ] && kill -9 "$$"\nexec '${git}' "$@"`)
    const outcome = await sandbox.run('/bin/sh', [LAUNCHER, 'claim', 'x', '--json'], options)
    expect(outcome.status).toBe(128)
    const { code, message } = JSON.parse(outcome.stderr).error
    expect([code, message]).toStrictEqual(['DW_GIT', 'git rev-parse was ended by a signal'])
  })

  test('because it is killed while it tells the settings ends a claim: none is decided without them', async () => {
    const options = programs('untold', `[ "$1" = config ] && kill -9 "$$"\nexec '${git}' "$@"`)
    const before = await sandbox.refs()
    const outcome = await sandbox.run('/bin/sh', [LAUNCHER, 'claim', 'x', '--json'], options)
    expect(outcome.status, outcome.stdout).toBe(128)
    expect(JSON.parse(outcome.stderr).error.message).toBe('git config was ended by a signal')
    expect(await sandbox.refs()).toStrictEqual(before)
  })

  test('because it is too old for a later one is named at the failure, and the claim is not kept', async () => {
    const script = `case "$*" in
  version) echo 'git version 2.35.8.vendor' ;;
  'worktree list --porcelain -z') echo 'error: unknown switch z' >&2; exit 129 ;;
  *) exec '${git}' "$@" ;;
esac`
    const options = programs('older', script)
    const before = gitFiles(sandbox)
    const outcome = await sandbox.run('/bin/sh', [LAUNCHER, 'claim', '--task', 'T', '--json'], options)
    expect(outcome.status).toBe(128)
    expect(JSON.parse(outcome.stderr).error).toMatchObject({
      code: 'DW_GIT',
      message: 'git 2.35.8.vendor is too old; git dw needs git 2.36 or newer',
      found: '2.35.8.vendor',
      needed: '2.36',
    })
    expect(gitFiles(sandbox)).toStrictEqual(before)
  })

  test('because it cannot be run is named with the reason', async () => {
    const options = programs('odd', '')
    chmodSync(join(sandbox.root, 'odd/git'), 0o644)
    const outcome = await sandbox.run('/bin/sh', [LAUNCHER, 'status'], options)
    expect(outcome.status).toBe(128)
    expect(outcome.stderr).toMatch(/"git" cannot be started: .*EACCES/)
  })

  test('is asked for its version after a failure only', async () => {
    const script = `[ "$1" = version ] && echo asked >>'${join(sandbox.root, 'asked')}'\nexec '${git}' "$@"`
    const options = programs('noted', script)
    expect((await sandbox.run('/bin/sh', [LAUNCHER, 'status'], options)).status).toBe(0)
    expect((await sandbox.run('/bin/sh', [LAUNCHER, 'check', 'mine'], options)).status).toBe(0)
    expect(await sandbox.run('cat', ['asked'], { cwd: sandbox.root })).toMatchObject({ stdout: '' })
    const outside = { ...options, cwd: sandbox.root }
    expect((await sandbox.run('/bin/sh', [LAUNCHER, 'status'], outside)).status).toBe(128)
    expect(await sandbox.run('cat', ['asked'], { cwd: sandbox.root })).toMatchObject({ stdout: 'asked\n' })
  })

  test('a missing Node is told by the launcher', async () => {
    const directory = join(sandbox.root, 'no-node')
    mkdirSync(directory)
    const outcome = await sandbox.run('/bin/sh', [LAUNCHER, 'status'], {
      env: { PATH: directory, DW_BUILD: 'node' },
    })
    expect(outcome).toMatchObject({ status: 127, stdout: '' })
    expect(outcome.stderr).toContain('install Node 20.19 or newer')
  })
})
