import { refsCollide } from '../store/ref-names.ts'
import type { CloneSide, Values } from './clone-side.ts'
import { baseMove } from './reconcile.ts'

/**
 * Everything as it is before a fetch (design §7, Sync). A sync that was killed before it moved base has left
 * refs here that stand as the last fetch found them: both sides agreed on those. Base is moved there first;
 * otherwise what is deleted at the arbiter since would look new here, and be put back.
 */
export async function finishSync(side: CloneSide): Promise<{ base: Values; local: Values }> {
  const [before, seen] = await Promise.all([side.all(), side.seen()])
  const agreed = [...before.local].filter(
    ([ref, oid]) => seen.get(ref) === oid && before.base.get(ref) !== oid,
  )
  if (agreed.length === 0) return before
  const moves = agreed.flatMap(([ref, oid]) => baseMove(side, ref, before.base.get(ref) ?? null, oid))
  // what base has above or below them went before they came, and git cannot hold both (design §3)
  const gone = [...before.base].flatMap(([ref, oid]) =>
    !before.local.has(ref) && agreed.some(([other]) => refsCollide(ref, other))
      ? baseMove(side, ref, oid, null)
      : [],
  )
  await side.move([...gone, ...moves])
  return side.all()
}
