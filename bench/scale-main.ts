import { writeFileSync } from 'node:fs'
import { cleaningBars, measureCleaning } from './cleaning.ts'
import { measureMigrating, migratingBars } from './migrating.ts'
import { measureScale } from './scale.ts'
import { bars, scaleMarkdown } from './scale-table.ts'

/** Measures commands beside many locks; see docs/performance.md. */
async function main(): Promise<void> {
  const rounds = Number(process.env['BENCH_ROUNDS'] ?? 15)
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('BENCH_ROUNDS is no whole number above 0')
  // before anything is taken away: a disk that still does that is slow in making files
  const migrating = migratingBars(await measureMigrating(rounds))
  const { times, peaks } = await measureScale(rounds)
  const result = [...bars(times, peaks), ...cleaningBars(await measureCleaning(rounds)), ...migrating]
  process.stdout.write(scaleMarkdown(times, result))
  const file = process.env['BENCH_JSON']
  if (file) writeFileSync(file, `${JSON.stringify({ rounds, times, peaks, bars: result }, null, 2)}\n`)
}

// what is synced to disk is a part of what is measured; tests leave it out
process.env['GIT_TEST_FSYNC'] = '1'
await main()
