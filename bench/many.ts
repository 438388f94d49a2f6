import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROGRAMS, Sandbox } from '../test/harness/sandbox.ts'
import { seedLocks } from '../test/harness/seed-locks.ts'
import type { Bar } from './bar.ts'
import { type Measured, measure } from './measure.ts'

const LAUNCHER = join(PROGRAMS, 'git-dw')
const AGENT = 'bench'
/** Locks that commands are measured beside. */
const SIZES = [10, 1000, 100_000] as const
const RAW = 'raw `git for-each-ref` with `%(raw)` of the same'
/** Listing 100,000 locks takes seconds. */
const MOST_ROUNDS = 5
/** What a process is looked at this often for its memory, in milliseconds. */
const LOOK = 2

/** One command of the native build, or raw git, beside so many locks. */
export interface Beside extends Measured {
  readonly what: string
  readonly locks: number
}

/** What of the native build was seen beside 10 to 100,000 locks. */
export interface Many {
  readonly times: readonly Beside[]
  /** The memory of a claim and of `status` beside the most locks, in MiB. */
  readonly memory: Readonly<Record<'claim' | 'status', number>>
}

/** Claims, releases and listings beside 10, 1,000 and 100,000 locks, packed as `git gc` leaves them. */
export async function measureMany(rounds: number): Promise<Many> {
  const sandboxes: Sandbox[] = []
  try {
    for (const size of SIZES) sandboxes.push(await seeded(size))
    const commands: readonly [string, (round: number) => readonly [string, ...string[]]][] = [
      ['claim', (round) => [LAUNCHER, 'claim', `free/${round}`]],
      ['release', (round) => [LAUNCHER, 'release', `free/${round}`]],
      ['check', () => [LAUNCHER, 'check', 'packages/team-0/package-0/src/part-9.ts']],
      ['status', () => [LAUNCHER, 'status']],
      [RAW, () => ['git', 'for-each-ref', '--format=%(refname)%00%(raw)', 'refs/dw/']],
    ]
    const plan = commands.flatMap(([what, words]) =>
      sandboxes.map((sandbox, at) => ({ what, words, sandbox, locks: SIZES[at] ?? 0 })),
    )
    const cases = plan.map(({ what, words, sandbox, locks }) => ({
      name: `${what} beside ${locks}`,
      run: (round: number) => run(sandbox, words(round)),
    }))
    const measured = measure(cases, Math.min(rounds, MOST_ROUNDS))
    const times = measured.map((each, at): Beside => {
      const { what = '', locks = 0 } = plan[at] ?? {}
      return { ...each, what, locks }
    })
    const last = sandboxes.at(-1)
    if (last === undefined) throw new Error('no repository with locks')
    const memory = {
      claim: await peakOf(last, ['claim', 'free/memory']),
      status: await peakOf(last, ['status']),
    }
    return { times, memory }
  } finally {
    for (const sandbox of sandboxes) sandbox.dispose()
  }
}

/** `empty` is what an empty native command takes, in milliseconds. */
export function manyBars({ times, memory }: Many, empty: number): readonly Bar[] {
  const at = (what: string, locks: number) =>
    times.find((each) => each.what === what && each.locks === locks)?.median ?? Number.NaN
  const [few, many, most] = SIZES
  const growth = (at('status', most) - at('status', few)) / (at('status', many) - at('status', few))
  const mebibytes = (what: string, seen: number): Bar => ({ what, limit: 80, seen, unit: 'MiB' })
  return [
    {
      what: 'native `status` with 1,000 locks to `git for-each-ref` of the same and an empty command',
      limit: 1.5,
      seen: at('status', many) / (at(RAW, many) + empty),
      unit: '×',
    },
    {
      what: 'native claim beside 100,000 locks to 10',
      limit: 1.3,
      seen: at('claim', most) / at('claim', few),
      unit: '×',
    },
    {
      what: 'native `status`, growth from 1,000 to 100,000 locks',
      limit: (most - few) / (many - few),
      seen: growth,
      unit: '×',
    },
    mebibytes('memory of a native claim beside 100,000 locks', memory.claim),
    mebibytes('memory of a native `status` of 100,000 locks', memory.status),
  ]
}

export function manyTable({ times }: Many): string {
  const names = [...new Set(times.map(({ what }) => what))]
  const rows = names.map((name) => {
    const cells = times
      .filter(({ what }) => what === name)
      .map(({ median, least, most }) => `${median.toFixed(0)} (${least.toFixed(0)}–${most.toFixed(0)})`)
    return `| ${name} | ${cells.join(' | ')} |\n`
  })
  const heads = SIZES.map((size) => `${size} locks`).join(' | ')
  return `| native, median (min–max), ms | ${heads} |\n|---|--:|--:|--:|\n${rows.join('')}`
}

/** A repository with so many locks, and a session of the agent that is measured. */
async function seeded(size: number): Promise<Sandbox> {
  const sandbox = await Sandbox.create()
  run(sandbox, [LAUNCHER, 'claim', 'own'])
  const clone: { id: string } = JSON.parse(readFileSync(join(sandbox.repo, '.git/dw/clone.json'), 'utf8'))
  seedLocks(sandbox, size, clone.id)
  run(sandbox, ['git', 'pack-refs', '--all'])
  return sandbox
}

function environment(sandbox: Sandbox): NodeJS.ProcessEnv {
  return sandbox.env({ agent: AGENT, env: { GIT_TEST_FSYNC: undefined, DW_BUILD: undefined } })
}

function run(sandbox: Sandbox, [program, ...args]: readonly [string, ...string[]]): void {
  const options = { cwd: sandbox.repo, env: environment(sandbox), maxBuffer: 1024 * 1024 * 1024 }
  const result = spawnSync(program, args, options)
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${String(result.stderr)}`)
}

/** The high-water mark of the program's own memory (proc(5), VmHWM) as it was last seen, in MiB. */
async function peakOf(sandbox: Sandbox, args: readonly string[]): Promise<number> {
  const child = spawn(LAUNCHER, args, { cwd: sandbox.repo, env: environment(sandbox), stdio: 'ignore' })
  let peak = 0
  const look = () => {
    try {
      const [, kibibytes] =
        /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? []
      peak = Math.max(peak, Number(kibibytes ?? 0) / 1024)
    } catch {
      // it has ended
    }
  }
  const timer = setInterval(look, LOOK)
  const status = await new Promise((resolve) => child.on('close', resolve))
  clearInterval(timer)
  if (status !== 0) throw new Error(`git-dw ${args.join(' ')} ended with ${String(status)}`)
  return peak
}
