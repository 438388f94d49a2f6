import type { PushOutcome, RemoteStep } from '../git/remote.ts'
import { ACTIVE_REF } from '../store/ref-names.ts'
import type { Change } from '../store/store.ts'
import type { Pending } from './reconcile.ts'
import { settle } from './settle.ts'
import type { Sharing } from './sharing.ts'
import { sessionOf } from './views.ts'

/**
 * Whether a parcel of a sync whose answer was lost has landed (design §7). Where it has not, a session that
 * it was to move is moved first, so that it never will: what is released here meanwhile must not come back
 * with it. A parcel that moves no session is sent anew with the same values and the same leases, whatever
 * became of it. Throws DW_UNKNOWN_OUTCOME when the arbiter does not answer.
 */
export async function parcelLanded(
  sharing: Sharing,
  parcel: readonly Pending[],
  steps: readonly RemoteStep[],
  lost: PushOutcome,
): Promise<boolean> {
  const sessions = await sessionsOf(sharing, parcel)
  if (sessions.length === 0) return false
  return (await settle(sharing, steps, sessions, lost)).outcome === 'landed'
}

/** The live sessions that a parcel moves, from what the arbiter has; this clone's own come first. */
async function sessionsOf(sharing: Sharing, parcel: readonly Pending[]): Promise<readonly Change[]> {
  const live = parcel.filter(({ ref }) => ref.startsWith(`${ACTIVE_REF}/`))
  const records = await sharing.side.records(
    live.flatMap(({ ref, lease, local }) =>
      [lease, local].flatMap((oid) => (oid === null ? [] : [{ ref, oid }])),
    ),
  )
  const found = live.flatMap(({ ref, lease, local }) => {
    const oid = lease ?? local
    const session = oid === null ? null : sessionOf(records.get(oid))
    if (session === null) return []
    const change: Change = { ref, from: records.entry(ref, lease), to: session }
    return [{ change, isMine: session.owner.clone === sharing.cloneId }]
  })
  return found.sort((a, b) => Number(b.isMine) - Number(a.isMine)).map(({ change }) => change)
}
