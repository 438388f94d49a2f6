import { type RefName, refsCollide } from '../store/ref-names.ts'
import type { Pending } from './reconcile.ts'
import { inParts } from './together.ts'

/** The most refs of one push, where their groups allow it: a command line is not endless. */
const MOST = 400

/**
 * What is to go out, as pushes: what belongs to one session stays in one push. A lock that would lie above
 * or below one that leaves is left for a later round, because no push can do both (design §3).
 */
export function parcels(pending: readonly Pending[]): readonly (readonly Pending[])[] {
  const leaving = pending.filter(({ local }) => local === null).map(({ ref }) => ref)
  const isFlip = (ref: RefName) => leaving.some((gone) => gone !== ref && refsCollide(gone, ref))
  const ready = pending.filter(({ ref, local }) => local === null || !isFlip(ref))
  return inParts(ready, MOST)
}
