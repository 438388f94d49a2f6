import { DwError } from '../domain/error.ts'
import { ownerName } from '../domain/holder.ts'
import { isSilent } from '../domain/lease.ts'
import type { Owner, Session, SessionId } from '../domain/record.ts'
import type { Binding } from '../store/local/clone-state.ts'
import type { Stamp } from '../store/local/stamp.ts'
import { activeRef, endedRef, META_REF, type RefName } from '../store/ref-names.ts'
import type { Entry, Snapshot } from '../store/store.ts'
import { findSeat, foundHere, type Seat, sitsHere } from './seat.ts'
import { resolveSessionId } from './session-id.ts'
import { checkMeta, corrupt, type Workspace } from './workspace.ts'

/** How a session was found to be mine; `option` and `variable` are `--session` and `DW_SESSION`. */
export type IdentitySource = 'option' | 'variable' | 'stamp' | 'binding'

/** What may say who I am, found without reading a ref, in the order of design §8. */
export interface Claimants {
  readonly named?: { readonly id: SessionId; readonly source: 'option' | 'variable' }
  readonly stamp?: Stamp
  readonly binding?: Binding
  readonly seat: Seat | null
}

/** A session's record, where it was read. */
export interface SessionEntry {
  readonly entry: Entry
  readonly session: Session
  /** It stands under `ended/`. */
  readonly ended: boolean
}

/** Who I am: a session, or nobody, and then why not. */
export type Identity =
  | {
      readonly who: 'session'
      readonly source: IdentitySource
      readonly mine: SessionEntry
      readonly seat: Seat | null
    }
  | {
      readonly who: 'nobody'
      readonly seat: Seat | null
      /** A binding of this seat that names no live session. */
      readonly binding?: Binding
      readonly doubt?: DwError
    }

/** Looks for everything that may say who I am. `option` is the value of `--session`. */
export async function findClaimants(workspace: Workspace, option?: string): Promise<Claimants> {
  const { around, repository, clone, foundEarly } = workspace
  const early = option === undefined ? foundEarly?.take() : undefined
  if (early !== undefined) return early
  const variable = around.env['DW_SESSION']
  if (option === undefined && !variable) return foundHere(around, repository.gitDir, clone)
  const source = option === undefined ? 'variable' : 'option'
  const id = await resolveSessionId(workspace, option ?? variable ?? '')
  return { named: { id, source }, seat: await findSeat(around) }
}

/** The refs that {@link settleIdentity} needs in its snapshot. */
export function identityRefs(claimants: Claimants): RefName[] {
  const ids = [claimants.named?.id, claimants.stamp?.session, claimants.binding?.session]
  const sessions = ids.filter((id) => id !== undefined)
  return [META_REF, ...new Set(sessions.flatMap((id) => [activeRef(id), endedRef(id)]))]
}

/** A session's record in `snapshot`, `ended/` first. Throws DW_CORRUPT_STATE when it cannot be read. */
export function sessionIn(snapshot: Snapshot, id: SessionId): SessionEntry | undefined {
  for (const ref of [endedRef(id), activeRef(id)]) {
    const entry = snapshot.get(ref)
    if (entry === undefined) continue
    if (!entry.content.ok || entry.content.record.kind !== 'session') throw corrupt(entry)
    return { entry, session: entry.content.record, ended: ref === endedRef(id) }
  }
  return undefined
}

/**
 * Decides who I am from records read now (design §8). Nothing is guessed: where the answers disagree, or a
 * session's record cannot be read, `doubt` holds the error that a command which changes state must end with.
 */
export function settleIdentity(workspace: Workspace, claimants: Claimants, snapshot: Snapshot): Identity {
  checkMeta(snapshot, 'read')
  try {
    const identity = settle(workspace, claimants, snapshot)
    if (identity.who === 'session') workspace.losses.note(identity.mine.session)
    return identity
  } catch (error) {
    if (error instanceof DwError) return { who: 'nobody', seat: claimants.seat, doubt: error }
    throw error
  }
}

function settle(workspace: Workspace, claimants: Claimants, snapshot: Snapshot): Identity {
  const { named, stamp, binding, seat } = claimants
  if (named !== undefined) return settleNamed(named, snapshot, seat)
  const stamped = stamp === undefined ? undefined : sessionIn(snapshot, stamp.session)
  const bound = binding === undefined ? undefined : sessionIn(snapshot, binding.session)
  if (
    bound !== undefined &&
    isLive(bound) &&
    seat !== null &&
    !sitsHere(bound.session.owner, workspace.cloneId, seat)
  ) {
    return { who: 'nobody', seat, doubt: takenOver(bound.session) }
  }
  const mine = bound !== undefined && isLive(bound) ? bound : undefined
  const here = stamped !== undefined && isLive(stamped) ? stamped : undefined
  const differ = here !== undefined && mine !== undefined && here.session.id !== mine.session.id
  if (differ && isSilentHere(workspace, here.session))
    return { who: 'session', source: 'binding', mine, seat }
  if (differ) {
    return { who: 'nobody', seat, doubt: ambiguous(here.session, mine.session, seat) }
  }
  if (here !== undefined && mine === undefined && isAnotherAgents(here.session.owner, seat)) {
    return { who: 'nobody', seat, doubt: anothersWorktree(here.session) }
  }
  if (here !== undefined) return { who: 'session', source: 'stamp', mine: here, seat }
  if (mine !== undefined) return { who: 'session', source: 'binding', mine, seat }
  // an agent that only passes through the worktree of another's ended session has lost nothing
  const wasMine = stamped !== undefined && !isAnotherAgents(stamped.session.owner, seat) ? stamped : undefined
  const gone = bound ?? wasMine
  return {
    who: 'nobody',
    seat,
    ...(binding === undefined ? {} : { binding: usedUp(binding, bound) }),
    ...(gone !== undefined && wasTaken(gone.session) ? { doubt: endedByOthers(gone.session) } : {}),
  }
}

/** A binding whose session is not live: its id is still to be used only if no record of it exists yet. */
function usedUp(binding: Binding, bound: SessionEntry | undefined): Binding {
  return { ...binding, reserved: binding.reserved === true && bound === undefined }
}

/** Whether a session of this clone has been silent for longer than its time. */
function isSilentHere(workspace: Workspace, session: Session): boolean {
  const { cloneId, around } = workspace
  const vantage = { clone: cloneId, now: around.now(), observed: new Map() }
  return session.owner.clone === cloneId && isSilent(session, session.ttl, vantage)
}

function settleNamed(
  named: NonNullable<Claimants['named']>,
  snapshot: Snapshot,
  seat: Seat | null,
): Identity {
  const mine = sessionIn(snapshot, named.id)
  if (mine === undefined) return { who: 'nobody', seat, doubt: unknownSession(named.id) }
  if (isLive(mine)) return { who: 'session', source: named.source, mine, seat }
  return {
    who: 'nobody',
    seat,
    doubt: wasTaken(mine.session) ? endedByOthers(mine.session) : hasEnded(mine.session),
  }
}

/**
 * The session a command that changes state acts for. Throws DW_NO_SESSION, DW_AMBIGUOUS or DW_LOST where
 * there is none.
 */
export function requireSession(identity: Identity): SessionEntry & { readonly source: IdentitySource } {
  if (identity.who === 'session') return { ...identity.mine, source: identity.source }
  throw identity.doubt ?? noSession()
}

export function isLive(found: SessionEntry): boolean {
  return !found.ended && found.session.status === 'active'
}

function isAnotherAgents(owner: Owner, seat: Seat | null): boolean {
  return seat?.kind === 'agent' && owner.agent !== undefined && owner.agent !== seat.label
}

function ambiguous(stamped: Session, bound: Session, seat: Seat | null): DwError {
  const seatName = seat?.kind === 'agent' ? 'this agent' : 'this terminal'
  return new DwError(
    'DW_AMBIGUOUS',
    `this worktree belongs to ${stamped.id}, but ${seatName} is bound to ${bound.id}`,
    {
      hints: [
        'go to your own worktree (git dw status names it)',
        `or say whom you act for: git dw --session ${bound.id} …`,
      ],
      details: { stamp: stamped.id, binding: bound.id },
    },
  )
}

function anothersWorktree(stamped: Session): DwError {
  return new DwError(
    'DW_AMBIGUOUS',
    `this worktree belongs to ${stamped.id} of another agent, and this agent has no session of its own`,
    {
      hints: [
        'go to another directory and claim there',
        `or carry that session on: git dw resume ${stamped.id} --takeover`,
      ],
      details: { stamp: stamped.id },
    },
  )
}

function takenOver(session: Session): DwError {
  return new DwError('DW_LOST', `${session.id} was taken over by ${ownerName(session.owner)}`, {
    hints: ['start anew with: git dw init --new'],
    details: { session: session.id, owner: session.owner },
  })
}

/** Whether somebody else ended the session, or took its locks when its record was gone. */
function wasTaken(session: Session): boolean {
  return session.endedBy !== undefined || session.revoked.length > 0
}

function endedByOthers(session: Session): DwError {
  const by = session.endedBy ?? session.revoked[0]?.by ?? 'somebody else'
  const keys = session.revoked.map(({ key }) => `"${key}"`).join(', ')
  const locks = keys === '' ? '' : `; its locks are gone: ${keys}`
  const how = session.status === 'expired' ? 'had expired and was cleaned up' : 'was ended'
  return new DwError('DW_LOST', `${session.id} ${how} by ${by}${locks}`, {
    hints: ['start anew with: git dw init --new'],
    details: { session: session.id, endedBy: by, lost: session.revoked },
  })
}

function hasEnded(session: Session): DwError {
  return new DwError('DW_NOT_FOUND', `${session.id} has ended`, {
    hints: ['see who is there with: git dw sessions', 'start anew with: export DW_SESSION=$(git dw new)'],
    details: { session: session.id },
  })
}

/** DW_NOT_FOUND for an id that no session has. */
export function unknownSession(id: string): DwError {
  return new DwError('DW_NOT_FOUND', `there is no session "${id}"`, {
    hints: ['see who is there with: git dw sessions --all'],
    details: { session: id },
  })
}

/** DW_NO_SESSION, with the way to get one where nothing can be bound. */
export function noSession(): DwError {
  return new DwError('DW_NO_SESSION', 'there is no session to act for', {
    hints: ['start one with: export DW_SESSION=$(git dw new)'],
  })
}
