import { existsSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ended, Sandbox } from '../harness/sandbox.ts'
import { seeded } from './contest.ts'
import { LAUNCHER } from './meeting.ts'

/** What is claimed and killed in a round, and when others take it. */
const CLAIMS = [
  { name: 'a file', args: (round: string) => ['claim', `dir-${round}/file`], later: '+3h' },
  // a worktree belongs to the session that its stamp names for as long as that session lives, which is a day
  {
    name: 'a task with its worktree',
    args: (round: string) => ['claim', '--task', `task-${round}`],
    later: '+26h',
  },
  { name: 'a directory above an own lock', args: (round: string) => ['claim', `dir-${round}`], later: '+3h' },
  {
    name: 'a lock of another',
    args: (round: string) => ['claim', `dir-${round}`, '--steal', '-m', 'urgent'],
    later: '+3h',
  },
] as const

/** Of each kind of claim. */
const ROUNDS = 10

describe('claims killed at a random moment', () => {
  let sandbox: Sandbox
  const random = seeded(20261122)
  beforeAll(async () => {
    sandbox = await Sandbox.create()
  })
  afterAll(() => sandbox.dispose())

  /**
   * Starts a claim and kills it after `time` milliseconds, alone or with its whole process group. Null when it
   * died; when it was faster, how long it took.
   */
  const killedClaim = async (args: readonly string[], agent: string, time: number) => {
    const start = performance.now()
    const child = sandbox.start('setsid', [LAUNCHER, ...args], { agent })
    const over = ended(child).then(({ signal }) => (signal === 'SIGKILL' ? null : performance.now() - start))
    const alone = random() < 0.5
    await sleep(time)
    try {
      process.kill(alone ? Number(child.pid) : -Number(child.pid), 'SIGKILL')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
    const took = await over
    // the others come hours later, when a dead git's lock on the index is as old
    if (!alone) ageIndexLocks()
    return took
  }

  const ageIndexLocks = () => {
    const worktrees = join(sandbox.repo, '.git', 'worktrees')
    for (const name of existsSync(worktrees) ? readdirSync(worktrees) : []) {
      const lock = join(worktrees, name, 'index.lock')
      if (existsSync(lock)) utimesSync(lock, new Date(0), new Date(0))
    }
  }

  /** Two locks on one line would be two holders; git's refs should not even let them be. */
  const expectOneHolderEach = async () => {
    const names = (await sandbox.refs('refs/dw/locks')).map((line) => line.split(' ')[0] ?? '')
    for (const name of names) {
      expect(names.filter((other) => other.startsWith(`${name}/`))).toEqual([])
    }
  }

  test.each(CLAIMS.map((claim, kind) => [claim.name, kind, claim] as const))(
    'of %s leave others to go on without any repair',
    async (_, kind, claimed) => {
      const { args, later } = claimed
      const steals = args('').includes('--steal')
      const prepare = async (round: string) => {
        const agent = steals ? 'somebody' : `victim-${round}`
        if (kind >= 2) expect((await sandbox.dw(['claim', `dir-${round}/own`], { agent })).status).toBe(0)
      }
      // how long a claim takes: the last that was not killed tells
      let whole = 300
      let kills = 0
      for (let at = 0; at < ROUNDS; at += 1) {
        const round = `${kind}-${at}`
        await prepare(round)
        const took = await killedClaim(args(round), `victim-${round}`, (0.3 + random() * 0.8) * whole)
        if (took === null) kills += 1
        else whole = took
        await expectOneHolderEach()

        const other = { agent: `other-${round}`, env: { DW_TEST_CLOCK: later } }
        const status = await sandbox.dw(['status'], other)
        expect(status.status, status.stderr).toBe(0)
        const wanted = args(round).filter((arg) => !['--steal', '-m', 'urgent'].includes(arg))
        const claim = await sandbox.dw(wanted, other)
        expect(claim.status, `round ${round}: ${claim.stderr}`).toBe(0)
        await expectOneHolderEach()
        const release = await sandbox.dw(['release', '--all'], other)
        expect(release.status, release.stderr).toBe(0)
        expect(release.stdout).not.toBe('')
      }
      expect(kills).toBeGreaterThan(0)
    },
  )
})

describe('a claim killed between making its worktree and stamping it', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    // git worktree add runs this hook last; its parent's parent is the claim
    const hook = '#!/bin/sh\nread -r _ _ _ parent _ </proc/$PPID/stat\nkill -9 "$parent"\n'
    const path = join(sandbox.repo, '.git/hooks/post-checkout')
    writeFileSync(path, hook, { mode: 0o755 })
    const claim = await sandbox.run(LAUNCHER, ['claim', '--task', 'T'], { agent: 'victim' })
    expect(claim.signal).toBe('SIGKILL')
    rmSync(path)
  })
  afterAll(() => sandbox.dispose())

  test('gives the worktree to the next claim of the task once its lease is over', async () => {
    const early = await sandbox.dw(['claim', '--task', 'T'], { agent: 'other' })
    expect(early.status).toBe(1)
    expect(early.stderr).toContain('is held by')
    const claim = await sandbox.dw(['claim', '--task', 'T'], {
      agent: 'other',
      env: { DW_TEST_CLOCK: '+3h' },
    })
    expect(claim.stderr).not.toContain('git dw:')
    expect(claim.status).toBe(0)
    const view = await sandbox.json(['status'], { cwd: claim.stdout.trim() })
    expect(view.source).toBe('stamp')
  })
})
