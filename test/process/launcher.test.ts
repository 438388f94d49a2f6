import {
  chmodSync,
  cpSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUILD, PROGRAMS, Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from './counted-git.ts'

describe('the launcher', () => {
  let sandbox: Sandbox
  let version: string
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    version = (await sandbox.run(LAUNCHER, ['--version'])).stdout
    expect(version).toMatch(/^git-dw \d+\.\d+\.\d+\n$/)
  })
  afterAll(() => sandbox.dispose())

  /** A copy of the installed files below a directory with this name. */
  const installation = (name: string) => {
    const root = join(sandbox.root, name)
    mkdirSync(root, { recursive: true })
    // a native build is large
    const filter = (path: string) => BUILD === 'native' || !path.endsWith('dist/native')
    for (const part of ['bin', 'dist', 'package.json']) {
      cpSync(join(PROGRAMS, '..', part), join(root, part), { recursive: true, filter })
    }
    return join(root, 'bin/git-dw')
  }

  test('finds its files through a chain of symbolic links', async () => {
    const directory = join(sandbox.root, 'links')
    mkdirSync(directory)
    symlinkSync(LAUNCHER, join(directory, 'second'))
    symlinkSync('second', join(directory, 'git-dw'))
    const path = `${directory}:/usr/bin:/bin:${join(process.execPath, '..')}`
    expect((await sandbox.run('git-dw', ['--version'], { env: { PATH: path } })).stdout).toBe(version)
    const status = await sandbox.run('git', ['dw', 'status'], { env: { PATH: path } })
    expect([status.status, status.stderr]).toEqual([0, ''])
  })

  test('finds its files under a path with spaces, quotes and letters that are not ASCII', async () => {
    const launcher = installation(`some "where" it's näher`)
    expect((await sandbox.run(launcher, ['--version'])).stdout).toBe(version)
    expect((await sandbox.run('./git-dw', ['--version'], { cwd: join(launcher, '..') })).stdout).toBe(version)
    expect((await sandbox.run('sh', [launcher, '--version'])).stdout).toBe(version)
  })

  test('hands arguments on as they are', async () => {
    const name = `a  b"c'd$HOME*`
    const outcome = await sandbox.run(LAUNCHER, ['claim', name, '--json'], { agent: 'A' })
    expect(JSON.parse(outcome.stdout).keys[0].key).toBe(name)
  })

  test('starts the native build where there is one, unless the Node build or Bun itself is meant', async () => {
    const launcher = installation('both')
    const native = join(sandbox.root, 'both/dist/native/git-dw')
    mkdirSync(dirname(native), { recursive: true })
    rmSync(native, { force: true })
    writeFileSync(native, `#!/bin/sh\necho native "$@"\n`, { mode: 0o755 })
    const started = async (env: NodeJS.ProcessEnv) =>
      (await sandbox.run(launcher, ['--version'], { env: { DW_BUILD: undefined, ...env } })).stdout
    expect(await started({})).toBe('native --version\n')
    expect(await started({ DW_BUILD: 'native' })).toBe('native --version\n')
    expect(await started({ DW_BUILD: 'node' })).toBe(version)
    expect(await started({ BUN_BE_BUN: '1' })).toBe(version)
    expect(await started({ BUN_OPTIONS: '--help' })).toBe(version)
    const gone = 'mkdir gone && cd gone && rmdir ../gone && exec "$1" status'
    const env = { DW_BUILD: undefined }
    const nowhere = await sandbox.run('sh', ['-c', gone, 'sh', launcher], { env })
    expect(nowhere.stderr).toContain('git dw: the current directory is gone')
    chmodSync(native, 0o644)
    expect(await started({})).toBe(version)
  })

  test('finds its files through the links that npm makes without starting anything', async () => {
    const root = dirname(dirname(installation('npm/lib/node_modules/git-dw')))
    for (const [from, to] of [
      ['npm/bin', '../lib/node_modules/git-dw/bin/git-dw'],
      ['npm/lib/node_modules/.bin', '../git-dw/bin/git-dw'],
    ] as const) {
      mkdirSync(join(sandbox.root, from))
      symlinkSync(to, join(sandbox.root, from, 'git-dw'))
      const tools = join(sandbox.root, from, 'tools')
      mkdirSync(tools)
      writeFileSync(join(tools, 'node'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 })
      symlinkSync('/bin/sh', join(tools, 'sh'))
      const env = { PATH: tools, DW_BUILD: 'node' }
      const { stdout } = await sandbox.run(join(sandbox.root, from, 'git-dw'), ['status'], { env })
      const [flag, main, word] = stdout.trim().split(' ')
      expect([flag, realpathSync(main ?? ''), word]).toEqual([
        '--max-semi-space-size=8',
        join(root, 'dist/main.js'),
        'status',
      ])
    }
  })

  test('a hook that starts Node itself starts it as the launcher does', async () => {
    const root = join(sandbox.root, 'hooked')
    const hooks = join(root, 'hooks')
    mkdirSync(join(root, 'dist'), { recursive: true })
    for (const part of ['bin', 'hooks'])
      cpSync(join(PROGRAMS, '..', part), join(root, part), { recursive: true })
    writeFileSync(join(root, 'dist/main.js'), '')
    const programs = join(root, 'programs')
    mkdirSync(programs)
    writeFileSync(join(programs, 'node'), '#!/bin/sh\necho "$@"\n', { mode: 0o755 })
    const options = { env: { PATH: `${programs}:/usr/bin:/bin`, DW_BUILD: undefined } }
    const script = `dw_hooks=$1; . "$1/repository.sh"; dw_program hook beat`
    const flags = (line: string) => line.replace(/ \S*dist\/main\.js /, ' ').trim()
    const hook = async () => (await sandbox.run('sh', ['-c', script, 'sh', hooks], options)).stdout
    const launched = (await sandbox.run(join(root, 'bin/git-dw'), ['hook', 'beat'], options)).stdout
    expect(flags(await hook())).toBe(flags(launched))
    expect(flags(launched)).toBe('--max-semi-space-size=8 hook beat')
    // where a package for this platform lies beside it, that is the program
    const native = join(root, 'node_modules/@git-dw/here/bin')
    mkdirSync(native, { recursive: true })
    writeFileSync(join(native, 'git-dw'), '#!/bin/sh\necho native "$@"\n', { mode: 0o755 })
    expect(await hook()).toBe('native hook beat\n')
  })

  test('has the native build compile less while it runs, and nothing that it starts', async () => {
    const name = 'BUN_JSC_thresholdForJITAfterWarmUp'
    const launcher = installation('short')
    const native = join(sandbox.root, 'short/dist/native/git-dw')
    mkdirSync(dirname(native), { recursive: true })
    rmSync(native, { force: true })
    writeFileSync(native, `#!/bin/sh\necho "\${${name}}"\n`, { mode: 0o755 })
    const set = async (env: NodeJS.ProcessEnv = {}) =>
      (await sandbox.run(launcher, ['status'], { env: { DW_BUILD: undefined, ...env } })).stdout.trim()
    expect(await set()).toBe('20011')
    expect(await set({ [name]: '100' })).toBe('100')
    const claim = async (task: string, env: NodeJS.ProcessEnv) => {
      const show = `echo "\${${name}-not set}" >'${sandbox.root}/seen'`
      const args = ['-c', `dw.postCreate=${show}`, 'dw', 'claim', '--task', task]
      const outcome = await sandbox.run('git', args, { agent: 'threshold', env })
      expect(outcome.status, outcome.stderr).toBe(0)
      return readFileSync(join(sandbox.root, 'seen'), 'utf8').trim()
    }
    expect(await claim('one', {})).toBe('not set')
    expect(await claim('two', { [name]: '100' })).toBe('100')
  })

  test('says what is missing where there is no node, and ends with 127', async () => {
    const tools = join(sandbox.root, 'tools')
    mkdirSync(tools)
    for (const tool of ['sh', 'readlink']) symlinkSync(`/bin/${tool}`, join(tools, tool))
    const outcome = await sandbox.run(LAUNCHER, ['status'], { env: { PATH: tools, DW_BUILD: 'node' } })
    expect([outcome.status, outcome.stdout]).toEqual([127, ''])
    expect(outcome.stderr).toMatch(/^git dw: "node" is not on the PATH: .*\n$/)
  })

  test('says what to do where nothing was built yet, and ends with 127', async () => {
    const root = join(sandbox.root, 'unbuilt')
    cpSync(PROGRAMS, join(root, 'bin'), { recursive: true })
    const outcome = await sandbox.run(join(root, 'bin/git-dw'), ['status'])
    expect([outcome.status, outcome.stdout]).toEqual([127, ''])
    expect(outcome.stderr).toContain(`run "npm ci" in "${root}`)
  })
})
