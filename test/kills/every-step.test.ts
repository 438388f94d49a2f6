import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from '../races/meeting.ts'
import { holderGoesOn, killedGoesOn, othersGoOn, type Scene } from './aftermath.ts'
import { GroundTruth } from './ground-truth.ts'
import { OPERATIONS, type Operation } from './operations.ts'
import { CAST, prepared, ROUND } from './prepared.ts'
import { fingerprint, SavedState } from './saved-state.ts'

const FAULTS = join(import.meta.dirname, 'fault-points.mjs')

describe.each(OPERATIONS.map((operation) => [operation.name, operation] as const))(
  '%s that is killed before each of its steps',
  (_, operation) => {
    let sandbox: Sandbox
    beforeAll(async () => {
      // without git's samples there is less to copy
      sandbox = await Sandbox.create({ init: ['--template='] })
    })
    afterAll(() => sandbox.dispose())

    test('leaves what everybody goes on from', async () => {
      const { words, sessions } = await prepared(sandbox, operation)
      const start = new SavedState(sandbox, 'start')
      const before = await sandbox.refs('refs/dw')
      const whole = await killedAt(sandbox, operation, words, 0)
      expect(whole.outcome.status, whole.outcome.stderr).toBe(0)
      const steps = whole.steps.map(({ name }) => name)
      expect(steps.at(-1)).toBe('the answer')
      expect(steps).toContain('git update-ref starts')

      const seen = new Set<string>()
      for (const [at, name] of steps.entries()) {
        start.restore()
        const { outcome, steps: made } = await killedAt(sandbox, operation, words, at + 1)
        const moment = `before step ${at + 1} of ${steps.length}, "${name}"`
        expect(outcome.signal, moment).toBe('SIGKILL')
        expect(made.at(-1)?.name, 'steps come in one order').toBe(name)
        const after = await sandbox.refs('refs/dw')
        const moved = after.map((line) => (before.includes(line) ? line : `${line.split(' ')[0]} moved`))
        await expectAllOrNone(sandbox, operation, sessions.holder, moment)
        const print = fingerprint(sandbox, moved)
        if (seen.has(print)) continue
        seen.add(print)
        const scene: Scene = { sandbox, operation, round: ROUND, cast: CAST, words, sessions, moment }
        const left = new SavedState(sandbox, 'left')
        await othersGoOn(scene)
        left.restore()
        await killedGoesOn(scene)
        left.restore()
        await holderGoesOn(scene)
      }
      // at least: nothing done, all done
      expect(seen.size).toBeGreaterThan(1)
    })
  },
)

/** A claim takes all of its keys or none, also where the process died while git was reading what to write. */
async function expectAllOrNone(
  sandbox: Sandbox,
  operation: Operation,
  holder: string | undefined,
  moment: string,
): Promise<void> {
  const { locks } = await GroundTruth.of(sandbox)
  const keys = operation.locks(ROUND)
  const taken = locks.filter(({ name, session }) => keys.includes(name) && session !== holder)
  expect([0, keys.length], moment).toContain(taken.length)
}

/** Runs the command and kills it before its step `at`, counted from 1; 0 lets it come to its end. */
async function killedAt(sandbox: Sandbox, operation: Operation, words: readonly string[], at: number) {
  const log = join(sandbox.root, 'steps')
  rmSync(log, { force: true })
  writeFileSync(log, '')
  const env = {
    // its steps are numbered from inside Node
    DW_BUILD: 'node',
    NODE_OPTIONS: `--import=${FAULTS}`,
    DW_FAULT_AT: String(at),
    DW_FAULT_LOG: log,
    DW_TEST_CLOCK: operation.clock,
    GIT_TEST_FSYNC: '0',
  }
  const outcome = await sandbox.run(LAUNCHER, words, { agent: CAST.killed, env })
  const steps = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => ({ pid: line.split(' ')[0] ?? '0', name: line.slice(line.indexOf(' ') + 1) }))
  const { pid = '0' } = steps.at(-1) ?? {}
  // a git that outlives it comes to its end by itself
  while (pid !== '0' && existsSync(`/proc/${pid}/stat`)) await sleep(2)
  return { outcome, steps }
}
