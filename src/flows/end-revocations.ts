import { DwError } from '../domain/error.ts'
import type { LockName } from '../domain/key.ts'
import type { BlobId, Session } from '../domain/record.ts'
import { heard, withoutRevocationsOf } from '../domain/session.ts'
import type { Entry } from '../store/store.ts'
import { timestamp, type Workspace } from './workspace.ts'

/**
 * Ends the revocations of keys that the session holds again (design §5, Takeover), in a transaction of its
 * own: git commits a session before its locks, so a kill in one transaction could leave a session that has
 * forgotten its loss and does not hold the key. Returns the record as it is then; null where there was
 * nothing to end, or it could not be written now: the locks stand all the same, and the next claim of the key
 * ends them.
 */
export async function endRevocations(
  workspace: Workspace,
  from: Entry,
  session: Session,
  held: readonly LockName[],
): Promise<{ readonly session: Session; readonly oid: BlobId } | null> {
  const without = withoutRevocationsOf(session, held)
  if (without.revoked.length === session.revoked.length) return null
  const to = heard(without, timestamp(workspace))
  const writing = workspace.store.commit([{ ref: from.ref, from, to }], { decided: 'here' })
  const commit = await writing.catch((error: unknown) => {
    if (!(error instanceof DwError)) throw error
    return null
  })
  const oid = commit?.outcome === 'committed' ? commit.oids.get(from.ref) : undefined
  if (oid === undefined) return null
  return { session: to, oid }
}
