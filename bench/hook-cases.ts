import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { Sandbox } from '../test/harness/sandbox.ts'
import { BARE_NODE } from './cases.ts'
import { type Measured, measure } from './measure.ts'

/** What a hook may add to a git command, and what it was seen to add, by the medians, in milliseconds. */
export interface HookRow {
  readonly name: string
  readonly without: Measured
  readonly with: Measured
  readonly added: number
  readonly bar: number
  /** What the bar is made of. */
  readonly barIs: string
}

const ZEROS = '0'.repeat(40)
const ME = { agent: 'bench' }

/** A git command that is run with and without hooks. */
interface Subject {
  readonly name: string
  readonly run: (round: number, env: Record<string, string>) => void
  readonly bar: (found: readonly Measured[]) => number
  readonly barIs: string
}

/** Measures what the hooks add to git commands, in repositories of its own. */
export async function measureHooks(rounds: number): Promise<readonly HookRow[]> {
  const sandbox = await Sandbox.create()
  try {
    const subjects = [...(await everydaySubjects(sandbox)), ...(await pushSubjects(sandbox))]
    const log = logOfLargePush(sandbox)
    const cases = subjects.flatMap(({ name, run }) => [
      // both are the same command but for the hooks that git finds
      { name: `${name}, without`, run: (round: number) => run(round * 2, { WITHOUT: '1' }) },
      { name, run: (round: number) => run(round * 2 + 1, {}) },
    ])
    const bare = { name: BARE_NODE, run: () => void spawnSync(process.execPath, ['-e', '0']) }
    const found = measure([bare, { name: LOG, run: log }, ...cases], rounds)
    return subjects.map(({ name, bar, barIs }) => {
      const without = named(found, `${name}, without`)
      const with_ = named(found, name)
      return { name, without, with: with_, added: with_.median - without.median, bar: bar(found), barIs }
    })
  } finally {
    sandbox.dispose()
  }
}

const LOG = '`git log --name-only`'

function named(found: readonly Measured[], name: string): Measured {
  const one = found.find((each) => each.name === name)
  if (one === undefined) throw new Error(`not measured: ${name}`)
  return one
}

function run(sandbox: Sandbox, args: readonly string[], env: Record<string, string>, input = ''): void {
  const { WITHOUT, ...rest } = env
  const hooks = WITHOUT === undefined ? [] : ['-c', 'core.hooksPath=/dev/null']
  const options = {
    cwd: sandbox.repo,
    env: sandbox.env({ ...ME, env: rest }),
    input,
    encoding: 'utf8',
  } as const
  const result = spawnSync('git', [...hooks, ...args], options)
  if (result.status !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`)
}

/** A session with a fresh lease and locks of its own. */
async function everydaySubjects(sandbox: Sandbox): Promise<Subject[]> {
  await sandbox.git(['config', 'maintenance.auto', 'false'])
  await sandbox.git(['init', '--quiet', '--bare', join(sandbox.root, 'remote.git')])
  await sandbox.git(['remote', 'add', 'origin', join(sandbox.root, 'remote.git')])
  await sandbox.git(['branch', 'side'])
  await sandbox.git(['push', '--quiet', 'origin', 'main', 'side'])
  for (const args of [
    ['hooks', 'install'],
    ['claim', 'src', 'docs'],
  ]) {
    const outcome = await sandbox.dw(args, ME)
    if (outcome.status !== 0) throw new Error(outcome.stderr)
  }
  const everyday = { bar: () => 8, barIs: '8 ms' }
  return [
    {
      ...everyday,
      name: '`git checkout`, fresh lease',
      run: (round, env) => run(sandbox, ['checkout', '--quiet', round % 4 < 2 ? 'side' : 'main'], env),
    },
    {
      ...everyday,
      name: '`git commit`, fresh lease',
      run: (round, env) => run(sandbox, ['commit', '--quiet', '--allow-empty', '-m', `${round}`], env),
    },
    {
      ...everyday,
      name: '`git push` without foreign locks',
      run: (round, env) => run(sandbox, ['push', '--quiet', 'origin', `main:refs/heads/free-${round}`], env),
    },
  ]
}

/** The hook as git calls it, against a repository with 1,000 locks of others. */
async function pushSubjects(sandbox: Sandbox): Promise<Subject[]> {
  const other = join(sandbox.root, 'crowded')
  await sandbox.git(['clone', '--quiet', '--no-hardlinks', sandbox.repo, other])
  const head = await sandbox.git(['rev-parse', 'HEAD'], { cwd: other })
  const inOther = async (args: readonly string[], options: object = {}) => {
    const outcome = await sandbox.dw(args, { ...ME, cwd: other, ...options })
    if (outcome.status !== 0) throw new Error(outcome.stderr)
  }
  await inOther(['hooks', 'install'])
  await inOther(['claim', ...Array.from({ length: 1000 }, (_, at) => `held/d${at % 40}/f${at}`)], {
    agent: 'another',
  })
  await inOther(['claim', 'mine'])
  await sandbox.git(['fast-import', '--quiet'], { cwd: other, input: largePush(head) + smallPushes(head) })
  const tip = async (branch: string) => sandbox.git(['rev-parse', branch], { cwd: other })
  const push =
    (pushed: string, expected = 0) =>
    (_: number, env: Record<string, string>) => {
      if (env['WITHOUT'] !== undefined) return
      const input = `refs/heads/x ${pushed} refs/heads/x ${ZEROS}\n`
      const options = { cwd: other, env: sandbox.env(ME), input, encoding: 'utf8' } as const
      const result = spawnSync(join(other, '.git/hooks/pre-push'), ['origin', 'url'], options)
      if (result.status !== expected) throw new Error(result.stderr)
    }
  const one = {
    bar: (found: readonly Measured[]) => named(found, BARE_NODE).median + 60,
    barIs: 'bare Node + 60 ms',
  }
  return [
    { ...one, name: 'pre-push of 1 commit, 1,000 foreign locks', run: push(await tip('one')) },
    {
      ...one,
      name: 'pre-push of 1 commit that is refused, 1,000 foreign locks',
      run: push(await tip('refused'), 1),
    },
    {
      name: 'pre-push of 1,000 commits and 10,000 files',
      run: push(await tip('large')),
      bar: (found) => named(found, LOG).median * 2,
      barIs: `2 × ${LOG} of the same range`,
    },
  ]
}

/** 1,000 commits that change ten files each, 10,000 in all, spread over 400 directories. */
function largePush(head: string): string {
  const commits = Array.from({ length: 1000 }, (_, at) => {
    const from = at === 0 ? `from ${head}\n` : ''
    const files = Array.from({ length: 10 }, (__, file) => {
      const directory = (at * 7 + file * 41) % 400
      return `M 100644 inline big/a${directory % 20}/b${Math.floor(directory / 20)}/c${at}-${file}\ndata 1\nx\n`
    })
    return `commit refs/heads/large\ncommitter A <a@b> ${at} +0000\ndata 1\nx\n${from}${files.join('')}`
  })
  return commits.join('')
}

/** A commit of a file that nobody holds, and one of a file that another holds. */
function smallPushes(head: string): string {
  const files = { one: 'mine/file', refused: 'held/d0/f0' }
  const commits = Object.entries(files).map(
    ([branch, path]) =>
      `commit refs/heads/${branch}\ncommitter A <a@b> 0 +0000\ndata 1\nx\nfrom ${head}\nM 100644 inline ${path}\ndata 1\nx\n`,
  )
  return commits.join('')
}

function logOfLargePush(sandbox: Sandbox): () => void {
  const cwd = join(sandbox.root, 'crowded')
  return () => {
    const args = ['log', '--name-only', '--format=%H', 'large', '--not', '--remotes=origin']
    const result = spawnSync('git', args, { cwd, env: sandbox.env(ME), maxBuffer: 1 << 28 })
    if (result.status !== 0) throw new Error(String(result.stderr))
  }
}

/** The rows as a table, and whether each bar holds. */
export function hookMarkdown(rows: readonly HookRow[]): string {
  const lines = rows.map((row) => {
    const times = [row.without.median, row.with.median, row.added].map((time) => time.toFixed(1))
    const verdict = row.added <= row.bar ? 'holds' : 'is missed'
    return `| ${[row.name, ...times, `${row.bar.toFixed(0)} (${row.barIs})`, verdict].join(' | ')} |\n`
  })
  return `\n| | without, ms | with, ms | added, ms | bar, ms | the bar |\n|---|--:|--:|--:|---|---|\n${lines.join('')}`
}
