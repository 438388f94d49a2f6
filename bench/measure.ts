import type { Case } from './cases.ts'

/** How long a case took, in milliseconds, over all rounds. */
export interface Measured {
  readonly name: string
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Runs all cases once a round, so that what disturbs the machine disturbs all of them alike. */
export function measure(cases: readonly Case[], rounds: number): readonly Measured[] {
  const times = cases.map((): number[] => [])
  // one round more, the first, fills the caches and does not count
  for (let round = 0; round <= rounds; round += 1) {
    for (const [at, { run }] of cases.entries()) {
      const start = performance.now()
      run(round)
      if (round > 0) times[at]?.push(performance.now() - start)
    }
  }
  return cases.map(({ name }, at) => summary(name, times[at] ?? []))
}

/** The median and the range of `times`. */
export function summary(name: string, times: readonly number[]): Measured {
  const sorted = [...times].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? Number.NaN)
  return {
    name,
    median: (lower + upper) / 2,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
  }
}
