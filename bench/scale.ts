import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from '../test/harness/sandbox.ts'
import { seedLocks } from '../test/harness/seed-locks.ts'
import { AGENT, type Case } from './cases.ts'
import { type Measured, measure } from './measure.ts'

/** Numbers of live locks that commands are measured beside. */
export const SIZES = [10, 1000, 10_000] as const

/** What is measured at every size, in the order of a round: a release gives up what the claim took. */
export const SCALED = ['claim', 'check', 'heartbeat', 'release', 'locks', 'status'] as const

export type Scaled = (typeof SCALED)[number]

const ARGUMENTS: Readonly<Record<Scaled, (round: number) => readonly string[]>> = {
  claim: (round) => ['claim', `free/${round}`],
  check: () => ['check', 'packages/team-0/package-0/src/part-9.ts'],
  heartbeat: () => ['heartbeat'],
  release: (round) => ['release', `free/${round}`],
  locks: () => ['locks'],
  status: () => ['status'],
}

/** The measurement of one command beside so many locks. */
export interface AtSize extends Measured {
  readonly command: Scaled
  readonly locks: number
}

/** The most memory that one command took, in MiB. */
export interface Peak {
  readonly command: string
  readonly locks: number
  readonly mebibytes: number
}

/** Times at every size, all sizes in each round, and the memory that listings take. */
export async function measureScale(
  rounds: number,
): Promise<{ readonly times: readonly AtSize[]; readonly peaks: readonly Peak[] }> {
  const sandboxes: Sandbox[] = []
  try {
    for (const size of SIZES) sandboxes.push(await seeded(size))
    const plan = SCALED.flatMap((command) =>
      SIZES.map((locks, at) => ({ command, locks, sandbox: sandboxes[at] })),
    )
    const all = plan.map(({ command, locks, sandbox }): Case => {
      return { name: `${command} beside ${locks}`, run: (round) => run(sandbox, ARGUMENTS[command](round)) }
    })
    const measured = measure(all, rounds)
    const times = measured.map((each, at): AtSize => ({ ...each, ...pick(plan[at]) }))
    const largest = sandboxes.at(-1)
    const peaks = [['locks'], ['locks', '--json'], ['status'], ['sessions']].map((words): Peak => {
      return { command: words.join(' '), locks: SIZES[2], mebibytes: peakOf(largest, words) }
    })
    return { times, peaks }
  } finally {
    for (const sandbox of sandboxes) sandbox.dispose()
  }
}

function pick(entry: { command: Scaled; locks: number } | undefined): { command: Scaled; locks: number } {
  if (entry === undefined) throw new Error('more measurements than cases')
  return { command: entry.command, locks: entry.locks }
}

/** A repository with so many locks, and a session of the agent that is measured. */
async function seeded(size: number): Promise<Sandbox> {
  const sandbox = await Sandbox.create()
  const first = await sandbox.dw(['claim', 'own'], { agent: AGENT })
  if (first.status !== 0) throw new Error(first.stderr)
  const clone: { id: string } = JSON.parse(readFileSync(join(sandbox.repo, '.git/dw/clone.json'), 'utf8'))
  seedLocks(sandbox, size, clone.id)
  return sandbox
}

function run(sandbox: Sandbox | undefined, args: readonly string[], env: Record<string, string> = {}): void {
  if (sandbox === undefined) throw new Error('no repository of this size')
  const result = spawnSync('git', ['dw', ...args], {
    cwd: sandbox.repo,
    env: sandbox.env({ agent: AGENT, env }),
    maxBuffer: 64 * 1024 * 1024,
  })
  if (result.status !== 0) throw new Error(`git dw ${args.join(' ')}: ${result.stderr.toString('utf8')}`)
}

/** The high-water mark of the program's own memory (proc(5), VmHWM), in MiB. */
function peakOf(sandbox: Sandbox | undefined, args: readonly string[]): number {
  if (sandbox === undefined) throw new Error('no repository of this size')
  const directory = join(sandbox.root, 'peak')
  mkdirSync(directory, { recursive: true })
  const hook = join(directory, 'hook.cjs')
  const file = join(directory, 'status')
  const copy = `fs.writeFileSync(${JSON.stringify(file)}, fs.readFileSync('/proc/self/status'))`
  writeFileSync(hook, `const fs = require('node:fs')\nprocess.on('exit', () => ${copy})\n`)
  run(sandbox, args, { NODE_OPTIONS: `--require=${hook}` })
  const [, kibibytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(file, 'utf8')) ?? []
  return Number(kibibytes) / 1024
}
