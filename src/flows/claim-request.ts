import type { Key } from '../domain/key.ts'
import type { NewBranch } from '../store/store.ts'
import type { ClaimTerms } from './claim-keys.ts'

/** What a claim wants. */
export interface ClaimRequest {
  readonly keys: readonly Key[]
  /** The value of `--session`. */
  readonly session?: string
  readonly steal: boolean
  readonly terms: ClaimTerms
  /** A branch to create in the claim's own transaction. */
  readonly branch?: NewBranch
  /** The project of a session that starts here; by default that of the current directory. */
  readonly project?: string
  /** Whether a session that starts here can be bound to a worktree that the claim makes. */
  readonly canStamp: boolean
  /**
   * Refuses tasks that passed and are not merged, and says so with this command, which takes them all the
   * same; without it they are taken.
   */
  readonly unlessFinished?: string
  /** The same claim as a command that steals, for the hint of a refusal. */
  readonly stealing: string
}
