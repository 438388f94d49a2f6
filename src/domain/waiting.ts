import { type LockName, onOneLine } from './key.ts'

/** The shortest and the longest pause between two looks, in milliseconds. */
export interface Pauses {
  readonly first: number
  readonly longest: number
}

/** What decides when a waiting claim looks again. */
export interface LookPlan {
  /** Looks since something last changed. */
  readonly looks: number
  readonly pauses: Pauses
  /** A fraction from 0 up to 1. */
  readonly jitter: number
  /** When the leases of the holders end, in milliseconds since the epoch. */
  readonly leaseEnds: readonly number[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Milliseconds to the next look: twice as long each time, with jitter, from `first` up to `longest`, and
 * never past the end of a holder's lease (design §5: it is expired once its end has passed).
 */
export function pauseBefore({ looks, pauses, jitter, leaseEnds, now }: LookPlan): number {
  const whole = Math.min(pauses.first * 2 ** Math.min(looks, 30), pauses.longest)
  const jittered = Math.max(pauses.first, whole * (0.5 + jitter / 2))
  const ends = leaseEnds.map((end) => end - now + 1).filter((left) => left > 0)
  return Math.ceil(Math.min(jittered, ...ends))
}

/** Whether two claims of these names could not both be granted: one stands in the other's line. */
export function areRivals(a: readonly LockName[], b: readonly LockName[]): boolean {
  return a.some((name) => b.some((other) => onOneLine(name, other)))
}

/** How long each waiter ahead is given to take what is free, in milliseconds; it may be stopped. */
const TURN = 1000

/** Milliseconds for which something must have been free before a waiter with `ahead` others before it takes it. */
export function turnAfter(ahead: number): number {
  return ahead * TURN
}
