import * as fc from 'fast-check'
import type { Death } from './machine.ts'
import type { Fate } from './network.ts'

/** A command of a worker's; a push has commits that touch the first of its keys. */
export type Command =
  | { readonly kind: 'claim' | 'steal'; readonly keys: readonly string[]; readonly ttl: number }
  | { readonly kind: 'release' | 'push'; readonly keys: readonly string[] }
  | { readonly kind: 'end' | 'sync' | 'beat' }

/** What one worker does next. */
export type Operation =
  | Command
  /** The time that passes before the next operation, in minutes. */
  | { readonly kind: 'wait'; readonly minutes: number }
  /** Somebody empties the arbiter of all records. */
  | { readonly kind: 'empty the arbiter' }

export interface Step {
  readonly operation: Operation
  readonly death: Death | null
}

/** One worker of a clone; those with one `seat` of a clone share a session, as the subagents of an agent do. */
export interface Worker {
  readonly clone: number
  readonly seat: number
  readonly steps: readonly Step[]
}

/** All of one run but for who goes first: that is the scheduler's. */
export interface Plan {
  /** How far each clone's clock is ahead, in hours. */
  readonly clocks: readonly number[]
  readonly workers: readonly Worker[]
  /** What the network does to each call, in order; after the last of them all goes well. */
  readonly fates: readonly Fate[]
  /** How long each call takes, in milliseconds. */
  readonly tick: number
}

/** Files and directories, some of them on one line; all places in the tree of locks. */
const KEYS = ['a', 'a/b', 'a/b/c', 'a/d', 'e', 'e/f']

const key = fc.constantFrom(...KEYS)
const keys = fc.oneof({ weight: 3, arbitrary: key.map((one) => [one]) }, fc.tuple(key, key))
/** Eight hours and five minutes, in seconds. */
const ttl = fc.constantFrom(8 * 3600, 300)

function operation(empties: boolean): fc.Arbitrary<Operation> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('claim' as const), keys, ttl }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('steal' as const), keys, ttl }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), keys }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: fc.constant('push' as const), keys: key.map((one) => [one]) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('end' as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('sync' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('beat' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant('wait' as const), minutes: fc.constantFrom(6, 180, 320) }),
    },
    ...(empties
      ? [{ weight: 1, arbitrary: fc.record({ kind: fc.constant('empty the arbiter' as const) }) }]
      : []),
  )
}

const death = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ before: fc.nat(20), made: fc.nat(4) }) },
)
const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fc.constant('well' as const) },
  {
    weight: 2,
    arbitrary: fc.constantFrom<Fate>('unsent', 'cut before', 'cut after', 'late', 'server killed'),
  },
)

/** Plans of two or three clones and three workers, two of which may share a session. */
export function plans(options: { readonly empties?: boolean } = {}): fc.Arbitrary<Plan> {
  const step = fc.record({ operation: operation(options.empties === true), death })
  const steps = (least: number, most: number) => fc.array(step, { minLength: least, maxLength: most })
  return fc.record({
    clocks: fc.constantFrom([0, 3, -3], [0, 0, 0], [3, 0, 0], [-3, 0, 3]),
    workers: fc
      .tuple(steps(1, 3), steps(1, 2), steps(0, 2), fc.constantFrom([0, 1, 0], [0, 1, 2], [0, 1, 1]))
      .map(([one, two, three, clones]) =>
        [one, two, three].map((own, at) => ({ clone: clones[at] ?? 0, seat: 0, steps: own })),
      ),
    fates: fc.array(fate, { maxLength: 12 }),
    tick: fc.constantFrom(0, 1, 7),
  })
}
