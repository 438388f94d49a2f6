import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { PROGRAMS, type Sandbox } from '../test/harness/sandbox.ts'
import type { Bar } from './bar.ts'
import { summary } from './measure.ts'

const LAUNCHER = join(PROGRAMS, 'git-dw')
const SIZES = [1, 4, 16] as const
/** How many claims each process of a crowd makes, one after the other. */
const EACH = 50
/** How often each of the largest crowd takes the one key. */
const TURNS = 4

/** How many claims, and how many raw writes of a blob and a ref, some processes make in a second. */
export interface Crowd {
  readonly processes: number
  readonly claims: number
  readonly raw: number
}

/** How long each of 16 processes waited for the one key that all want, in milliseconds. */
export interface Queue {
  readonly median: number
  readonly most: number
}

const CLAIMS = `at=0
while [ "$at" -lt "$2" ]; do at=$((at + 1)); "$1" claim "$3/$at" >/dev/null || exit; done`

const WRITES = `at=0
while [ "$at" -lt "$2" ]; do
  at=$((at + 1))
  oid=$(echo "$3 $at" | git -c core.fsync=loose-object,reference hash-object -w --stdin) || exit
  git -c core.fsync=loose-object,reference update-ref "refs/bench/$3/$at" "$oid" "" || exit
done`

/** Processes at once that claim keys of their own, beside as many that write with raw git. */
export async function measureCrowds(sandbox: Sandbox): Promise<readonly Crowd[]> {
  const crowds: Crowd[] = []
  for (const processes of SIZES) {
    const rate = async (name: string, script: string) => {
      const all = Array.from({ length: processes }, (_, at) => `${name}-${processes}-${at}`)
      // their sessions are there before
      if (script === CLAIMS) for (const each of all) await shell(sandbox, each, '"$1" init', [LAUNCHER])
      const start = performance.now()
      await Promise.all(all.map((each) => shell(sandbox, each, script, [LAUNCHER, String(EACH), each])))
      return (processes * EACH * 1000) / (performance.now() - start)
    }
    crowds.push({ processes, raw: await rate('raw', WRITES), claims: await rate('claims', CLAIMS) })
  }
  return crowds
}

/** 16 processes that take turns with one key, each of them some times. */
export async function measureQueue(sandbox: Sandbox): Promise<Queue> {
  const waits: number[] = []
  const taker = async (agent: string) => {
    for (let turn = 0; turn < TURNS; turn += 1) {
      const start = performance.now()
      await shell(sandbox, agent, '"$1" claim the/one --wait=10m', [LAUNCHER])
      waits.push(performance.now() - start)
      await shell(sandbox, agent, '"$1" release the/one', [LAUNCHER])
    }
  }
  await Promise.all(Array.from({ length: 16 }, (_, at) => taker(`queue-${at}`)))
  return summary('one key', waits)
}

export function crowdBars(crowds: readonly Crowd[], queue: Queue): readonly Bar[] {
  const most = crowds.at(-1) ?? { claims: Number.NaN, raw: Number.NaN }
  return [
    {
      what: 'rate of 16 × 50 claims of different keys to that of 16 raw git loops',
      least: true,
      limit: 0.6,
      seen: most.claims / most.raw,
      unit: '×',
    },
    {
      what: 'longest wait of 16 for one key to the median',
      limit: 20,
      seen: queue.most / queue.median,
      unit: '×',
    },
  ]
}

export function crowdTable(crowds: readonly Crowd[], queue: Queue): string {
  const rows = crowds.map(({ processes, raw, claims }) => {
    const cells = [processes, raw.toFixed(1), claims.toFixed(1), `${(claims / raw).toFixed(2)} ×`]
    return `| ${cells.join(' | ')} |\n`
  })
  const waits = `${queue.median.toFixed(0)} ms, ${queue.most.toFixed(0)} at most`
  return [
    '| processes at once | raw writes a second | claims a second | |\n|--:|--:|--:|--:|\n',
    ...rows,
    `\n16 processes that take turns with one key wait ${waits}.\n`,
  ].join('')
}

async function shell(
  sandbox: Sandbox,
  agent: string,
  script: string,
  args: readonly string[],
): Promise<void> {
  const env = sandbox.env({ agent, env: { GIT_TEST_FSYNC: undefined, DW_BUILD: undefined } })
  const child = spawn('sh', ['-c', script, 'sh', ...args], { cwd: sandbox.repo, env, stdio: 'ignore' })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      if (status === 0) resolve()
      else reject(new Error(`${agent}: ended with ${status}: ${script}`))
    })
  })
}
