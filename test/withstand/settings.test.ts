import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import { Sandbox } from '../harness/sandbox.ts'

const ANNA = { agent: 'anna' }

describe('a setting that is no duration', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    await sandbox.dw(['claim', 'mine'], ANNA)
  })
  afterAll(() => sandbox.dispose())

  /** Where a setting can stand: how it is put there and taken away, and what the error calls the place. */
  const PLACES: Readonly<
    Record<string, (name: string, value: string) => Promise<[RegExp, readonly string[]]>>
  > = {
    'this repository': async (name, value) => {
      await sandbox.git(['config', name, value])
      return [/file:\.git\/config/, []]
    },
    'the home directory': async (name, value) => {
      await sandbox.git(['config', '--global', name, value])
      return [/file:.*\/home\/\.gitconfig/, []]
    },
    'a file that another includes': async (name, value) => {
      const file = join(sandbox.root, 'more.inc')
      writeFileSync(file, `[dw]\n\t${name.replace('dw.', '')} = ${value}\n`)
      await sandbox.git(['config', 'include.path', file])
      return [/file:.*\/more\.inc/, []]
    },
    'git -c': async (name, value) => [/command line:/, ['-c', `${name}=${value}`]],
  }
  const clean = async () => {
    for (const args of [
      ['config', '--unset-all', 'include.path'],
      ['config', '--remove-section', 'dw'],
      ['config', '--global', '--remove-section', 'dw'],
    ]) {
      await sandbox.run('git', args)
    }
  }

  test.each([
    ['dw.lockTtl', 'soon', 'this repository'],
    ['dw.sessionTtl', '0', 'the home directory'],
    ['dw.heartbeatInterval', '-5m', 'a file that another includes'],
    ['dw.lockTtl', '99999999999999d', 'git -c'],
    ['dw.sessionTtl', '0s', 'git -c'],
    ['dw.heartbeatInterval', '1h30m', 'this repository'],
    ['dw.heartbeatInterval', '15', 'git -c'],
    ['dw.lockTtl', '5000d', 'the home directory'],
    ['dw.sessionTtl', 'soon', 'a file that another includes'],
  ])('%s = %s in %s is named with its place, and nothing is changed', async (name, value, place) => {
    const [origin, options] = (await PLACES[place]?.(name, value)) ?? [/./, []]
    const before = gitFiles(sandbox)
    for (const args of [
      ['claim', 'mine', '-m', 'again'],
      ['claim', '--task', 'T'],
      ['release', 'mine'],
      ['end'],
    ]) {
      const outcome = await sandbox.run('git', [...options, 'dw', ...args, '--json'], ANNA)
      expect(outcome.status, `${args.join(' ')}: ${outcome.stdout}`).toBe(128)
      const { error } = JSON.parse(outcome.stderr)
      expect(error).toMatchObject({ code: 'DW_CONFIG', setting: name, value })
      expect(error.message).toMatch(origin)
    }
    expect(gitFiles(sandbox)).toStrictEqual(before)
    // who only looks is not stopped
    const status = await sandbox.run('git', [...options, 'dw', 'status', '--json'], ANNA)
    expect(JSON.parse(status.stdout).session.locks).toStrictEqual(['mine'])
    await clean()
  })

  test.each([
    ['dw.branch', 'work/{tusk}', 'DW_CONFIG'],
    ['dw.branch', 'work/{task', 'DW_CONFIG'],
    ['dw.worktreePath', '../{user}/{task}', 'DW_CONFIG'],
    ['dw.branch', 'a..b/{task}', 'DW_USAGE'],
    ['dw.base', 'no-such-branch', 'DW_NOT_FOUND'],
    ['dw.project', 'a/b', 'DW_CONFIG'],
  ])('%s = %s is refused before anything is made', async (name, value, code) => {
    const before = gitFiles(sandbox)
    const args = ['-c', `${name}=${value}`, 'dw', 'claim', '--task', 'T', '--json']
    const outcome = await sandbox.run('git', args, ANNA)
    const { error } = JSON.parse(outcome.stderr)
    expect(error.code).toBe(code)
    if (code === 'DW_CONFIG') expect(error).toMatchObject({ setting: name, value, origin: 'command line:' })
    expect(error.hints.length).toBeGreaterThan(0)
    expect(gitFiles(sandbox)).toStrictEqual(before)
  })

  test('an empty value counts as none', async () => {
    const args = ['-c', 'dw.lockTtl=', '-c', 'dw.branch=', 'dw', 'claim', 'fresh', '--json']
    expect(JSON.parse((await sandbox.run('git', args, ANNA)).stdout).keys[0].ttl ?? 7200).toBe(7200)
    expect((await sandbox.record('refs/dw/locks/path/fresh')).ttl).toBe(7200)
  })

  test('a configuration that git cannot read is told in git’s words', async () => {
    writeFileSync(join(sandbox.home, '.gitconfig'), 'x y\n')
    const before = gitFiles(sandbox)
    for (const args of [['claim', 'x'], ['status'], []]) {
      const outcome = await sandbox.run('git-dw', args, ANNA)
      expect(outcome).toMatchObject({ status: 128, stdout: '' })
      expect(outcome.stderr).toMatch(/git will not use the repository.*\n.*bad config line 1/)
    }
    expect(gitFiles(sandbox)).toStrictEqual(before)
    writeFileSync(join(sandbox.home, '.gitconfig'), '')
  })
})

describe('a prefix that fits two sessions', () => {
  test('is refused by every command that takes one, and both are named', async () => {
    const sandbox = await Sandbox.create()
    try {
      const ids = [await sandbox.json(['new']), await sandbox.json(['new'])].map(({ session }) => session)
      const before = gitFiles(sandbox)
      for (const args of [
        ['--session', 'SESS-', 'claim', 'x'],
        ['--session', 'sess', 'heartbeat'],
        ['--session', 'SESS-', 'status'],
        ['end', 'SESS-', '--force'],
        ['resume', 'SESS'],
      ]) {
        const outcome = await sandbox.dw([...args, '--json'], ANNA)
        const { error } = JSON.parse(outcome.stderr)
        expect([outcome.status, error.code], args.join(' ')).toStrictEqual([128, 'DW_AMBIGUOUS'])
        expect([...error.sessions].sort(), args.join(' ')).toStrictEqual([...ids].sort())
      }
      expect(gitFiles(sandbox)).toStrictEqual(before)
    } finally {
      sandbox.dispose()
    }
  })
})
