import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, PROGRAMS } from '../test/harness/sandbox.ts'
import { CountedGit, LAUNCHER } from '../test/process/counted-git.ts'
import { type Clone, dropPreparedHubs, Hub } from '../test/share/hub.ts'
import { startTransport, stopTransport, TRANSPORT } from '../test/transports/transport.ts'
import type { Case } from './cases.ts'
import { measure } from './measure.ts'

/** Measures sharing beside raw git over the same transport, file:// unless told otherwise; see CONTRIBUTING.md. */
async function main(): Promise<void> {
  const rounds = Number(process.env['BENCH_ROUNDS'] ?? 9)
  await startTransport()
  const hub = await Hub.create()
  print('transport', TRANSPORT)
  try {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['init'])
    const times = measure(singleCases(hub, anna), rounds)
    for (const { name, median } of times) print(name, `${median.toFixed(0)} ms`)
    const of = (name: string) => times.find((each) => each.name === name)?.median ?? Number.NaN
    for (const build of BUILDS) {
      const extra = of(`${CLAIM}, ${build}`) - of(RAW_PUSH) - of(BARE_NODE)
      print(`shared claim, ${build}, beyond raw push and bare node (bar: 100 ms)`, `${extra.toFixed(0)} ms`)
    }
    await countCalls(hub, anna)
    await manyLocks(hub, anna, ben, Math.min(rounds, 5))
    await rates(hub, rounds)
  } finally {
    hub.sandbox.dispose()
    await dropPreparedHubs()
    await stopTransport()
  }
}

const BARE_NODE = 'bare node -e 0'
const RAW_PUSH = 'raw leased push of one blob'
const RAW_FETCH = 'raw fetch with nothing new'
const CLAIM = 'git dw claim <path>, shared'
/** The launcher starts the native build where it lies; the Node build is measured beside it. */
const BUILDS = existsSync(join(PROGRAMS, '..', 'dist/native/git-dw')) ? ['native', 'node'] : ['node']

function singleCases(hub: Hub, anna: Clone): readonly Case[] {
  const run = (
    program: string,
    args: readonly string[],
    input = '',
    more: NodeJS.ProcessEnv = {},
  ): string => {
    const env = hub.sandbox.env({ agent: 'anna', env: more })
    const result = spawnSync(program, args, { cwd: anna.path, env, input, encoding: 'utf8' })
    if (result.status === 0) return result.stdout.trim()
    throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
  }
  const dw = (build: string, ...args: string[]) => run(LAUNCHER, args, '', { DW_BUILD: build })
  const ours = BUILDS.flatMap((build): Case[] => [
    { name: `${CLAIM}, ${build}`, run: (round) => void dw(build, 'claim', `free/${build}/${round}`) },
    { name: `git dw sync with nothing to do, ${build}`, run: () => void dw(build, 'sync') },
    {
      name: `git dw release <path>, shared, ${build}`,
      run: (round) => void dw(build, 'release', `free/${build}/${round}`),
    },
  ])
  return [
    { name: BARE_NODE, run: () => void run(process.execPath, ['-e', '0']) },
    {
      name: RAW_PUSH,
      run: (round) => {
        const oid = run('git', ['hash-object', '-w', '--stdin'], `raw ${round}\n`)
        const ref = `refs/raw/${round}`
        run('git', ['push', '--quiet', `--force-with-lease=${ref}:`, hub.url, `${oid}:${ref}`])
      },
    },
    {
      name: RAW_FETCH,
      run: () => void run('git', ['fetch', '--quiet', hub.url, '+refs/dw/*:refs/raw-seen/*']),
    },
    ...ours,
  ]
}

async function countCalls(hub: Hub, anna: Clone): Promise<void> {
  const counted = new CountedGit(hub.sandbox)
  for (const args of [['claim', 'counted'], ['sync']]) {
    const { calls } = await counted.run(args, { cwd: anna.path, agent: 'anna' })
    const remote = calls.filter((call) => / (?:push|fetch|ls-remote) /.test(` ${call} `))
    print(
      `git processes of ${args.join(' ')}`,
      `${calls.length}, of which speak to the remote: ${remote.length}`,
    )
  }
}

/**
 * A sync of 1,000 locks that another clone took, beside a raw fetch of the same refs into a clone that knows
 * what the first knew, both started in the same way; they take turns in beginning.
 */
async function manyLocks(hub: Hub, anna: Clone, ben: Clone, rounds: number): Promise<void> {
  const bare = join(hub.sandbox.root, 'raw')
  await hub.sandbox.git(['clone', '--quiet', '--bare', hub.url, bare])
  const fetch = ['fetch', '--quiet', '--prune', '--no-auto-maintenance', hub.url, '+refs/dw/*:refs/seen/*']
  const rawly = () =>
    timed(async () => hub.sandbox.run('git', fetch, { cwd: bare, agent: 'raw' }).then(succeeded))
  const synced = () => timed(async () => hub.sandbox.run(LAUNCHER, ['sync'], of(ben)).then(succeeded))
  const times: { raw: number; sync: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const keys = Array.from({ length: 1000 }, (_, at) => `many/${round}/${at}`)
    await anna.json(['claim', ...keys])
    const first = round % 2 === 0 ? await rawly() : await synced()
    const second = round % 2 === 0 ? await synced() : await rawly()
    const [raw, sync] = round % 2 === 0 ? [first, second] : [second, first]
    if (round > 0) times.push({ raw, sync })
    // what was given back does not make the next round dearer
    await anna.json(['release', '--all'])
    await rawly()
    await synced()
  }
  print('raw fetch of 1,000 changed locks', `${middle(times.map(({ raw }) => raw)).toFixed(0)} ms`)
  const ratios = times.map(({ raw, sync }) => sync / raw)
  const spread = `${Math.min(...ratios).toFixed(1)}–${Math.max(...ratios).toFixed(1)}`
  print(
    'git dw sync of the same (bar: 2 ×)',
    `${middle(times.map(({ sync }) => sync)).toFixed(0)} ms, ${middle(ratios).toFixed(1)} × (${spread})`,
  )
}

const CLONES = 8
/** How many each of them makes in one phase. */
const EACH = 3

/**
 * Eight clones at once, each claiming keys of its own, beside eight processes that write a blob and push it
 * with a lease, both started in the same way. The two take turns, each begins every other round, and the first round, which
 * fills the caches, does not count: so neither pays for what the other, or the machine, does meanwhile.
 */
async function rates(hub: Hub, rounds: number): Promise<void> {
  const clones: Clone[] = []
  for (let at = 0; at < CLONES; at += 1) clones.push(await hub.clone(`rate-${at}`))
  for (const clone of clones) await clone.json(['init'])
  const all = (work: (clone: Clone, at: number) => Promise<void>) =>
    timed(() => Promise.all(clones.map(work)))
  const claims = (round: number) =>
    all(async (clone, at) => {
      for (let n = 0; n < EACH; n += 1) {
        await hub.sandbox.run(LAUNCHER, ['claim', `rate/${at}/${round}.${n}`], of(clone)).then(succeeded)
      }
    })
  const pushes = (round: number) =>
    all(async (clone, at) => {
      for (let n = 0; n < EACH; n += 1) {
        const input = `rate ${at} ${round} ${n}\n`
        const oid = await clone.git(['hash-object', '-w', '--stdin'], { input })
        const ref = `refs/rate/${at}/${round}.${n}`
        const args = ['push', '--quiet', `--force-with-lease=${ref}:`, hub.url, `${oid}:${ref}`]
        await hub.sandbox.run('git', args, of(clone)).then(succeeded)
      }
    })
  const times: { claim: number; push: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const first = round % 2 === 0 ? await claims(round) : await pushes(round)
    const second = round % 2 === 0 ? await pushes(round) : await claims(round)
    const [claim, push] = round % 2 === 0 ? [first, second] : [second, first]
    if (round > 0) times.push({ claim, push })
  }
  const rate = (time: number) => `${((CLONES * EACH * 1000) / time).toFixed(1)} a second`
  print('raw leased pushes by 8 processes', rate(middle(times.map(({ push }) => push))))
  const ratios = times.map(({ claim, push }) => push / claim)
  const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
  print(
    'claims by 8 clones (bar: 0.7 ×)',
    `${rate(middle(times.map(({ claim }) => claim)))}, ${middle(ratios).toFixed(2)} × (${spread})`,
  )
}

const of = (clone: Clone) => ({ cwd: clone.path, agent: clone.agent })

function succeeded({ status, stderr }: Outcome): void {
  if (status !== 0) throw new Error(stderr)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

function print(name: string, value: string): void {
  process.stdout.write(`| ${name} | ${value} |\n`)
}

// what is synced to disk is a part of what is measured; tests leave it out
process.env['GIT_TEST_FSYNC'] = '1'
await main()
