import type { Holding } from '../../domain/claim.ts'
import type { Stay } from '../../domain/cleanup.ts'
import { DwError } from '../../domain/error.ts'
import { ownerName } from '../../domain/holder.ts'
import type { SessionId } from '../../domain/record.ts'
import { ACTIVE_REF, activeRef, ENDED_REF, LOCKS_REF, type RefName } from '../../store/ref-names.ts'
import { type Ground, readGround } from '../ground.ts'
import { heartbeat } from '../heartbeat.ts'
import { findClaimants, identityRefs, settleIdentity } from '../identity.ts'
import { ownerHere } from '../seat.ts'
import { checkMeta, type Workspace } from '../workspace.ts'

/** Who cleans up, and what there is. */
export interface Survey {
  readonly me: SessionId | null
  /** Who the sessions that lose something are told did it: a session's id, or `user@host`. */
  readonly by: string
  readonly ground: Ground
  readonly stays: readonly Stay[]
  /** Locks whose session has no record. */
  readonly orphans: ReadonlyMap<SessionId, readonly Holding[]>
}

/**
 * The session that cleans up, heard from before anything is judged; null where there is none, or one in
 * doubt: a clean-up does what anybody may do. Throws for a `--session` that names none.
 */
export async function findCleaner(
  workspace: Workspace,
  option: string | undefined,
  dryRun: boolean,
): Promise<SessionId | null> {
  const claimants = await findClaimants(workspace, option)
  const snapshot = await workspace.store.read({ refs: identityRefs(claimants) })
  checkMeta(snapshot, dryRun ? 'read' : 'write')
  const identity = settleIdentity(workspace, claimants, snapshot)
  if (identity.who === 'session') {
    if (!dryRun) await heartbeat(workspace, identity.mine)
    return identity.mine.session.id
  }
  if (option !== undefined && identity.doubt instanceof DwError) throw identity.doubt
  return null
}

/** Reads all sessions and locks, or those of `only`, and judges the locks. */
export async function survey(
  workspace: Workspace,
  me: SessionId | null,
  options: { readonly dryRun: boolean; readonly more?: readonly RefName[] },
): Promise<Survey> {
  const roots = [ACTIVE_REF, ENDED_REF, LOCKS_REF, ...(options.more ?? [])]
  const snapshot = await workspace.store.read({ refs: ['refs/dw/meta', ...roots] })
  checkMeta(snapshot, options.dryRun ? 'read' : 'write')
  const ground = await readGround(workspace, snapshot, { remember: !options.dryRun })
  const locks = new Map<SessionId, Holding[]>()
  for (const holding of ground.holdings) {
    const { session } = holding.record
    const known = locks.get(session)
    if (known === undefined) locks.set(session, [holding])
    else known.push(holding)
  }
  const stays = [...ground.sessions.values()].map(({ session, ended }): Stay => {
    return { session, ended, locks: locks.get(session.id) ?? [] }
  })
  const orphans = new Map([...locks].filter(([id]) => !ground.sessions.has(id)))
  const by = me ?? ownerName(ownerHere(workspace.around, workspace.cloneId, null))
  return { me, by, ground, stays, orphans }
}

/** Whether a session that has ended also stands under `active/`: a transaction that was cut short left it. */
export function leftActive(ground: Ground, id: SessionId): boolean {
  return ground.sessions.get(id)?.ended === true && ground.snapshot.get(activeRef(id))?.content.ok === true
}
