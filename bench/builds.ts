import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROGRAMS, Sandbox } from '../test/harness/sandbox.ts'
import { dropPreparedHubs, Hub } from '../test/share/hub.ts'
import { type Bar, barTable, isHeld } from './bar.ts'
import { BARE_NODE, type Case, RAW_WRITE } from './cases.ts'
import { chart } from './chart.ts'
import { crowdBars, crowdTable, measureCrowds, measureQueue } from './crowd.ts'
import { manyBars, manyTable, measureMany } from './many.ts'
import { type Measured, measure } from './measure.ts'
import { ETCD, rivals } from './rivals.ts'
import { RAW_PUSH, SHARED_CLAIM, sharedCases } from './shared-cases.ts'

const ROOT = join(PROGRAMS, '..')
const LAUNCHER = join(PROGRAMS, 'git-dw')
const EMPTY = 'an empty native command'
const FSYNC = ['-c', 'core.fsync=loose-object,reference']
const RAW_LIST = 'raw `git for-each-ref` with `%(raw)` of the same records'

const BEAT_CALLS = 'the git processes of a heartbeat, at once'
const CHECK_CALLS = 'the git processes of a check, at once'

const PLACE = 'git rev-parse --git-dir --git-common-dir'
const SETTINGS = 'git config --list --show-origin -z'
const RECORDS = "git for-each-ref '--format=%(refname)%00%(raw)' refs/dw/meta refs/dw/active/x"

/** Both builds in one run, interleaved, beside raw git, bare Node, an empty native program and other tools. */
async function main(): Promise<void> {
  const rounds = Number(process.env['BENCH_ROUNDS'] ?? 15)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('BENCH_ROUNDS is no whole number above 0')
  if (!existsSync(join(ROOT, 'dist/native/git-dw'))) throw new Error('no native build: npm run build:native')
  const sandbox = await Sandbox.create()
  const others = await rivals(sandbox)
  let hub: Hub | null = null
  try {
    hub = await Hub.create()
    const clone = await hub.clone('anna')
    await clone.json(['init'])
    const agents = ['one', 'two', 'three']
    for (const agent of agents) await sandbox.dw(['claim', `held/${agent}`], { agent })
    const all = [
      ...plain(sandbox),
      ...ours(sandbox, 'native'),
      ...ours(sandbox, 'node'),
      ...others.cases,
      ...sharedCases(hub, clone),
    ]
    const measured = measure(all, rounds)
    process.stdout.write(`${table(measured)}\n`)
    const crowds = await measureCrowds(sandbox)
    const queue = await measureQueue(sandbox)
    process.stdout.write(`${crowdTable(crowds, queue)}\n`)
    const many = await measureMany(rounds)
    process.stdout.write(`${manyTable(many)}\n`)
    const empty = measured.find(({ name }) => name === EMPTY)?.median ?? Number.NaN
    const found = [...bars(measured), ...manyBars(many, empty), ...crowdBars(crowds, queue)]
    process.stdout.write(`${barTable(found)}\n${chart(measured)}`)
    const file = process.env['BENCH_JSON']
    if (!file) return
    const judged = found.map((bar) => ({ ...bar, held: isHeld(bar) }))
    const result = { rounds, measured, crowds, queue, many, bars: judged }
    writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`)
  } finally {
    await others.stop()
    sandbox.dispose()
    hub?.sandbox.dispose()
    await dropPreparedHubs()
  }
}

function runner(sandbox: Sandbox, agent: string, more: NodeJS.ProcessEnv) {
  return (program: string, args: readonly string[], input = ''): string => {
    const env = sandbox.env({ agent, env: { GIT_TEST_FSYNC: undefined, ...more } })
    const result = spawnSync(program, args, { cwd: sandbox.repo, env, input, encoding: 'utf8' })
    if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`)
    return result.stdout.trim()
  }
}

function plain(sandbox: Sandbox): readonly Case[] {
  const run = runner(sandbox, 'raw', {})
  const empty = compiledEmpty(sandbox)
  const atOnce = (name: string, calls: readonly string[]): Case => {
    const script = `${calls.map((call) => `${call} >/dev/null &`).join(' ')} wait`
    return { name, run: () => void run('sh', ['-c', script]) }
  }
  return [
    { name: BARE_NODE, run: () => void run(process.execPath, ['-e', '0']) },
    { name: EMPTY, run: () => void run(empty, ['empty']) },
    {
      name: RAW_WRITE,
      run: (round) => {
        const oid = run('git', [...FSYNC, 'hash-object', '-w', '--stdin'], `{"round":${round}}\n`)
        run('git', [...FSYNC, 'update-ref', `refs/bench/${round}`, oid, '0'.repeat(oid.length)])
      },
    },
    atOnce(BEAT_CALLS, [PLACE, SETTINGS, RECORDS]),
    atOnce(CHECK_CALLS, [PLACE, SETTINGS, RECORDS, 'echo refs/dw/locks/path | git cat-file --batch']),
    {
      name: RAW_LIST,
      run: () => void run('git', ['for-each-ref', '--format=%(refname)%00%(raw)', 'refs/dw/']),
    },
  ]
}

/** The commands of one build; a release gives up what the claim before it took. */
function ours(sandbox: Sandbox, build: 'node' | 'native'): readonly Case[] {
  const run = runner(sandbox, build, { DW_BUILD: build })
  const dw = (name: string, args: (round: number) => readonly string[]): Case => ({
    name: `${name}, ${build}`,
    run: (round) => void run(LAUNCHER, args(round)),
  })
  return [
    dw('`git-dw --version`', () => ['--version']),
    dw('claim', (round) => ['claim', `${build}/${round}`]),
    dw('heartbeat', () => ['heartbeat']),
    dw('check', () => ['check', 'src/a.ts']),
    dw('status', () => ['status']),
    dw('release', (round) => ['release', `${build}/${round}`]),
  ]
}

/** Compiled like the program itself. */
function compiledEmpty(sandbox: Sandbox): string {
  const packages = join(ROOT, 'tools/native/node_modules/@oven')
  const [name = ''] = readdirSync(packages)
  const out = join(sandbox.root, 'empty')
  const options = ['--compile', '--minify', '--bytecode', '--format=esm', `--outfile=${out}`]
  const source = join(import.meta.dirname, 'empty-command.ts')
  execFileSync(join(packages, name, 'bin/bun'), ['build', source, ...options], { stdio: 'pipe' })
  return out
}

function bars(measured: readonly Measured[]): readonly Bar[] {
  const of = (name: string) => measured.find((each) => each.name === name)?.median ?? Number.NaN
  const ratio = (what: string, limit: number, ours_: number, theirs: number): Bar => ({
    what,
    limit,
    seen: ours_ / theirs,
    unit: '×',
  })
  const etcd = of(ETCD)
  return [
    ratio('native claim to the raw write', 2.5, of('claim, native'), of(RAW_WRITE)),
    ratio('native release to the raw write', 2.5, of('release, native'), of(RAW_WRITE)),
    ...(Number.isNaN(etcd)
      ? []
      : [
          ratio('native claim to `etcdctl lock`', 1.5, of('claim, native'), etcd),
          ratio('native release to `etcdctl lock`', 1.5, of('release, native'), etcd),
        ]),
    ratio(
      'native heartbeat to an empty command and its git processes',
      1.5,
      of('heartbeat, native'),
      of(EMPTY) + of(BEAT_CALLS),
    ),
    ratio(
      'native check to an empty command and its git processes',
      1.5,
      of('check, native'),
      of(EMPTY) + of(CHECK_CALLS),
    ),
    ratio(
      'native shared claim to a raw push, bare Node and 100 ms',
      1,
      of(`${SHARED_CLAIM}, native`),
      of(RAW_PUSH) + of(BARE_NODE) + 100,
    ),
    ratio('Node claim to bare Node and 60 ms', 1, of('claim, node'), of(BARE_NODE) + 60),
  ]
}

function table(measured: readonly Measured[]): string {
  const bare = measured.find(({ name }) => name === RAW_WRITE)?.median ?? Number.NaN
  const rows = measured.map(({ name, median, least, most }) => {
    const cells = [name, median.toFixed(1), `${least.toFixed(1)}–${most.toFixed(1)}`]
    return `| ${[...cells, `${(median / bare).toFixed(2)} ×`].join(' | ')} |\n`
  })
  return `| | median, ms | min–max, ms | to the raw write |\n|---|--:|--:|--:|\n${rows.join('')}`
}

await main()
