import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

/** Mounting a disk of its own takes root, which `.ci/run` has. */
describe.skipIf(process.getuid?.() !== 0)('on a disk without space', () => {
  let sandbox: Sandbox
  let disk: string
  beforeAll(async () => {
    sandbox = new Sandbox(join('disk', 'repo'))
    disk = join(sandbox.root, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'git-dw-test', disk])
    await sandbox.git(['init', '--quiet', '--template=', '--initial-branch=main', sandbox.repo], {
      cwd: sandbox.root,
    })
    await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'first'])
  })
  afterAll(() => {
    execFileSync('umount', [disk])
    sandbox.dispose()
  })

  /** Leaves so many pages of 4 KiB. */
  const fill = (pages: number) => {
    const ballast = join(disk, 'ballast')
    mkdirSync(ballast, { recursive: true })
    try {
      for (let at = 0; ; at += 1) writeFileSync(join(ballast, `page-${at}`), Buffer.alloc(4096, 1))
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' })
    }
    for (const name of readdirSync(ballast).slice(0, pages + 1)) rmSync(join(ballast, name))
  }
  const makeRoom = () => rmSync(join(disk, 'ballast'), { recursive: true, force: true })
  const leftovers = () =>
    readdirSync(join(sandbox.repo, '.git'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.lock$|^refs\/.*\.tmp$|dw-probe/.test(name),
    )

  beforeEach(async () => {
    makeRoom()
    for (const agent of [ANNA, BEN]) {
      await sandbox.dw(['end'], agent)
      expect((await sandbox.dw(['init'], agent)).status).toBe(0)
    }
    expect((await sandbox.dw(['claim', 'mine', 'also'], ANNA)).status).toBe(0)
    expect((await sandbox.dw(['claim', 'theirs'], BEN)).status).toBe(0)
  })

  const COMMANDS: readonly [string, readonly string[]][] = [
    ['claim', ['claim', 'new']],
    ['claim of several', ['claim', 'x', 'y', 'z']],
    ['release', ['release', 'mine']],
    ['steal', ['claim', 'theirs', '--steal', '-m', 'urgent']],
    ['steal of a directory above', ['claim', 'theirs/a', '--steal', '-m', 'urgent']],
    ['start', ['new']],
    ['end', ['end']],
  ]

  /** A lock in the way of a key below it goes in a transaction before: its holder has been told, and it is free. */
  const HALF_A_STEAL = '\ntaken from its holder for this before it failed: theirs'
  const expectHalfASteal = (before: readonly string[], after: readonly string[]) => {
    const names = (lines: readonly string[]) => lines.map((line) => line.split(' ')[0])
    const others = (lines: readonly string[]) =>
      lines.filter((line) => !/^refs\/dw\/(active|log)\//.test(line))
    expect(names(after)).toEqual(names(before).filter((name) => name !== 'refs/dw/locks/path/theirs'))
    expect(others(after)).toEqual(others(before).filter((line) => !line.includes('/theirs ')))
  }

  test.each(COMMANDS)(
    'a %s changes nothing and says why, or is done whole; with space it works',
    async (_, words) => {
      const before = await sandbox.refs()
      let refused = 0
      let done = false
      for (const pages of [0, 1, 3, 6, 10, 16]) {
        fill(pages)
        expect((await sandbox.dw(['status'], ANNA)).status).toBe(0)
        const outcome = await sandbox.dw([...words, '--json'], ANNA)
        makeRoom()
        expect(leftovers()).toEqual([])
        done = outcome.status === 0
        if (done) break
        refused += 1
        expect(outcome.status, outcome.stderr).toBe(128)
        const { code, message } = JSON.parse(outcome.stderr).error
        expect([code, message], `${pages} pages`).toEqual([
          'DW_GIT',
          expect.stringMatching(/^there is no space left to write in "/),
        ])
        const after = await sandbox.refs()
        if (message.endsWith(HALF_A_STEAL)) expectHalfASteal(before, after)
        else expect(after, `${pages} pages`).toEqual(before)
        if (JSON.stringify(after) !== JSON.stringify(before)) break
      }
      expect(refused).toBeGreaterThan(0)
      if (!done) {
        const again = await sandbox.dw(words, ANNA)
        expect(again.status, again.stderr).toBe(0)
      }
      expect(await sandbox.refs()).not.toEqual(before)
      expect((await sandbox.dw(['status'], BEN)).status).toBe(0)
    },
  )

  test('objects that were cut short there do not spoil later claims', async () => {
    fill(2)
    await sandbox.run('git', ['hash-object', '-w', '--stdin'], { input: String(Math.random()).repeat(9999) })
    makeRoom()
    const objects = join(sandbox.repo, '.git/objects')
    writeFileSync(join(objects, 'tmp_obj_cutoff'), 'x')
    mkdirSync(join(objects, 'ab'), { recursive: true })
    writeFileSync(join(objects, 'ab', 'c'.repeat(38)), '')
    expect((await sandbox.dw(['claim', 'later'], ANNA)).status).toBe(0)
    expect((await sandbox.dw(['locks'], BEN)).stdout).toContain('later')
    expect(existsSync(join(objects, 'tmp_obj_cutoff'))).toBe(true)
  })
})
