import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROGRAMS, Sandbox } from '../harness/sandbox.ts'
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
    for (const part of ['bin', 'dist', 'package.json']) {
      cpSync(join(PROGRAMS, '..', part), join(root, part), { recursive: true })
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

  test('says what is missing where there is no node, and ends with 127', async () => {
    const tools = join(sandbox.root, 'tools')
    mkdirSync(tools)
    for (const tool of ['sh', 'readlink']) symlinkSync(`/bin/${tool}`, join(tools, tool))
    const outcome = await sandbox.run(LAUNCHER, ['status'], { env: { PATH: tools } })
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
