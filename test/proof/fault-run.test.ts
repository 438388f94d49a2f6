import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { check } from './checker.ts'
import { CAN_MOUNT } from './fault-run/disk.ts'
import { planRun } from './fault-run/plan.ts'
import { faultRun, type Ran } from './fault-run/run.ts'
import { FILE, HTTP, SSH, type Transport } from './fault-run/transport.ts'
import { LONG, seedOf } from './runs.ts'
import { tell } from './story.ts'

const CLONES = 8
/** Of each clone: a thousand, and a tenth of that in the short form. */
const OPERATIONS = Number(process.env['DW_TEST_OPERATIONS'] ?? (LONG ? 1000 : 100))
const RUNS = [FILE, SSH, HTTP].map((transport): [string, Transport] => [transport.name, transport])

test.for(RUNS)(
  'whatever is killed, stopped, cut or full, clones and a remote through %s keep every promise',
  // five seconds of a busy machine for each
  { timeout: CLONES * OPERATIONS * 5000 },
  async ([name, transport], { onTestFinished }) => {
    const sandbox = await Sandbox.create()
    onTestFinished(() => sandbox.dispose())
    const seed = seedOf(`fault run through ${name}`)
    const plan = planRun({ seed, clones: CLONES, operations: OPERATIONS })
    const ran = await faultRun(sandbox, plan, transport)
    const violations = check(ran.history)
    process.stdout.write(told(ran.counts))
    if (violations.length > 0) {
      const again = `DW_TEST_SEED=${seed} DW_TEST_OPERATIONS=${OPERATIONS} ${COMMAND} -t "through ${name} keep"`
      throw new Error(story(ran, JSON.stringify(violations, null, 1), again))
    }
    // what was planned came to happen
    expect(operationsIn(ran.counts)).toBeGreaterThan(CLONES * OPERATIONS * 0.9)
    for (const kind of OPERATIONS < 40 ? [] : HAPPEN) expect(told(ran.counts)).toContain(kind)
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

/**
 * What was broken, all that happened, where the log is kept, and how the same plan is run again. What was
 * broken stands at the end too: where a log is cut to its last lines, it is there.
 */
function story({ history, kept }: Ran, broken: string, again: string): string {
  return `${broken}\n${tell(history)}\nthe log is ${kept()}; the same plan, in another order: ${again}\n${broken}`
}
