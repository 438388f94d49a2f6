import { refsCollide, type RefName } from '../store/ref-names.ts'
import type { Pending } from './reconcile.ts'

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
  const result: Pending[][] = []
  for (const together of joined(ready)) {
    const last = result.at(-1)
    if (last !== undefined && last.length + together.length <= MOST) last.push(...together)
    else result.push([...together])
  }
  return result
}

/** The pending refs by groups that are connected. */
function joined(pending: readonly Pending[]): Pending[][] {
  const parent = new Map<string, string>()
  const root = (name: string): string => {
    const above = parent.get(name) ?? name
    return above === name ? name : root(above)
  }
  for (const { groups } of pending) {
    const [first, ...others] = groups
    if (first === undefined) continue
    for (const other of others) parent.set(root(other), root(first))
  }
  const sets = new Map<string, Pending[]>()
  for (const each of pending) {
    const name = root(each.groups[0] ?? each.ref)
    sets.set(name, [...(sets.get(name) ?? []), each])
  }
  return [...sets.values()]
}
