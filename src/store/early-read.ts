import type { Git } from '../git/exec.ts'
import { type RefBlob, readRefs } from '../git/refs.ts'
import type { RefName } from './ref-names.ts'

/** A listing that was started before it was asked for. */
export interface EarlyRead {
  readonly roots: readonly RefName[]
  readonly refs: Promise<RefBlob[]>
}

/** Starts to list `roots`; that it fails is told to whoever asks for it, or to nobody. */
export function startEarlyRead(git: Git, roots: readonly RefName[]): EarlyRead {
  const refs = readRefs(git, roots)
  refs.catch(() => undefined)
  return { roots, refs }
}

/** Whether it is the listing of exactly these. */
export function isOf(early: EarlyRead, roots: readonly RefName[]): boolean {
  return early.roots.length === roots.length && early.roots.every((root, at) => root === roots[at])
}
