import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from '../test/harness/sandbox.ts'
import { seedLocks } from '../test/harness/seed-locks.ts'
import { AGENT } from './cases.ts'
import { type Measured, measure } from './measure.ts'
import type { Bar } from './scale-table.ts'

const SESSIONS = 1000
const LOCKS_EACH = 5
const MOST_SECONDS = 3

/** What is measured: nothing has expired, and everything has. */
const CLOCKS: readonly (readonly [name: string, env: Readonly<Record<string, string>>])[] = [
  ['nothing to do', {}],
  ['all of it expired', { DW_TEST_CLOCK: '+60h' }],
]

/** `cleanup --dry-run` with 1,000 sessions and 5,000 locks. */
export async function measureCleaning(rounds: number): Promise<readonly Measured[]> {
  const sandbox = await Sandbox.create()
  try {
    const first = await sandbox.dw(['claim', 'own'], { agent: AGENT })
    if (first.status !== 0) throw new Error(first.stderr)
    const clone: { id: string } = JSON.parse(readFileSync(join(sandbox.repo, '.git/dw/clone.json'), 'utf8'))
    seedLocks(sandbox, SESSIONS * LOCKS_EACH, clone.id, { each: LOCKS_EACH })
    const all = CLOCKS.map(([name, env]) => ({
      name: `\`cleanup --dry-run\`, ${name}`,
      run: () => {
        const result = spawnSync('git', ['dw', 'cleanup', '--dry-run'], {
          cwd: sandbox.repo,
          env: sandbox.env({ agent: AGENT, env }),
          maxBuffer: 64 * 1024 * 1024,
        })
        if (result.status !== 0) throw new Error(result.stderr.toString('utf8'))
      },
    }))
    return measure(all, rounds)
  } finally {
    sandbox.dispose()
  }
}

/** The bar of each measurement, by its median. */
export function cleaningBars(measured: readonly Measured[]): readonly Bar[] {
  return measured.map(({ name, median, least, most }) => ({
    name: `${name}: ${SESSIONS} sessions, ${SESSIONS * LOCKS_EACH} locks`,
    limit: `≤ ${MOST_SECONDS} s`,
    seen: `${(median / 1000).toFixed(2)} s (${(least / 1000).toFixed(2)}–${(most / 1000).toFixed(2)})`,
    held: median <= MOST_SECONDS * 1000,
  }))
}
