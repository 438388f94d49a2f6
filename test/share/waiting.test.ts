import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect } from 'vitest'
import { dwHere } from '../harness/in-process.ts'
import type { Clone, Hub } from './hub.ts'
import { test } from './hub-test.ts'

/** A `claim --wait` in this process whose clock stands still but while it sleeps; `jitter` is from 0 up to 1. */
async function waited(hub: Hub, clone: Clone, limit: string, jitter: number) {
  const trace = join(hub.sandbox.root, 'trace')
  rmSync(trace, { force: true })
  const start = Date.now()
  const pauses: number[] = []
  let slept = 0
  const ending = await dwHere(hub.sandbox, ['claim', 'src', `--wait=${limit}`], {
    cwd: clone.path,
    agent: clone.agent,
    env: { GIT_TRACE2_EVENT: trace },
    around: {
      now: () => start + slept,
      elapsed: () => slept,
      random: () => jitter,
      sleep: async (milliseconds) => {
        await turn()
        // shorter ones lie between two tries of one look
        if (milliseconds < 1000) return
        pauses.push(milliseconds)
        slept += milliseconds
      },
    },
  })
  const fetches = readFileSync(trace, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"event":"cmd_name"') && line.includes('"name":"fetch"'))
  return { ending, pauses, fetches: fetches.length }
}

test('a waiting claim asks the remote after 1 s, later and later up to 16 s, with jitter', async ({
  hub,
}) => {
  const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
  const { session } = await anna.json(['claim', 'src'])
  await ben.json(['init'])

  const latest = await waited(hub, ben, '60s', 1 - Number.EPSILON)
  expect(latest.ending.status, latest.ending.stderr).toBe(75)
  expect(latest.ending.stderr).toContain(`"src" is held by ${session}`)
  expect(latest.pauses).toStrictEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 13_000])
  // once before it says that it waits, and at each look but the last, which only ends the wait
  expect(latest.fetches).toBe(1 + 6)

  const earliest = await waited(hub, ben, '30s', 0)
  expect(earliest.ending.status).toBe(75)
  expect(earliest.pauses).toStrictEqual([1000, 1000, 2000, 4000, 8000, 8000, 6000])
  expect(earliest.fetches).toBe(1 + 6)
})
