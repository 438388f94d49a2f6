import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { PROGRAMS } from '../test/harness/sandbox.ts'
import { seedLocks } from '../test/harness/seed-locks.ts'
import { type Clone, dropPreparedHubs, Hub } from '../test/share/hub.ts'
import type { Case } from './cases.ts'
import { measure } from './measure.ts'
import { BUSY, DEFAULTS, type Pacing, seeded, simulate, type Work } from './pacing.ts'

const CALM: Work = { ...BUSY, commands: 10, changes: 1 }
const LONG: Pacing = { ...DEFAULTS, heartbeatInterval: 3600, lockTtl: 28_800 }
const ROWS: readonly (readonly [string, Pacing, Work])[] = [
  ['defaults, agents at work', DEFAULTS, BUSY],
  ['defaults, calm', DEFAULTS, CALM],
  ['lockTtl 8h, heartbeats 1h, agents at work', LONG, BUSY],
  ['lockTtl 8h, heartbeats 1h, calm', LONG, CALM],
  ['lockTtl 20m, agents at work', { ...DEFAULTS, lockTtl: 1200 }, BUSY],
]

/** Prints what the arbiter is asked in a minute, by clones and pacing. */
function simulated(): void {
  print('pushes / fetches a minute', ...CLONES.map((clones) => `${clones} clones`))
  for (const [name, pacing, work] of ROWS) {
    const loads = CLONES.map((clones) => {
      const { pushes, fetches } = simulate(clones, pacing, work, 240, seeded(clones))
      return `${pushes.toFixed(1)} / ${fetches.toFixed(1)}`
    })
    print(name, ...loads)
  }
}

const CLONES = [10, 100, 1000, 10_000]

/** Measures claim, sync, status and push beside locks and sessions of others, over file://. */
async function measured(rounds: number): Promise<void> {
  print('median, ms', ...NAMES)
  for (const [locks, each] of SIZES) {
    const hub = await Hub.create()
    try {
      seedLocks(hub.sandbox, locks, 'clone-seeded', { each })
      // a push would compare each of its refs with each that is there
      await hub.sandbox.git(['fetch', '--quiet', hub.sandbox.repo, 'refs/dw/*:refs/dw/*'], { cwd: hub.path })
      await hub.sandbox.git(['pack-refs', '--all'], { cwd: hub.path })
      // a first exchange of so many records writes three files for each
      await hub.sandbox.git(['config', '--global', 'dw.remoteTimeout', '15m'])
      const clone = await hub.clone('anna')
      await clone.json(['init'])
      // as `git gc` leaves them
      await hub.sandbox.git(['pack-refs', '--all'], { cwd: clone.path })
      const times = measure(casesIn(hub, clone), rounds).map(({ median }) => median.toFixed(0))
      print(`${locks} locks, ${Math.ceil(locks / each)} sessions`, ...times)
    } finally {
      hub.sandbox.dispose()
      await dropPreparedHubs()
    }
  }
}

const NAMES = ['bare node', 'status', 'claim', 'sync with nothing to do', 'commit and fenced push']

/** Locks at the arbiter, and how many each session holds. */
const SIZES: readonly (readonly [number, number])[] = [
  [10, 10],
  [1000, 10],
  [1000, 1],
  [10_000, 10],
  [100_000, 10],
]

function casesIn(hub: Hub, clone: Clone): readonly Case[] {
  const env = hub.sandbox.env({ agent: clone.agent })
  const run = (program: string, args: readonly string[]) => {
    const result = spawnSync(program, args, { cwd: clone.path, env, encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`${args.join(' ')}: ${result.stderr}`)
  }
  const dw = (...args: string[]) => run(join(PROGRAMS, 'git-dw'), args)
  const commit = (round: number) => run('git', ['commit', '--quiet', '--allow-empty', '-m', `${round}`])
  const runs: readonly Case['run'][] = [
    () => run(process.execPath, ['-e', '0']),
    () => dw('status'),
    (round) => dw('claim', `scaling/${round}`),
    () => dw('sync'),
    (round) => {
      commit(round)
      dw('push', 'origin', 'HEAD:refs/heads/anna')
    },
  ]
  return runs.map((each, at) => ({ name: NAMES[at] ?? '', run: each }))
}

function print(...cells: readonly string[]): void {
  process.stdout.write(`| ${cells.join(' | ')} |\n`)
}

simulated()
await measured(Number(process.env['BENCH_ROUNDS'] ?? 5))
