import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { remoteRefs } from '../src/share/remote-refs.ts'
import { PROGRAMS, type Sandbox } from '../test/harness/sandbox.ts'
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
      const clone = await hub.clone('anna')
      await clone.json(['init'])
      await clone.json(['sync'])
      seedLocks(hub.sandbox, locks, 'clone-seeded', { each })
      await makeKnown(hub, clone)
      const times = measure(casesIn(hub, clone), rounds).map(({ median }) => median.toFixed(0))
      print(`${locks} locks, ${Math.ceil(locks / each)} sessions`, ...times)
    } finally {
      hub.sandbox.dispose()
      await dropPreparedHubs()
    }
  }
}

/**
 * Gives the hub what the sandbox's repository has, and the clone what a sync would have given it, packed as
 * `git gc` leaves it: a hundred thousand records one file each would take longer than all that is measured.
 */
async function makeKnown({ sandbox, path }: Hub, clone: Clone): Promise<void> {
  const seeded = await sandbox.refs('refs/dw')
  const { base, seen } = remoteRefs('origin')
  const below = (root: string) => seeded.map((line) => line.replace('refs/dw', root))
  await addPacked(sandbox, path, seeded)
  await addPacked(sandbox, join(clone.path, '.git'), ['refs/dw', base, seen].flatMap(below))
}

/** Adds refs, `<name> <oid>` each, to those that are packed; their objects are the sandbox's repository's. */
async function addPacked(sandbox: Sandbox, gitDir: string, added: readonly string[]): Promise<void> {
  await sandbox.git(['pack-refs', '--all'], { cwd: gitDir })
  const file = join(gitDir, 'packed-refs')
  const [header = '', ...packed] = readFileSync(file, 'utf8').trimEnd().split('\n')
  const lines = [...packed.map((line) => line.split(' ').reverse().join(' ')), ...added].sort()
  const text = lines.map((line) => line.split(' ').reverse().join(' '))
  writeFileSync(file, `${[header, ...text].join('\n')}\n`)
  appendFileSync(join(gitDir, 'objects/info/alternates'), `${join(sandbox.repo, '.git/objects')}\n`)
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
