import type { BlobId, Lock, Session } from '../domain/record.ts'
import type { DwRecord } from '../store/codec.ts'
import type { RefName } from '../store/ref-names.ts'

/** One ref as both sides have it, and what they agreed on last; null stands for "absent" (design §7, Sync). */
export interface View {
  readonly ref: RefName
  readonly base: BlobId | null
  readonly local: BlobId | null
  readonly remote: BlobId | null
}

export type Side = 'base' | 'local' | 'remote'

/** Reads the record that a view has on one side; null for an absent one, and for one that cannot be read. */
export type ReadSide = (view: View, side: Side) => DwRecord | null

/**
 * What a ref becomes here, to be pushed where the remote differs: what it is, what the remote's is, nothing, or
 * this record.
 */
export type Becomes = 'local' | 'remote' | 'nothing' | DwRecord

/** The record that a ref becomes; null for none, and for one that cannot be read. */
export function recordOf(view: View, becomes: Becomes, read: ReadSide): DwRecord | null {
  if (becomes === 'nothing') return null
  return typeof becomes === 'object' ? becomes : read(view, becomes)
}

/** A lock of this clone that the arbiter's whole line won against. */
export interface LostLock {
  readonly ref: RefName
  readonly lock: Lock
  readonly oid: BlobId
  /** Who has it now: a session's id, or what is known. */
  readonly by: string
}

/** What a sync comes to, before anything is written. */
export interface Plan {
  readonly steps: ReadonlyMap<RefName, { readonly view: View; readonly becomes: Becomes }>
  readonly lost: readonly LostLock[]
  /** Refs of records that cannot be read, for which these, or the locks of a session, are left as they are. */
  readonly unreadable: readonly RefName[]
}

export function isSame({ base, local, remote }: View): boolean {
  return base === local && local === remote
}

/** Whether both sides have changed it, and not to the same. */
export function isContested({ base, local, remote }: View): boolean {
  return local !== remote && local !== base && remote !== base
}

export function sessionOf(record: DwRecord | null): Session | null {
  return record?.kind === 'session' ? record : null
}

export function lockOf(record: DwRecord | null): Lock | null {
  return record?.kind === 'lock' ? record : null
}
