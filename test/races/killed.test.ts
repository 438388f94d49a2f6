import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dwHere } from '../harness/in-process.ts'
import { ended, Sandbox } from '../harness/sandbox.ts'
import { killedGoesOn, othersGoOn, type Scene } from '../kills/aftermath.ts'
import { OPERATIONS, type Operation } from '../kills/operations.ts'
import { prepared } from '../kills/prepared.ts'
import { seeded } from './contest.ts'
import { LAUNCHER } from './meeting.ts'

/** Another seed tries other moments; each round has its own, made of this one, the command and its number. */
const SEED = Number(process.env['DW_TEST_SEED'] ?? 20261124)
/** Kills of each kind of command: 15 kinds make 150, and 60 with the other build. */
const KILLS = Number(process.env['DW_TEST_KILLS'] ?? 10)

describe.each(OPERATIONS.map((operation, kind) => [operation.name, operation, kind] as const))(
  `%s that is killed at random moments (DW_TEST_SEED=${SEED})`,
  (_, operation, kind) => {
    let sandbox: Sandbox
    beforeAll(async () => {
      sandbox = await Sandbox.create({ init: ['--template='] })
    })
    afterAll(() => sandbox.dispose())

    test('leaves others, and its own agent, to go on without any repair', async () => {
      let whole = await wholeTime(sandbox, operation)
      let kills = 0
      for (let number = 0; kills < KILLS; number += 1) {
        expect(number, 'most commands were over before they were killed').toBeLessThan(KILLS * 5)
        const random = seeded(SEED + kind * 1000 + number)
        const round = `round-${number}`
        const cast = { killed: `killed-${number}`, holder: `holder-${number}` }
        const { words, sessions } = await prepared(sandbox, operation, round, cast)
        const fraction = 0.1 + 0.85 * random()
        const alone = random() < 0.5
        const took = await killed(sandbox, operation, words, cast.killed, fraction * whole, alone)
        if (took === null) kills += 1
        else whole = took
        const moment = `seed ${SEED}, round ${number}, at ${fraction.toFixed(3)} of ${whole.toFixed()} ms`
        // while a git that outlives it may still be writing
        const status = await dwHere(sandbox, ['status'], { agent: 'watcher' })
        expect(status.status, `${moment}: ${status.stderr}`).toBe(0)
        await gitsAreOver(sandbox)
        // the others come later, when a dead git's locks on the index and HEAD are old
        if (!alone) ageGitLocks(sandbox)
        const scene: Scene = { sandbox, operation, round, cast, words, sessions, moment }
        if (number % 3 === 2 && took === null) await killedGoesOn(scene)
        else await othersGoOn(scene)
      }
    })
  },
)

/** How long the command takes, in milliseconds. */
async function wholeTime(sandbox: Sandbox, operation: Operation): Promise<number> {
  const cast = { killed: 'first', holder: 'second' }
  const { words } = await prepared(sandbox, operation, 'whole', cast)
  const took = await killed(sandbox, operation, words, cast.killed, 60_000, true)
  return took ?? expect.fail('it took a minute')
}

/**
 * Starts a command and kills it after `time` milliseconds, alone or with the git that shares its terminal.
 * Null when it died; when it was faster, how long it took.
 */
async function killed(
  sandbox: Sandbox,
  operation: Operation,
  words: readonly string[],
  agent: string,
  time: number,
  alone: boolean,
): Promise<number | null> {
  const start = performance.now()
  const env = { DW_TEST_CLOCK: operation.clock }
  const child = sandbox.start('setsid', [LAUNCHER, ...words], { agent, env })
  const giveUp = new AbortController()
  const over = ended(child).then(({ signal }) => {
    giveUp.abort()
    return signal === 'SIGKILL' ? null : performance.now() - start
  })
  await sleep(time, undefined, { signal: giveUp.signal }).catch(() => undefined)
  try {
    process.kill(alone ? Number(child.pid) : -Number(child.pid), 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
  return over
}

function ageGitLocks(sandbox: Sandbox): void {
  const worktrees = join(sandbox.repo, '.git', 'worktrees')
  for (const name of existsSync(worktrees) ? readdirSync(worktrees) : []) {
    for (const file of ['index.lock', 'HEAD.lock']) {
      const lock = join(worktrees, name, file)
      if (existsSync(lock)) utimesSync(lock, new Date(0), new Date(0))
    }
  }
}

/** Waits for the gits that have outlived their parent to come to their end. */
async function gitsAreOver(sandbox: Sandbox): Promise<void> {
  const isHere = (pid: string) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(sandbox.root)
    } catch {
      return false
    }
  }
  while (readdirSync('/proc').some((name) => /^\d+$/.test(name) && isHere(name))) await sleep(5)
}

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

test('a worktree whose record was cut off goes without it, and what lies there is moved aside, not lost', async () => {
  const sandbox = await Sandbox.create()
  try {
    const hook = '#!/bin/sh\nread -r _ _ _ parent _ </proc/$PPID/stat\nkill -9 "$parent"\n'
    const file = join(sandbox.repo, '.git/hooks/post-checkout')
    writeFileSync(file, hook, { mode: 0o755 })
    expect((await sandbox.run(LAUNCHER, ['claim', '--task', 'T'], { agent: 'victim' })).signal).toBe(
      'SIGKILL',
    )
    rmSync(file)
    await gitsAreOver(sandbox)
    const places = join(sandbox.home, 'worktrees/repo')
    writeFileSync(join(places, 'T/more'), 'more\n')
    // as a git leaves it that was killed while it wrote this file: every `git worktree list` dies of it
    writeFileSync(join(sandbox.repo, '.git/worktrees/T/commondir'), '')
    writeFileSync(join(sandbox.repo, '.git/worktrees/T/locked'), 'initializing')
    expect((await sandbox.run('git', ['worktree', 'list'])).status).toBe(128)
    const claim = await sandbox.dw(['claim', '--task', 'T'], {
      agent: 'other',
      env: { DW_TEST_CLOCK: '+3h' },
    })
    expect(claim.status, claim.stderr).toBe(0)
    const aside = readdirSync(places).filter((name) => name.startsWith('T.left-'))
    expect(aside).toHaveLength(1)
    expect(claim.stderr).toContain(join(places, aside[0] ?? ''))
    expect(readFileSync(join(places, aside[0] ?? '', 'more'), 'utf8')).toBe('more\n')
    expect(await sandbox.git(['status', '--porcelain'], { cwd: claim.stdout.trim() })).toBe('')
  } finally {
    sandbox.dispose()
  }
})
