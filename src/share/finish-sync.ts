import type { CloneSide, Values } from './clone-side.ts'
import { baseMove } from './reconcile.ts'

/**
 * Everything as it is before a fetch (design §7, Sync). A sync that was killed before it moved base has left
 * refs here that stand as the last fetch found them: both sides agreed on those. Base is moved there first;
 * otherwise what is deleted at the arbiter since would look new here, and be put back.
 */
export async function finishSync(side: CloneSide): Promise<{ base: Values; local: Values }> {
  const [before, seen] = await Promise.all([side.all(), side.seen()])
  const moves = [...before.local].flatMap(([ref, oid]) =>
    seen.get(ref) === oid ? baseMove(side, ref, before.base.get(ref) ?? null, oid) : [],
  )
  if (moves.length === 0) return before
  await side.move(moves)
  return side.all()
}
