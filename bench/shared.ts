import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { PROGRAMS } from '../test/harness/sandbox.ts'
import { CountedGit } from '../test/process/counted-git.ts'
import { type Clone, Hub } from '../test/share/hub.ts'
import type { Case } from './cases.ts'
import { measure } from './measure.ts'

/** Measures sharing beside raw git over the same transport (file://); see CONTRIBUTING.md. */
async function main(): Promise<void> {
  const rounds = Number(process.env['BENCH_ROUNDS'] ?? 9)
  const hub = await Hub.create()
  try {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['init'])
    const times = measure(singleCases(hub, anna), rounds)
    for (const { name, median } of times) print(name, `${median.toFixed(0)} ms`)
    const of = (name: string) => times.find((each) => each.name === name)?.median ?? Number.NaN
    const extra = of(CLAIM) - of(RAW_PUSH) - of(BARE_NODE)
    print('shared claim beyond raw push and bare node (bar: 100 ms)', `${extra.toFixed(0)} ms`)
    await countCalls(hub, anna)
    await manyLocks(hub, anna, ben)
    await rates(hub)
  } finally {
    hub.sandbox.dispose()
  }
}

const BARE_NODE = 'bare node -e 0'
const RAW_PUSH = 'raw leased push of one blob'
const RAW_FETCH = 'raw fetch with nothing new'
const CLAIM = 'git dw claim <path>, shared'

function singleCases(hub: Hub, anna: Clone): readonly Case[] {
  const run = (program: string, args: readonly string[], input = ''): string => {
    const env = hub.sandbox.env({ agent: 'anna' })
    const result = spawnSync(program, args, { cwd: anna.path, env, input, encoding: 'utf8' })
    if (result.status === 0) return result.stdout.trim()
    throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
  }
  const dw = (...args: string[]) => run(process.execPath, [join(PROGRAMS, '..', 'dist', 'main.js'), ...args])
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
    { name: CLAIM, run: (round) => void dw('claim', `free/${round}`) },
    { name: 'git dw sync with nothing to do', run: () => void dw('sync') },
    { name: 'git dw release <path>, shared', run: (round) => void dw('release', `free/${round}`) },
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

/** A sync of 1,000 locks that another clone took, beside a raw fetch of the same refs. */
async function manyLocks(hub: Hub, anna: Clone, ben: Clone): Promise<void> {
  const raw: number[] = []
  const synced: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const keys = Array.from({ length: 1000 }, (_, at) => `many/${round}/${at}`)
    await anna.json(['claim', ...keys])
    const bare = join(hub.sandbox.root, `raw-${round}`)
    await hub.sandbox.git(['clone', '--quiet', ben.path, bare])
    // what a raw fetch starts from is what ben knew before
    await hub.sandbox.git(['fetch', '--quiet', ben.path, '+refs/dw/*:refs/seen/*'], { cwd: bare })
    raw.push(
      await timed(() =>
        hub.sandbox.git(['fetch', '--quiet', '--prune', hub.url, '+refs/dw/*:refs/seen/*'], { cwd: bare }),
      ),
    )
    synced.push(await timed(() => ben.json(['sync'])))
  }
  print('raw fetch of 1,000 changed locks', `${middle(raw).toFixed(0)} ms`)
  print(
    'git dw sync of the same (bar: 2 ×)',
    `${middle(synced).toFixed(0)} ms, ${(middle(synced) / middle(raw)).toFixed(1)} ×`,
  )
}

/** Eight clones at once, each claiming keys of its own, beside eight processes that push with a lease. */
async function rates(hub: Hub): Promise<void> {
  const clones: Clone[] = []
  for (let at = 0; at < 8; at += 1) clones.push(await hub.clone(`rate-${at}`))
  for (const clone of clones) await clone.json(['init'])
  const each = 5
  const claims = await timed(() =>
    Promise.all(
      clones.map(async (clone, at) => {
        for (let n = 0; n < each; n += 1) await clone.json(['claim', `rate/${at}/${n}`])
      }),
    ),
  )
  const pushes = await timed(() =>
    Promise.all(
      clones.map(async (clone, at) => {
        for (let n = 0; n < each; n += 1) {
          const oid = await clone.git(['hash-object', '-w', '--stdin'], { input: `rate ${at} ${n}\n` })
          const ref = `refs/rate/${at}/${n}`
          await clone.git(['push', '--quiet', `--force-with-lease=${ref}:`, hub.url, `${oid}:${ref}`])
        }
      }),
    ),
  )
  const rate = (time: number) => (8 * each * 1000) / time
  print('raw leased pushes by 8 processes', `${rate(pushes).toFixed(1)} a second`)
  print(
    'claims by 8 clones (bar: 0.7 ×)',
    `${rate(claims).toFixed(1)} a second, ${(pushes / claims).toFixed(2)} ×`,
  )
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

await main()
