import { projectKey } from '../domain/key.ts'
import type { LogEvent, Session, SessionId } from '../domain/record.ts'
import { startSession as sessionRecord } from '../domain/session.ts'
import { activeRef, endedRef, PROJECTS_REF } from '../store/ref-names.ts'
import type { Snapshot } from '../store/store.ts'
import { reserveSession } from './actor.ts'
import { heartbeat, rememberChange } from './heartbeat.ts'
import {
  type Claimants,
  findClaimants,
  type Identity,
  identityRefs,
  sessionIn,
  settleIdentity,
} from './identity.ts'
import { journalRefs, withJournal } from './journal.ts'
import { projectHere } from './projects.ts'
import { ownerHere, type Seat } from './seat.ts'
import { untilSettled } from './until-settled.ts'
import { checkMeta, newSessionId, timestamp, type Workspace } from './workspace.ts'

export interface StartAnswer {
  readonly session: Session
  /** It was there already. */
  readonly already: boolean
  /** This agent or terminal acts for it from now on. */
  readonly bound: boolean
}

/**
 * Starts a session. `rebind` binds this agent or terminal to it even where it acts for another live
 * one; without it that stays so, because a subagent's `DW_SESSION=$(git dw new)` must not change who
 * its siblings are.
 */
export async function startSession(
  workspace: Workspace,
  request: { readonly project?: string; readonly rebind: boolean },
): Promise<StartAnswer> {
  if (request.project !== undefined) projectKey(request.project)
  const { identity, seat, snapshot } = await whoIsHere(workspace)
  const bound = seat !== null && (request.rebind || isFree(identity))
  if (bound) await workspace.clone.refuseReadOnly()
  const project = request.project ?? (await projectHere(workspace, snapshot)).name
  const session = await untilSettled(workspace, () =>
    create(workspace, newSessionId(workspace.around), seat, project),
  )
  if (bound) await bindSeat(workspace, seat, session)
  return { session, already: false, bound }
}

/** The session bound here, or a new one (design §11, `init` without a terminal). */
export async function initSession(
  workspace: Workspace,
  request: { readonly project?: string; readonly session?: string },
): Promise<StartAnswer> {
  const { identity, snapshot } = await whoIsHere(workspace, request.session)
  checkMeta(snapshot, 'write')
  if (identity.who === 'session') {
    const { session } = await heartbeat(workspace, identity.mine)
    return { session, already: true, bound: false }
  }
  // another process of this agent or terminal may be starting one right now: then it is this one, too
  if (request.project !== undefined) projectKey(request.project)
  const project = request.project ?? (await projectHere(workspace, snapshot)).name
  const { id, seat } = await reserveSession(workspace, identity, true)
  const session = await untilSettled(workspace, () => create(workspace, id, seat, project))
  if (seat !== null) await bindSeat(workspace, seat, session)
  return { session, already: false, bound: seat !== null }
}

/** Lets this agent or terminal act for `session` from now on. */
export async function bindSeat(workspace: Workspace, seat: Seat, session: Session): Promise<void> {
  const leader = seat.leader === undefined ? {} : { leader: seat.leader }
  await workspace.clone.bind(seat.source, { session: session.id, label: seat.label, ...leader })
}

async function whoIsHere(
  workspace: Workspace,
  option?: string,
): Promise<{ identity: Identity; seat: Seat | null; snapshot: Snapshot }> {
  const claimants: Claimants = await findClaimants(workspace, option)
  const snapshot = await workspace.store.read({ refs: [...identityRefs(claimants), PROJECTS_REF] })
  return { identity: settleIdentity(workspace, claimants, snapshot), seat: claimants.seat, snapshot }
}

/** Whether nobody live is here whom a new binding would push out, or put at odds with its own worktree. */
function isFree(identity: Identity): boolean {
  if (identity.who === 'session') return false
  return identity.doubt === undefined || identity.doubt.code === 'DW_LOST'
}

async function create(
  workspace: Workspace,
  id: SessionId,
  seat: Seat | null,
  project: string,
): Promise<Session | null> {
  const at = timestamp(workspace)
  const owner = ownerHere(workspace.around, workspace.cloneId, seat)
  const session = sessionRecord({ id, owner, at, ttl: workspace.settings.sessionTtl, project })
  const snapshot = await workspace.store.read({ refs: [...journalRefs(id), activeRef(id), endedRef(id)] })
  const there = sessionIn(snapshot, id)
  if (there !== undefined) return there.session
  const event: LogEvent = { at, event: 'start', session: id }
  const changes = withJournal(
    workspace,
    snapshot,
    id,
    [event],
    [{ ref: activeRef(id), from: null, to: session }],
  )
  const commit = await workspace.store.commit(changes, { decided: 'here' })
  if (commit.outcome === 'conflict') return null
  const oid = commit.oids.get(activeRef(id))
  if (oid !== undefined) await rememberChange(workspace, null, { session, oid }, [])
  return session
}
