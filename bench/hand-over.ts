import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PROGRAMS, type Sandbox } from '../test/harness/sandbox.ts'
import { type Measured, summary } from './measure.ts'

const LAUNCHER = join(PROGRAMS, 'git-dw')
const KEY = 'handed/over'

/** How a key went from hand to hand. */
export interface HandOver extends Measured {
  /** When the last waiter had it, from the first release on, in times that it was held on average. */
  readonly lastInHolds: number
}

/**
 * Lets `count` claims wait for one key; each that gets it holds it for `hold` milliseconds and releases it.
 * Times are from the start of a release to the end of the claim that got the key then.
 */
export async function handOver(sandbox: Sandbox, count: number, hold: number): Promise<HandOver> {
  await run(sandbox, 'holder', ['claim', KEY])
  const waiting = new Map<string, Promise<string>>()
  for (let at = 0; at < count; at += 1) {
    const agent = `waiter-${at}`
    waiting.set(
      agent,
      run(sandbox, agent, ['claim', KEY, '--wait']).then(() => agent),
    )
    // in line before the next comes
    while (standing(sandbox) <= at) await sleep(20)
  }
  // let them settle down to waiting
  await sleep(1000)
  const start = performance.now()
  const times: number[] = []
  const holds: number[] = []
  let holder = 'holder'
  let last = start
  let had = start
  while (waiting.size > 0) {
    const from = performance.now()
    const release = run(sandbox, holder, ['release', KEY])
    const next = await Promise.race(waiting.values())
    last = performance.now()
    await release
    if (holder !== 'holder') holds.push(performance.now() - had)
    had = last
    times.push(last - from)
    waiting.delete(next)
    holder = next
    await sleep(hold)
  }
  await run(sandbox, holder, ['release', KEY])
  holds.push(performance.now() - had)
  const name = `${count} waiting, each holds it for ${hold / 1000} s`
  return { ...summary(name, times), lastInHolds: (last - start) / mean(holds) }
}

function standing(sandbox: Sandbox): number {
  const directory = join(sandbox.repo, '.git/dw/waiting')
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.json')).length : 0
}

async function run(sandbox: Sandbox, agent: string, args: readonly string[]): Promise<void> {
  const child = spawn(LAUNCHER, args, { cwd: sandbox.repo, env: sandbox.env({ agent }), stdio: 'ignore' })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      if (status === 0) resolve()
      else reject(new Error(`git-dw ${args.join(' ')} ended with ${status}`))
    })
  })
}

function mean(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0) / times.length
}
