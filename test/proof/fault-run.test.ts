import { copyFileSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { check } from './checker.ts'
import { buildBroken } from './fault-run/broken-build.ts'
import { CAN_MOUNT } from './fault-run/disk.ts'
import { planRun } from './fault-run/plan.ts'
import { faultRun, type Ran } from './fault-run/run.ts'
import { FILE, HTTP, SSH, type Transport } from './fault-run/transport.ts'
import { FAULTS } from './faults.ts'
import { LONG, seedOf } from './runs.ts'
import { tell } from './story.ts'

const ASKED = process.env['DW_TEST_OPERATIONS']

/** How many clones, and operations of each. */
interface Size {
  readonly clones: number
  readonly operations: number
}

/** A long run is of one size; in a short one what is ours is run through files most, which is the cheapest. */
const SHORT: ReadonlyMap<Transport, Size> = new Map([
  [FILE, { clones: 8, operations: 40 }],
  [SSH, { clones: 4, operations: 10 }],
  [HTTP, { clones: 4, operations: 10 }],
])
const RUNS = [...SHORT].map(([transport, short]): [string, Transport, Size] => {
  const size = LONG || ASKED !== undefined ? { clones: 8, operations: Number(ASKED ?? 1000) } : short
  return [transport.name, transport, size]
})

test.for(RUNS)(
  'whatever is killed, stopped, cut or full, clones and a remote through %s keep every promise',
  { timeout: LONG ? 12 * 3_600_000 : 900_000 },
  async ([name, transport, { clones, operations }], { onTestFinished }) => {
    const sandbox = await Sandbox.create()
    onTestFinished(() => sandbox.dispose())
    const seed = seedOf(`fault run through ${name}`)
    const plan = planRun({ seed, clones, operations })
    const ran = await faultRun(sandbox, plan, transport)
    const violations = check(ran.history)
    process.stdout.write(told(ran.counts))
    if (violations.length > 0) {
      const size = ASKED === undefined && !LONG ? '' : `DW_TEST_OPERATIONS=${operations} `
      const again = `DW_TEST_SEED=${seed} ${size}${COMMAND} -t "through ${name} keep"`
      throw new Error(story(ran, JSON.stringify(violations, null, 1), again))
    }
    // what was planned came to happen
    expect(operationsIn(ran.counts)).toBeGreaterThan(clones * operations * 0.9)
    for (const kind of clones * operations < 300 ? [] : HAPPEN) expect(told(ran.counts)).toContain(kind)
  },
)

const COMMAND = 'npx vitest run test/proof/fault-run.test.ts'

/** What happens in a run that is not too short. */
const HAPPEN = [
  'fault: client killed',
  'fault: killed at git',
  'fault: server killed',
  'fault: connection cut',
  'fault: stopped',
  'fault: stale lock',
  ...(CAN_MOUNT ? ['fault: disk full'] : []),
  'claim: done',
  'steal: done',
  'release: done',
  'push: done',
  'sync: done',
]

function told(counts: Ran['counts']): string {
  return [...counts]
    .sort()
    .map(([what, count]) => `  ${what} ${count}\n`)
    .join('')
}

function operationsIn(counts: Ran['counts']): number {
  return [...counts].reduce((sum, [what, count]) => (what.startsWith('fault: ') ? sum : sum + count), 0)
}

/** What was broken, all that happened, where the log is kept, and how the same plan is run again. */
function story({ history, log }: Ran, broken: string, again: string): string {
  const kept = join(mkdtempSync(join(tmpdir(), 'git-dw-fault-run-')), 'log')
  copyFileSync(log, kept)
  return `${broken}\n${tell(history)}\nthe log is ${kept}; the same plan, in another order: ${again}`
}

/** Of the builds that are wrong on purpose, those that few commands of real processes bring to light; the simulation catches all. */
const SHOWN = ['a fence that does not move', 'a lock pushed without its session']

describe('the checker of a run', () => {
  test.for(FAULTS.filter(({ name }) => SHOWN.includes(name)))(
    'catches $name',
    { timeout: 900_000 },
    async ({ patches, sentences }, { onTestFinished }) => {
      const sandbox = await Sandbox.create()
      onTestFinished(() => sandbox.dispose())
      const program = await buildBroken(sandbox.root, patches)
      const plan = planRun({ seed: 1, clones: 3, operations: 8, faults: 0 })
      const { history } = await faultRun(sandbox, plan, FILE, program)
      const said = check(history).map(({ sentence }) => sentence)
      expect(sentences.some((sentence) => said.includes(sentence))).toBe(true)
    },
  )
})
