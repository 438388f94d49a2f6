import { seeded } from '../../races/contest.ts'
import type { CutOff } from './transport.ts'

/** A command of a worker's; a push has a commit that touches the first of its keys. */
export interface Operation {
  readonly kind: 'claim' | 'steal' | 'release' | 'push' | 'end' | 'sync' | 'beat' | 'share again'
  /** Paths; what is released or pushed is mostly what is held. */
  readonly keys: readonly string[]
  /** In seconds: of a claim's lease. */
  readonly ttl: number
}

/** What goes wrong while an operation runs; times are milliseconds. */
export type Fault =
  /** Killed so long after its start, alone or with the gits that it started. */
  | { readonly kind: 'client killed'; readonly after: number; readonly alone: boolean }
  /** At its nth call of git, or of one git command: see stand-ins/git. */
  | {
      readonly kind: 'killed at git'
      readonly of?: string
      readonly nth: number
      readonly what: GitFault
      readonly after: number
    }
  /** Git's nth call of a command stands still, before its work or after it, until others have done theirs. */
  | {
      readonly kind: 'held at git'
      readonly of: string
      readonly nth: number
      readonly when: 'before' | 'after'
    }
  /** With its gits and its server, while one writes the session's record, or its log, after what comes before that. */
  | { readonly kind: 'killed in a commit'; readonly where: Place; readonly at: 'active' | 'log' }
  /** Stopped until leases are over, at its nth call of git, or at any moment. */
  | { readonly kind: 'stopped at git'; readonly nth: number }
  | { readonly kind: 'stopped'; readonly after: number }
  /** receive-pack, while it serves the call: see stand-ins/reference-transaction and pre-receive. */
  | { readonly kind: 'server killed'; readonly when: ServerMoment; readonly after: number }
  /** Its nth connection: see stand-ins/cut-connection.mjs. */
  | {
      readonly kind: 'connection cut'
      readonly nth: number
      readonly how: CutOff['how']
      readonly bytes: number
    }
  /** All connections. */
  | { readonly kind: 'no connection' }
  /** A disk has so many pages left. */
  | { readonly kind: 'disk full'; readonly where: Place; readonly pages: number }
  /** A lock file that nobody holds stands where this key's ref would be written. */
  | { readonly kind: 'stale lock'; readonly where: Place; readonly key: string; readonly old: boolean }
  /** `git pack-refs` runs beside it. */
  | { readonly kind: 'packing'; readonly where: Place }

export type GitFault =
  | 'client dies'
  | 'client dies after'
  | 'git dies'
  | 'git dies in it'
  | 'git dies after'
  | 'both die'
export type ServerMoment = 'before' | 'prepared' | 'committing' | 'committed'
type Place = 'clone' | 'remote'

export interface Step {
  readonly operation: Operation
  readonly fault: Fault | null
  /** A number from 0 up to 1 for choices that depend on what became of earlier steps. */
  readonly luck: number
}

/** One worker of a clone; those with one `seat` share a session. */
export interface Worker {
  readonly clone: number
  readonly seat: string
  readonly steps: readonly Step[]
}

export interface Plan {
  readonly seed: number
  /** How far each clone's clock is ahead, in hours. */
  readonly clocks: readonly number[]
  /** After how many seconds a command ends a call of its own to the remote. */
  readonly remoteTimeout: number
  readonly workers: readonly Worker[]
  /** What comes after all their steps. */
  readonly scenes?: readonly Scene[]
}

/** What comes one after the other, whoever does it. */
export type Scene =
  /** Time passes for all; clocks are set back by less than none. */
  | { readonly kind: 'pass'; readonly minutes: number }
  /** Somebody takes all records from the remote. */
  | { readonly kind: 'empty' }
  /** A clone's session does something; where that stands still, others do theirs meanwhile. */
  | {
      readonly kind: 'do'
      readonly clone: number
      /** Where it is another session than the clone's first. */
      readonly seat?: string
      readonly operation: Operation
      readonly fault?: Fault
      readonly meanwhile?: readonly Scene[]
    }

export interface PlanSize {
  readonly seed: number
  readonly clones: number
  /** Operations of each clone. */
  readonly operations: number
  /** The share of operations in which something goes wrong, 0.25 unless told otherwise. */
  readonly faults?: number
}

/** 30 keys: six directories, each with two files, a directory and a file in that. */
const KEYS = ['api', 'bin', 'lib', 'src', 'doc', 'web'].flatMap((top) => [
  top,
  `${top}/a`,
  `${top}/b`,
  `${top}/deep`,
  `${top}/deep/c`,
])

const HOUR = 3600

/** Everything of a run but for who goes first, from its seed. */
export function planRun({ seed, clones, operations, faults = 0.25 }: PlanSize): Plan {
  const dice = new Dice(seed)
  const clocks = Array.from({ length: clones }, (_, at) => [0, 3, -3][at] ?? 0)
  const workers = clocks.flatMap((_, clone): Omit<Worker, 'steps'>[] => {
    // every other clone has two workers; in every fourth they share a session, as the subagents of an agent do
    if (clone % 2 === 1) return [{ clone, seat: `${clone}` }]
    return [0, 1].map((at) => ({ clone, seat: clone % 4 === 0 ? `${clone}` : `${clone}/${at}` }))
  })
  return {
    seed,
    clocks,
    remoteTimeout: 4,
    workers: workers.map((worker) => {
      const here = workers.filter(({ clone }) => clone === worker.clone).length
      const count = Math.ceil(operations / here)
      return { ...worker, steps: Array.from({ length: count }, () => step(dice, faults)) }
    }),
  }
}

function step(dice: Dice, faults: number): Step {
  return {
    operation: {
      kind: dice.weighted([
        ['claim', 30],
        ['steal', 10],
        ['release', 20],
        ['push', 14],
        ['end', 4],
        ['sync', 14],
        ['beat', 8],
      ]),
      keys: Array.from({ length: dice.weighted([[1, 3] as const, [2, 1] as const]) }, () => dice.of(KEYS)),
      ttl: dice.of([8 * HOUR, 300]),
    },
    fault: dice.below(faults) ? fault(dice) : null,
    luck: dice.number(),
  }
}

/** The others are for scenes. */
type ByChance = Exclude<Fault['kind'], 'held at git' | 'killed in a commit'>

function fault(dice: Dice): Fault {
  const where = dice.of(['clone', 'remote'] as const)
  const nth = 1 + dice.upTo(9)
  const kind = dice.weighted<ByChance>([
    ['client killed', 5],
    ['killed at git', 8],
    ['stopped at git', 2],
    ['stopped', 1],
    ['server killed', 6],
    ['connection cut', 8],
    ['no connection', 1],
    ['disk full', 3],
    ['stale lock', 3],
    ['packing', 1],
  ])
  switch (kind) {
    case 'client killed':
      return { kind, after: dice.upTo(160), alone: dice.below(0.5) }
    case 'killed at git': {
      const what = dice.of<GitFault>([
        'client dies',
        'client dies after',
        'git dies',
        'git dies in it',
        'git dies after',
        'both die',
      ])
      return { kind, nth, what, after: dice.upTo(12) }
    }
    case 'stopped at git':
      return { kind, nth }
    case 'stopped':
      return { kind, after: dice.upTo(160) }
    case 'server killed':
      return {
        kind,
        when: dice.of<ServerMoment>(['before', 'prepared', 'committing', 'committing', 'committed']),
        after: dice.upTo(3),
      }
    case 'connection cut':
      return {
        kind,
        nth: 1 + dice.upTo(2),
        how: dice.of<CutOff['how']>(['refused', 'before', 'during', 'after', 'after', 'late', 'late']),
        bytes: dice.upTo(900),
      }
    case 'no connection':
      return { kind }
    case 'disk full':
      return { kind, where, pages: dice.of([0, 1, 3, 6, 10, 20]) }
    case 'stale lock':
      return { kind, where, key: dice.of(KEYS), old: dice.below(0.7) }
    case 'packing':
      return { kind, where }
  }
}

/** Choices from a seed. */
class Dice {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seeded(seed)
  }

  number(): number {
    return this.#next()
  }

  upTo(most: number): number {
    return Math.floor(this.#next() * most)
  }

  below(share: number): boolean {
    return this.#next() < share
  }

  of<T>(all: readonly [T, ...T[]] | readonly T[]): T {
    return all[this.upTo(all.length)] as T
  }

  weighted<T>(all: readonly (readonly [T, number])[]): T {
    let left = this.#next() * all.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [value, weight] of all) {
      left -= weight
      if (left < 0) return value
    }
    throw new Error('weights that sum up to nothing')
  }
}
