import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import type { Outcome } from '../test/harness/sandbox.ts'
import { CountedGit, LAUNCHER } from '../test/process/counted-git.ts'
import { type Clone, dropPreparedHubs, Hub } from '../test/share/hub.ts'
import { startTransport, stopTransport, TRANSPORT } from '../test/transports/transport.ts'
import { BARE_NODE, type Case } from './cases.ts'
import { leastClaim, writeTwice } from './least.ts'
import { measure } from './measure.ts'
import { BUILDS, RAW_PUSH, SHARED_CLAIM, sharedCases } from './shared-cases.ts'

/** Measures sharing beside raw git over the same transport, file:// unless told otherwise; see CONTRIBUTING.md. */
async function main(): Promise<void> {
  const rounds = Number(process.env['BENCH_ROUNDS'] ?? 9)
  await startTransport()
  const hub = await Hub.create()
  print('transport', TRANSPORT)
  try {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['init'])
    const bare: Case = { name: BARE_NODE, run: () => void spawnSync(process.execPath, ['-e', '0']) }
    const times = measure([bare, ...sharedCases(hub, anna)], rounds)
    for (const { name, median } of times) print(name, `${median.toFixed(0)} ms`)
    const of = (name: string) => times.find((each) => each.name === name)?.median ?? Number.NaN
    for (const build of BUILDS) {
      const extra = of(`${SHARED_CLAIM}, ${build}`) - of(RAW_PUSH) - of(BARE_NODE)
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
  const times: { raw: number; sync: number; least: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const keys = Array.from({ length: 1000 }, (_, at) => `many/${round}/${at}`)
    await anna.json(['claim', ...keys])
    const first = round % 2 === 0 ? await rawly() : await synced()
    const second = round % 2 === 0 ? await synced() : await rawly()
    const [raw, sync] = round % 2 === 0 ? [first, second] : [second, first]
    const least = raw + (await writeTwice(hub.sandbox, bare))
    if (round > 0) times.push({ raw, sync, least })
    // what was given back does not make the next round dearer
    await anna.json(['release', '--all'])
    await rawly()
    await synced()
  }
  print('raw fetch of 1,000 changed locks', `${middle(times.map(({ raw }) => raw)).toFixed(0)} ms`)
  const beside = (of: (time: (typeof times)[number]) => number) => {
    const ratios = times.map((time) => of(time) / time.raw)
    const spread = `${Math.min(...ratios).toFixed(1)}–${Math.max(...ratios).toFixed(1)}`
    return `${middle(times.map(of)).toFixed(0)} ms, ${middle(ratios).toFixed(1)} × (${spread})`
  }
  print(
    'that fetch, and its refs written twice more by git alone',
    beside(({ least }) => least),
  )
  print(
    'git dw sync of the same (bar: 2 ×)',
    beside(({ sync }) => sync),
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
  const leasts = (round: number) =>
    all(async ({ path }, at) => {
      for (let n = 0; n < EACH; n += 1) {
        await leastClaim(hub.sandbox, { path, url: hub.url, name: `${at}/${round}.${n}` })
      }
    })
  const times: { claim: number; push: number; least: number }[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const first = round % 2 === 0 ? await claims(round) : await pushes(round)
    const second = round % 2 === 0 ? await pushes(round) : await claims(round)
    const [claim, push] = round % 2 === 0 ? [first, second] : [second, first]
    const least = await leasts(round)
    if (round > 0) times.push({ claim, push, least })
  }
  const rate = (time: number) => `${((CLONES * EACH * 1000) / time).toFixed(1)} a second`
  print('raw leased pushes by 8 processes', rate(middle(times.map(({ push }) => push))))
  const beside = (of: (time: (typeof times)[number]) => number) => {
    const ratios = times.map((time) => time.push / of(time))
    const spread = `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
    return `${rate(middle(times.map(of)))}, ${middle(ratios).toFixed(2)} × (${spread})`
  }
  print(
    'what a claim cannot do without, by 8 clones',
    beside(({ least }) => least),
  )
  print(
    'claims by 8 clones (bar: 0.7 ×)',
    beside(({ claim }) => claim),
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
