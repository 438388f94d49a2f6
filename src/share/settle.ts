import type { BlobId } from '../domain/record.ts'
import type { PushOutcome, RemoteStep } from '../git/remote.ts'
import { ACTIVE_REF, type RefName } from '../store/ref-names.ts'
import type { Change } from '../store/store.ts'
import type { Sharing } from './sharing.ts'
import { sessionOf } from './views.ts'

/**
 * What an unclear push has come to: it landed; or it is dead, and what of it stands at the arbiter all the
 * same: a server that was killed has made the first of its refs (design §3), or the move that ended it.
 */
export type Settled =
  | { readonly outcome: 'landed' }
  | { readonly outcome: 'dead'; readonly landed: ReadonlyMap<RefName, BlobId> }

/** How often an answer is tried to be got, and the pauses in between, in milliseconds. */
const TRIES = 4
const PAUSE = 500

/** Pushes of one command that came to nothing, although the arbiter answered, after which it is believed. */
export const MOST_LOST = 2

/**
 * Settles a push whose answer was lost (design §7). All refs at the arbiter as they were sent: it landed.
 * Otherwise it may still land later; so a session that it was to move is moved first, leased on what it
 * expected. Accepted: it is dead. Refused: somebody else moved that session, or the push did; read again.
 * Throws DW_UNKNOWN_OUTCOME when the arbiter does not answer.
 */
export async function settle(
  sharing: Sharing,
  steps: readonly RemoteStep[],
  changes: readonly Change[],
  lost: PushOutcome,
): Promise<Settled> {
  const { arbiter, side, runtime } = sharing
  const { signal, timeout } = arbiter.address
  const pivot = pivotOf(sharing, steps, changes)
  const staged = pivot === null ? null : side.store.stage([pivot.change])
  const others = steps.map(({ ref }) => ref).filter((ref) => !ref.startsWith('refs/dw/'))
  let { said } = lost
  let [pause, last] = [0, TRIES]
  // once the user waits for the end, one try is all
  let isLast = false
  for (let tries = 1; tries <= last && !isLast; tries += 1) {
    if (pause > 0) await runtime.sleep(pause)
    pause = PAUSE * (tries + 1)
    isLast = signal.aborted
    const start = runtime.elapsed()
    const found = await arbiter.list(others).catch(() => null)
    if (found === null) {
      // one that says nothing for so long says nothing the next time either
      if (timeout > 0 && runtime.elapsed() - start >= timeout) break
      continue
    }
    if (steps.every(({ ref, to }) => (found.get(ref) ?? null) === to)) return { outcome: 'landed' }
    if (pivot === null || staged === null) continue
    const moved = staged.updates[0]?.to ?? null
    const now = found.get(pivot.step.ref) ?? null
    if (moved !== null && now === moved) {
      return { outcome: 'dead', landed: new Map([...landedOf(steps, found), [pivot.change.ref, moved]]) }
    }
    // whoever moved it has killed the lost push as well: what that expected is not there any more
    if (now !== pivot.step.lease) return { outcome: 'dead', landed: landedOf(steps, found) }
    await side.store.write(staged.bodies)
    const result = await arbiter.push([{ ...pivot.step, to: moved }], null).catch((error: unknown) => {
      if (error !== signal.reason) throw error
      return null
    })
    if (result === null) continue
    said = result.said
    if (result.outcome === 'accepted' && moved !== null) {
      // git writes a session that is there before any lock, but one that is new after a lock that it takes over
      if (pivot.step.lease !== null) return { outcome: 'dead', landed: new Map([[pivot.change.ref, moved]]) }
      // what of it is there is asked at once, with tries of its own
      pause = 0
      last = 2 * TRIES
      isLast = false
    }
  }
  throw arbiter.unknown(said)
}

function landedOf(steps: readonly RemoteStep[], found: ReadonlyMap<string, BlobId>): Map<RefName, BlobId> {
  const made = steps.flatMap(({ ref, to }): [RefName, BlobId][] => {
    const now = found.get(ref)
    return now !== undefined && now === to ? [[ref as RefName, now]] : []
  })
  return new Map(made)
}

/** The session to move, and its move: the fence goes up, and nothing else changes. */
function pivotOf(
  sharing: Sharing,
  steps: readonly RemoteStep[],
  changes: readonly Change[],
): { readonly step: RemoteStep; readonly change: Change } | null {
  for (const { ref, from, to } of changes) {
    if (!ref.startsWith(`${ACTIVE_REF}/`)) continue
    const step = steps.find((each) => each.ref === ref)
    const before = from?.content.ok ? from.content.record : to
    const session = sessionOf(before)
    if (step === undefined || session === null) continue
    // one that is new at the arbiter goes there as it may leave this machine
    return { step, change: { ref, from, to: sharing.asShared({ ...session, fence: session.fence + 1 }) } }
  }
  return null
}
