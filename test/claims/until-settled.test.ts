import { describe, expect, test } from 'vitest'
import { GO_ON, untilSettled } from '../../src/flows/until-settled.ts'

/** Numbers from 0 to 1 that look random; the same ones for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/**
 * A machine of two processors whose time is made up. Each of `count` programs changes the same record; a try takes
 * `cost` milliseconds of a processor, and is lost when another one has written meanwhile. How each ended, and when.
 */
async function contest(count: number, cost: number, seed: number) {
  let now = 0
  let version = 0
  let running = 0
  let left = count
  const due: { at: number; go: () => void }[] = []
  const sleep = async (milliseconds: number): Promise<void> =>
    new Promise((go) => due.push({ at: now + milliseconds, go }))
  const random = randomFrom(seed)
  const around = { elapsed: () => now, sleep, random, signal: new AbortController().signal }

  const attempt = async () => {
    const seen = version
    running += 1
    await sleep(cost * (0.8 + 0.4 * random()) * Math.max(1, running / 2))
    running -= 1
    if (seen !== version) return null
    version += 1
    return version
  }
  const endings = Array.from({ length: count }, async () =>
    untilSettled({ around, shared: null }, attempt)
      .then(
        () => ({ code: '', at: now }),
        ({ code }) => ({ code, at: now }),
      )
      .finally(() => {
        left -= 1
      }),
  )
  while (left > 0) {
    await new Promise(setImmediate)
    due.sort((a, b) => a.at - b.at)
    const next = due.shift()
    if (next !== undefined) now = next.at
    next?.go()
  }
  return Promise.all(endings)
}

const SEEDS = Array.from({ length: 20 }, (_, at) => at + 1)

describe('programs that change the same record', () => {
  test('all get to it on a machine so slow that a try takes 400 ms of a processor', async () => {
    for (const seed of SEEDS) {
      const endings = await contest(16, 400, seed)
      expect(new Set(endings.map(({ code }) => code)), `seed ${seed}`).toEqual(new Set(['']))
    }
  })

  test('do so in 60 times the time that one takes', async () => {
    for (const seed of SEEDS) {
      const endings = await contest(16, 30, seed)
      expect(Math.max(...endings.map(({ at }) => at)), `seed ${seed}`).toBeLessThan(60 * 30)
    }
  })

  test('of two the loser tries again at once', async () => {
    for (const seed of SEEDS) {
      const endings = await contest(2, 30, seed)
      expect(Math.max(...endings.map(({ at }) => at)), `seed ${seed}`).toBeLessThanOrEqual(2 * 30 * 1.2)
    }
  })

  test('are told that the others kept changing it when half a minute of tries was lost', async () => {
    let now = 0
    const around = {
      elapsed: () => now,
      sleep: async (milliseconds: number) => {
        now += milliseconds
      },
      random: () => 0.5,
      signal: new AbortController().signal,
    }
    const tries: number[] = []
    const lose = (cost: number) => async () => {
      tries.push(now)
      now += cost
      return null
    }
    const lost = untilSettled({ around, shared: null }, lose(100))
    await expect(lost).rejects.toMatchObject({ code: 'DW_BUSY', hints: ['try again'] })
    expect(now).toBeGreaterThan(30_000)
    expect(now).toBeLessThan(30_300)
    // no pause, then half of one try, then half of two
    expect(tries.slice(0, 5)).toEqual([0, 100, 250, 450, 650])

    now = 0
    tries.length = 0
    await expect(untilSettled({ around, shared: {} }, lose(8000))).rejects.toMatchObject({ code: 'DW_BUSY' })
    // half of five seconds is the longest
    expect(tries.slice(0, 5)).toEqual([0, 8000, 18_500, 29_000, 39_500])
    expect(now).toBeGreaterThan(90_000)
    expect(now).toBeLessThan(110_000)
  })

  test('that go on from what they have done do not pause', async () => {
    const pauses: number[] = []
    const sleep = async (milliseconds: number) => {
      pauses.push(milliseconds)
    }
    let now = 0
    const around = { elapsed: () => now, sleep, random: () => 1, signal: new AbortController().signal }
    const answers = [GO_ON, null, GO_ON, GO_ON, null, 'done']
    const answer = await untilSettled({ around, shared: null }, async (tries) => {
      now += 10
      return answers[tries] ?? null
    })
    expect(answer).toBe('done')
    expect(pauses).toEqual([0, 0, 0, 0, 10])
  })

  test('stop with the reason of an interruption, in a pause as well', async () => {
    const interruption = new AbortController()
    const sleep = async (milliseconds: number, signal?: AbortSignal) => {
      if (milliseconds > 0) interruption.abort(new Error('interrupted'))
      if (signal?.aborted) throw new Error('a pause that was cut short')
    }
    let now = 0
    const around = { elapsed: () => now, sleep, random: () => 1, signal: interruption.signal }
    const lost = untilSettled({ around, shared: null }, async () => {
      now += 10
      return null
    })
    await expect(lost).rejects.toThrow('interrupted')
    expect(now).toBe(20)
  })
})
