import { isAbove, type Key, type LockName, lockName, onOneLine } from './key.ts'
import type { LockState } from './lease.ts'
import type { HeldLock, Lock, Revocation, Session, SessionId } from './record.ts'

/** A lock that stands in the way of a claim or under it, with what it is worth now. */
export interface Holding extends HeldLock {
  readonly name: LockName
  /** The session that the lock names; absent when no record of it exists. */
  readonly session: Session | undefined
  readonly state: LockState
}

/** What a claim comes to, decided from the locks on its keys' lines (design §5). */
export type ClaimDecision =
  | { readonly answer: 'refused'; readonly holders: readonly Holding[] }
  | {
      readonly answer: 'granted'
      /** Locks of mine that already cover a key of the claim. */
      readonly already: readonly CoveredKey[]
      /** Keys to create a lock for, and the exact lock that it takes the place of. */
      readonly take: readonly TakenKey[]
      /** Locks above or below a key, to be deleted in a step before (git cannot flip them in one). */
      readonly clear: readonly Holding[]
    }

export interface CoveredKey {
  readonly key: Key
  readonly by: Holding
}

export interface TakenKey {
  readonly key: Key
  readonly name: LockName
  readonly replaces?: Holding
}

/**
 * Decides a claim of `keys` (none above another) by session `me`. `holdings` are all locks on the keys'
 * lines. An expired or void lock of another is taken by any claim, a live one only where `mayTake` says so;
 * my own locks below a key are cleared for an upgrade; a key that I hold, or hold something above of, is
 * `already` mine.
 */
export function decideClaim(claim: {
  readonly keys: readonly Key[]
  readonly me: SessionId
  readonly mayTake: (live: Holding) => boolean
  readonly holdings: readonly Holding[]
}): ClaimDecision {
  const already: CoveredKey[] = []
  const take: TakenKey[] = []
  const clear = new Map<LockName, Holding>()
  const holders = new Map<LockName, Holding>()
  for (const key of claim.keys) {
    const name = lockName(key)
    const line = claim.holdings.filter((holding) => onOneLine(holding.name, name))
    const covering = line.find((holding) => mineAndGood(holding, claim.me) && !isAbove(name, holding.name))
    if (covering) {
      already.push({ key, by: covering })
      continue
    }
    for (const holding of line) {
      if (!takeable(holding, claim)) holders.set(holding.name, holding)
      else if (holding.name !== name) clear.set(holding.name, holding)
    }
    const replaces = line.find((holding) => holding.name === name)
    take.push({ key, name, ...(replaces === undefined ? {} : { replaces }) })
  }
  if (holders.size > 0) return { answer: 'refused', holders: [...holders.values()] }
  return { answer: 'granted', already, take, clear: [...clear.values()] }
}

/** Whether `holding` is a lock of `me` that still counts; my own expired lock is still mine to use. */
export function mineAndGood(holding: Holding, me: SessionId): boolean {
  return holding.record.session === me && holding.state !== 'void'
}

function takeable(
  holding: Holding,
  claim: { readonly me: SessionId; readonly mayTake: (live: Holding) => boolean },
): boolean {
  return holding.record.session === claim.me || holding.state !== 'live' || claim.mayTake(holding)
}

/** One key of a claim that was granted. */
export interface ClaimedKey {
  readonly key: Key
  readonly already: boolean
  readonly lock: Lock
  /** The live lock of another session that it took. */
  readonly from?: Holding
}

/** What a claim comes to when it is granted. */
export interface ClaimAnswer {
  readonly session: Session
  /** The session as it was before; null for one that started with this claim. */
  readonly before: Session | null
  readonly keys: readonly ClaimedKey[]
  /** What the session has lost and not claimed again. */
  readonly revoked: readonly Revocation[]
  /** The task's worktree, when the claim was to have one. */
  readonly worktree?: {
    readonly path: string
    readonly branch: string
    readonly base: string
    readonly created: boolean
  }
}
