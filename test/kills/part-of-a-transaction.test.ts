import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from '../races/meeting.ts'
import { holderGoesOn, killedGoesOn, othersGoOn, type Scene } from './aftermath.ts'
import { OPERATIONS, type Operation } from './operations.ts'
import { CAST, prepared, ROUND } from './prepared.ts'
import { SavedState } from './saved-state.ts'

/** A git killed while it commits leaves the first refs of the transaction moved, and the others as they were. */
describe.each(OPERATIONS.map((operation) => [operation.name, operation] as const))(
  '%s of which a part was written',
  (_, operation) => {
    let sandbox: Sandbox
    beforeAll(async () => {
      // without git's samples there is less to copy
      sandbox = await Sandbox.create({ init: ['--template='] })
    })
    afterAll(() => sandbox.dispose())

    test('leaves what everybody goes on from, wherever it was cut', async () => {
      const { words, sessions } = await prepared(sandbox, operation)
      const start = new SavedState(sandbox, 'start')
      let cuts = 0
      for (let transaction = 1; ; transaction += 1) {
        start.restore()
        const commands = await killedInTransaction(sandbox, operation, words, transaction)
        if (commands === null) break
        const before = new SavedState(sandbox, 'before')
        for (const part of parts(commands)) {
          cuts += 1
          before.restore()
          await sandbox.git(['update-ref', '--stdin', '-z'], { input: part.join('') })
          const left = new SavedState(sandbox, 'left')
          const refs = part.map((command) => command.split('\0')[0])
          const moment = `in transaction ${transaction}, after ${refs.join(', ')}`
          const scene: Scene = { sandbox, operation, round: ROUND, cast: CAST, words, sessions, moment }
          await othersGoOn(scene)
          left.restore()
          await killedGoesOn(scene)
          left.restore()
          await holderGoesOn(scene)
        }
      }
      expect(cuts).toBeGreaterThan(0)
    })
  },
)

/**
 * Kills the command when it has handed its transaction with this number to git, which does not write it:
 * the commands of the transaction. Null when the command came to its end before.
 */
async function killedInTransaction(
  sandbox: Sandbox,
  operation: Operation,
  words: readonly string[],
  number: number,
): Promise<string[] | null> {
  const directory = join(sandbox.root, 'catching')
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory)
  const path = sandbox.env()['PATH'] ?? ''
  const git = execFileSync('sh', ['-c', 'command -v git'], { env: { PATH: path }, encoding: 'utf8' }).trim()
  const script = `#!/bin/sh
case " $* " in *" update-ref --no-deref "*)
  echo >>'${directory}/count'
  if [ "$(wc -l <'${directory}/count')" -eq ${number} ]; then
    cat >'${directory}/input'
    kill -9 "$PPID"
    exit 1
  fi
esac
exec '${git}' "$@"
`
  writeFileSync(join(directory, 'git'), script)
  chmodSync(join(directory, 'git'), 0o755)
  const env = { PATH: `${directory}:${path}`, DW_TEST_CLOCK: operation.clock, GIT_TEST_FSYNC: '0' }
  const outcome = await sandbox.run(LAUNCHER, words, { agent: CAST.killed, env })
  if (outcome.signal !== 'SIGKILL') {
    expect(outcome.status, outcome.stderr).toBe(0)
    return null
  }
  const input = readFileSync(join(directory, 'input'), 'utf8')
  expect(input.startsWith('start\0') && input.endsWith('commit\0')).toBe(true)
  return input.slice('start\0'.length, -'commit\0'.length).split(/(?<=\0)(?=create |update |delete )/)
}

/**
 * Every beginning of the transaction, but for nothing and all of it: git writes what is there afterwards
 * before it deletes the rest, in the order that it was given or by name; all by name is the older way.
 */
function parts(commands: readonly string[]): string[][] {
  const name = (command: string) => command.split('\0')[0]?.split(' ')[1] ?? ''
  const isDeletion = (command: string) => command.startsWith('delete ')
  const byName = [...commands].sort((a, b) => (name(a) < name(b) ? -1 : 1))
  const deletionsLast = (each: readonly string[]) => [
    ...each.filter((command) => !isDeletion(command)),
    ...each.filter(isDeletion),
  ]
  const orders = [deletionsLast(commands), deletionsLast(byName), byName]
  const all = orders.flatMap((order) => order.slice(1).map((_, at) => order.slice(0, at + 1)))
  const unlike = new Map(all.map((part) => [[...part].sort().join(''), part]))
  return [...unlike.values()]
}
