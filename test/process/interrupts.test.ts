import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ended, Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from './counted-git.ts'
import { interruptedAt, interruptedOnTerminal, leftovers, type Moment } from './interrupts.ts'

const PATH_CALLS = ['rev-parse', 'config', 'for-each-ref', 'unpack-objects', 'update-ref']
const TASK_CALLS = [...PATH_CALLS, 'worktree list', 'cat-file', 'worktree add']
const around = (calls: readonly string[]): [Moment['when'], string][] =>
  calls.flatMap((call): [Moment['when'], string][] => [
    ['before', call],
    ['after', call],
  ])

const AGENT = { agent: 'A' }

/** When a claim is interrupted, in milliseconds after its start: once before it has begun, else at random. */
const moments = () => [0, ...Array.from({ length: 11 }, () => Math.random() * 300)]

describe('an interrupted claim', () => {
  let sandbox: Sandbox
  let untouched: string[]
  beforeEach(async () => {
    sandbox = await Sandbox.create()
    expect((await sandbox.dw(['claim', 'src'], { agent: 'another' })).status).toBe(0)
    untouched = await leftovers(sandbox)
  })
  afterEach(() => sandbox.dispose())

  const expectNothingKept = async (outcome: { status: number | null; stdout: string; stderr: string }) => {
    expect([outcome.status, outcome.stdout], outcome.stderr).toEqual([130, ''])
    expect(outcome.stderr).toContain('interrupted; nothing is left half done')
    expect(await leftovers(sandbox)).toEqual(untouched)
  }

  test.each(around(PATH_CALLS))('of a path %s its %s leaves nothing', async (when, call) => {
    await expectNothingKept(await interruptedAt(sandbox, ['claim', 'docs'], { call, when }, AGENT))
    expect((await sandbox.dw(['claim', 'docs'], { agent: 'B' })).status).toBe(0)
  })

  test.each(around(TASK_CALLS))('of a task %s its %s leaves nothing', async (when, call) => {
    await expectNothingKept(await interruptedAt(sandbox, ['claim', '--task', 'T'], { call, when }, AGENT))
    expect((await sandbox.dw(['claim', '--task', 'T'], { agent: 'B' })).status).toBe(0)
  })

  // git leaves these where a signal comes while it makes them, before it has noted that they are to go again
  test.each([
    ['a lock on the branch', 'repo', ': > .git/refs/heads/feature/T.lock'],
    ['the directory of the worktree', 'home', 'mkdir -p worktrees/repo/T'],
    ['a record of the worktree without anything in it', 'repo', 'mkdir -p .git/worktrees/T2'],
  ] as const)('of a task whose git leaves %s leaves nothing', async (_, place, making) => {
    const script = `cd '${sandbox[place]}' && ${making}`
    const moment: Moment = { call: 'worktree add', when: 'instead', script }
    await expectNothingKept(await interruptedAt(sandbox, ['claim', '--task', 'T'], moment, AGENT))
    expect((await sandbox.dw(['claim', '--task', 'T'], { agent: 'B' })).status).toBe(0)
  })

  test('of a task names the lock on its branch that another git may hold', async () => {
    const lock = join(sandbox.repo, '.git/refs/heads/feature/T.lock')
    const moment: Moment = { call: 'worktree add', when: 'instead', script: `echo held >'${lock}'` }
    const outcome = await interruptedAt(sandbox, ['claim', '--task', 'T'], moment, AGENT)
    expect(outcome.status).toBe(130)
    expect(outcome.stderr).toContain(`the branch "feature/T" is left behind: "${lock}" is in the way`)
    expect(existsSync(lock)).toBe(true)
  })

  test('is taken back however often it is interrupted', async () => {
    for (const call of ['update-ref', 'worktree']) {
      const moment: Moment = { call, when: 'before', repeated: true }
      await expectNothingKept(await interruptedAt(sandbox, ['claim', '--task', 'T'], moment, AGENT))
    }
  })

  test('keeps what was held before it', async () => {
    const { session } = await sandbox.json(['claim', 'docs/a', 'other'], AGENT)
    untouched = await leftovers(sandbox)
    for (const call of ['for-each-ref', 'update-ref']) {
      const moment: Moment = { call, when: 'after' }
      await expectNothingKept(await interruptedAt(sandbox, ['claim', 'other', 'docs/b'], moment, AGENT))
      await expectNothingKept(await interruptedAt(sandbox, ['claim', '--task', 'T'], moment, AGENT))
    }
    expect((await sandbox.json(['status'], AGENT)).session.id).toBe(session)
  })

  test('of a directory above an own lock leaves that lock', async () => {
    expect((await sandbox.dw(['claim', 'docs/a'], AGENT)).status).toBe(0)
    const { items } = await sandbox.json(['locks'])
    for (const when of ['before', 'after'] as const) {
      const outcome = await interruptedAt(sandbox, ['claim', 'docs'], { call: 'update-ref', when }, AGENT)
      expect(outcome.status, outcome.stderr).toBe(130)
      const keys = (answer: { items: { key: string }[] }) => answer.items.map(({ key }) => key)
      expect(keys(await sandbox.json(['locks']))).toEqual(keys({ items }))
    }
  })

  test.each([
    ['a path', ['claim', 'docs']],
    ['a task', ['claim', '--task', 'T']],
  ])('of %s at any moment, by a signal, leaves all or nothing', async (_, args) => {
    let interrupted = 0
    for (const time of moments()) {
      const child = sandbox.start(LAUNCHER, args, AGENT)
      const over = ended(child)
      await sleep(time)
      child.kill('SIGINT')
      const { status, signal, stdout, stderr } = await over
      if (stdout !== '') {
        // the answer was given; a signal that comes while the process goes away may still end it
        expect([0, 'SIGINT']).toContain(status ?? signal)
        expect((await sandbox.dw(['claim', ...args.slice(1)], { agent: 'B' })).status).toBe(1)
        await giveUp()
      } else {
        interrupted += 1
        // before the program has loaded, the signal itself ends it
        expect(signal === 'SIGINT' || status === 130, `${status}: ${stderr}`).toBe(true)
        expect(await leftovers(sandbox)).toEqual(untouched)
      }
    }
    expect(interrupted).toBeGreaterThan(0)
  })

  test.each([
    ['a path', ['claim', 'docs']],
    ['a task', ['claim', '--task', 'T']],
  ])('of %s at any moment, by Ctrl-C on a terminal, leaves all or nothing', async (_, args) => {
    let interrupted = 0
    for (const time of moments()) {
      const { status, stdout, screen } = await interruptedOnTerminal(sandbox, args, time, AGENT)
      if (stdout !== '') {
        // the answer was given; git, which got the signal too, may end with it all the same
        expect([0, 130]).toContain(status)
        expect((await sandbox.dw(['claim', ...args.slice(1)], { agent: 'B' })).status).toBe(1)
        await giveUp()
      } else {
        interrupted += 1
        expect(status, screen).toBe(130)
        expect(await leftovers(sandbox), screen).toEqual(untouched)
      }
    }
    expect(interrupted).toBeGreaterThan(0)
  })

  /** Undoes a claim that was made after all. */
  const giveUp = async () => {
    const { session } = await sandbox.json(['status'], AGENT)
    expect((await sandbox.dw(['end'], AGENT)).status).toBe(0)
    if (session.worktree) {
      await sandbox.git(['worktree', 'remove', session.worktree.path])
      await sandbox.git(['branch', '-D', session.worktree.branch])
    }
    expect(await leftovers(sandbox)).toEqual(untouched)
  }
})
