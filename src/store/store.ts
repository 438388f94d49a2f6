import type { BlobId } from '../domain/record.ts'
import type { Decoded, DwRecord } from './codec.ts'
import type { RefName } from './ref-names.ts'

/** One ref as it was read. */
export interface Entry {
  readonly ref: RefName
  readonly oid: BlobId
  readonly content: Decoded
}

/** Refs as they were read: not at one instant, so every write names what it read (design §6). */
export type Snapshot = ReadonlyMap<RefName, Entry>

/** What to read. */
export interface Query {
  /** Refs to read, each with everything below it. */
  readonly refs: readonly RefName[]
  /** Refs of which everything strictly above is read too: the rest of their line. */
  readonly above?: readonly RefName[]
}

/** One ref's step: from what was read (null: it was absent) to a record, or to nothing. */
export interface Change {
  readonly ref: RefName
  readonly from: Entry | null
  readonly to: DwRecord | null
}

/**
 * Whether a transaction was committed; if not, somebody else moved one of its refs or its line. Git's
 * files commit ref by ref, so the first of them may have `landed` all the same (design §3).
 */
export type Commit =
  | { readonly outcome: 'committed'; readonly oids: ReadonlyMap<RefName, BlobId> }
  | {
      readonly outcome: 'conflict'
      readonly refs: readonly string[]
      readonly landed: ReadonlyMap<RefName, BlobId>
      /** The rest may land still, unless the session in `landed` stays where it is. */
      readonly isPending?: boolean
    }

export interface CommitOptions {
  /** How long lock files in the way are waited for, in milliseconds; 5,000 unless told. */
  readonly patience?: number
  /** A branch that the same transaction creates: it must not exist. */
  readonly branch?: NewBranch
  /**
   * Told how many records are written so far; they are then written in several steps. The refs move all
   * at once afterwards.
   */
  readonly progress?: (written: number) => void
  /**
   * Who decides when the repository is shared (design §7): the arbiter; this clone alone, and the change
   * goes out with the next sync; or the arbiter, and this clone where that one cannot be reached.
   */
  readonly decided?: 'arbiter' | 'here' | 'either'
}

/** A branch by its ref, and the commit it starts at. */
export interface NewBranch {
  readonly ref: `refs/heads/${string}`
  readonly at: string
}

/** Records in refs, changed only by compare-and-swap. `git-store` and `memory-store` keep it alike. */
export interface Store {
  read(query: Query): Promise<Snapshot>
  /**
   * Applies all of `changes` or none. Throws DW_BUSY when a lock file stayed in the way, DW_READONLY when
   * nothing can be written here, DW_CORRUPT_STATE when a ref's file is damaged.
   */
  commit(changes: readonly Change[], options?: CommitOptions): Promise<Commit>
  /**
   * Where the repository is shared, gets what the arbiter has, once for each command unless `again`; true
   * when that was done and the caller should decide anew. To be called before a refusal (design §7).
   * Throws DW_OFFLINE, DW_REMOTE_RESET.
   */
  refresh(options?: { readonly again?: boolean }): Promise<boolean>
  /** Calls `changed` when an attended session may have changed, and its locks with it, until it is closed. */
  watch(changed: () => void): Watch
}

/** Tells of changes that others make, as far as it can; whoever waits looks now and then as well. */
export interface Watch {
  /** How long to pause between two looks, in milliseconds; it grows from `first` to `longest`. */
  readonly pauses: { readonly first: number; readonly longest: number }
  /** The refs of sessions whose changes are told from now on. Look once after it: it tells of no change before. */
  attend(sessions: readonly RefName[]): void
  close(): void
}

/** The `rev` that follows what was read. */
export function nextRev(from: Entry | null): number {
  return from?.content.ok ? from.content.rev + 1 : 1
}
