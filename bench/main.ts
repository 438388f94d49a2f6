import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { Sandbox } from '../test/harness/sandbox.ts'
import { CountedGit } from '../test/process/counted-git.ts'
import { AGENT, type Case, cases } from './cases.ts'
import { handOver } from './hand-over.ts'
import { hookMarkdown, measureHooks } from './hook-cases.ts'
import { measure } from './measure.ts'
import { runCost } from './run-cost.ts'
import { bar, handOverTable, markdown, rows } from './table.ts'
import { worktreeList } from './worktree-list.ts'

/** Measures the built program; see CONTRIBUTING.md. */
async function main(): Promise<void> {
  const rounds = Number(process.env['BENCH_ROUNDS'] ?? 15)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('BENCH_ROUNDS is no whole number above 0')
  const sandbox = await Sandbox.create()
  try {
    await prepare(sandbox)
    const all = cases(sandbox)
    const measured = measure(all, rounds)
    const result = rows(measured, await countGit(sandbox, all, rounds + 1))
    const { extra, holds } = bar(measured)
    const handedOver = [await handOver(sandbox, 1, 1000), await handOver(sandbox, 16, 2000)]
    const hooks = await measureHooks(rounds)
    process.stdout.write(
      `${markdown(result, extra, holds)}${handOverTable(handedOver)}${hookMarkdown(hooks)}`,
    )
    process.stdout.write(await worktreeList(sandbox, Math.min(rounds, 7)))
    process.stdout.write(runCost(sandbox))
    const file = process.env['BENCH_JSON']
    if (file)
      writeFileSync(
        file,
        `${JSON.stringify({ machine: await machine(sandbox), rounds, extra, holds, rows: result, handedOver, hooks }, null, 2)}\n`,
      )
  } finally {
    sandbox.dispose()
  }
}

/** A repository with some files, and three other sessions that hold two locks each. */
async function prepare(sandbox: Sandbox): Promise<void> {
  for (let at = 0; at < 50; at += 1) sandbox.write(`src/part-${at}/file.ts`, `export const at = ${at}\n`)
  await sandbox.git(['add', '.'])
  await sandbox.git(['commit', '--quiet', '-m', 'files'])
  for (const agent of ['one', 'two', 'three']) {
    const claim = await sandbox.dw(['claim', `held/${agent}`, `src/part-1/${agent}`, '-m', 'busy'], { agent })
    if (claim.status !== 0) throw new Error(claim.stderr)
  }
}

/** The git processes of each case that has any to count. */
async function countGit(sandbox: Sandbox, all: readonly Case[], round: number): Promise<Map<string, number>> {
  const counted = new CountedGit(sandbox)
  const found = new Map<string, number>()
  for (const { name, counted: args } of all) {
    if (args === undefined) continue
    const outcome = await counted.run(args(round), { agent: AGENT })
    if (outcome.status !== 0) throw new Error(outcome.stderr)
    found.set(name, outcome.calls.length)
  }
  return found
}

async function machine(sandbox: Sandbox): Promise<object> {
  const [processor] = cpus()
  const git = await sandbox.git(['version'])
  return { processor: processor?.model ?? 'unknown', cores: cpus().length, node: process.version, git }
}

// what is synced to disk is a part of what is measured; tests leave it out
process.env['GIT_TEST_FSYNC'] = '1'
await main()
