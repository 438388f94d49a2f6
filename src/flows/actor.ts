import type { Session, SessionId } from '../domain/record.ts'
import { startSession } from '../domain/session.ts'
import type { Entry } from '../store/store.ts'
import { type Identity, noSession } from './identity.ts'
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
  if (identity.binding?.reserved) return { id: identity.binding.session, seat }
  const id = newSessionId(workspace.around)
  if (seat === null) return { id, seat }
  const leader = seat.leader === undefined ? {} : { leader: seat.leader }
  const binding = { session: id, label: seat.label, ...leader, reserved: true }
  return { id: await workspace.clone.reserve(seat.source, binding, identity.binding?.session), seat }
}

/** The record of a session that starts now, to work on `project`. */
export function futureSession(workspace: Workspace, future: FutureSession, project: string): Session {
  return startSession({
    id: future.id,
    owner: ownerHere(workspace.around, workspace.cloneId, future.seat),
    at: timestamp(workspace),
    ttl: workspace.settings.sessionTtl,
    project,
  })
}
