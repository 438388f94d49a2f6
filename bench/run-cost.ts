import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { PROGRAMS, type Sandbox } from '../test/harness/sandbox.ts'

/** How long the command runs, and how long its lock lasts in silence, in seconds. */
const SECONDS = 60
const TTL = 120

/** The most that `run` may take of one processor. */
const BAR = 0.01

/** The CPU time that `git dw run` and its git processes take while a command sleeps, beyond start and end. */
export function runCost(sandbox: Sandbox): string {
  const short = cpuOf(sandbox, 0)
  const share = (cpuOf(sandbox, SECONDS) - short) / SECONDS
  const percent = (share * 100).toFixed(2)
  return [
    `\n\`git dw run --ttl ${TTL}s\`, a heartbeat every ${TTL / 4} s, beside a command that sleeps for ${SECONDS} s:`,
    ` ${percent} % of a processor; the bar of ${BAR * 100} % ${share <= BAR ? 'holds' : 'is missed'}.\n`,
  ].join('')
}

/** User and system time of all processes of a run, in seconds, as the shell tells it. */
function cpuOf(sandbox: Sandbox, seconds: number): number {
  const run = `'${join(PROGRAMS, 'git-dw')}' run --task cost --ttl ${TTL}s -- sleep ${seconds}; times`
  const env = sandbox.env({ agent: 'runner' })
  const { stdout, stderr, status } = spawnSync('sh', ['-c', run], {
    cwd: sandbox.repo,
    env,
    encoding: 'utf8',
  })
  // the second line of times(1) is that of the children
  const [, children = ''] = stdout.split('\n')
  const parts = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s))
  if (status !== 0 || parts.length !== 2) throw new Error(`${stdout}${stderr}`)
  return parts.reduce((sum, part) => sum + part, 0)
}
