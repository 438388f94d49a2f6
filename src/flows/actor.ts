import { startSession } from '../domain/session.ts'
import type { Session, SessionId } from '../domain/record.ts'
import type { Entry, Snapshot } from '../store/store.ts'
import { type Claimants, type Identity, noSession, settleIdentity } from './identity.ts'
import { ownerHere, type Seat } from './seat.ts'
import { newSessionId, timestamp, type Workspace } from './workspace.ts'

/** The session that makes a change: one that is there, or one to be created in the change itself. */
export interface Actor {
  readonly session: Session
  /** Null for a session that does not exist yet. */
  readonly entry: Entry | null
}

/** Chooses the id that a session gets when it starts in this command, once for all of its tries. */
export interface FutureSession {
  readonly id: SessionId
  readonly seat: Seat | null
}

/**
 * The id for a session that may start here. Where an agent or terminal can be bound, the binding is
 * written first: two claims of one unbound agent at the same time then start one session, not two, and
 * a kill after the claim leaves nobody holding it. Throws DW_NO_SESSION where nothing can be bound and
 * `canStamp` is false.
 */
export async function reserveSession(
  workspace: Workspace,
  identity: Extract<Identity, { who: 'nobody' }>,
  canStamp: boolean,
): Promise<FutureSession> {
  if (identity.doubt !== undefined) throw identity.doubt
  const { seat } = identity
  if (seat === null && !canStamp) throw noSession()
  if (identity.reserved !== undefined) return { id: identity.reserved, seat }
  const id = newSessionId(workspace.around)
  if (seat === null) return { id, seat }
  const reserved = await workspace.clone.reserve(seat.source, {
    session: id,
    label: seat.label,
    ...(seat.leader === undefined ? {} : { leader: seat.leader }),
    reserved: true,
  })
  return { id: reserved, seat }
}

/** Who acts, by records read now: the session I am, or the one that `future` would start. */
export function settleActor(
  workspace: Workspace,
  claimants: Claimants,
  snapshot: Snapshot,
  future: FutureSession | null,
): Actor | null {
  const identity = settleIdentity(workspace, claimants, snapshot)
  if (identity.who === 'session') return { session: identity.mine.session, entry: identity.mine.entry }
  if (identity.doubt !== undefined) throw identity.doubt
  return future === null ? null : { session: futureSession(workspace, future), entry: null }
}

/** The record of a session that starts now. */
export function futureSession(workspace: Workspace, future: FutureSession, project?: string): Session {
  return startSession({
    id: future.id,
    owner: ownerHere(workspace.around, workspace.cloneId, future.seat),
    at: timestamp(workspace),
    ttl: workspace.settings.sessionTtl,
    ...(project === undefined ? {} : { project }),
  })
}
