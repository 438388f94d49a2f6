import { DwError } from '../domain/error.ts'
import { ownerName } from '../domain/holder.ts'
import { sessionState } from '../domain/lease.ts'
import type { LogEvent, Session, SessionId } from '../domain/record.ts'
import { movedFence } from '../domain/session.ts'
import { activeRef, endedRef, LOCKS_REF } from '../store/ref-names.ts'
import { readGround } from './ground.ts'
import { isLive, sessionIn, unknownSession } from './identity.ts'
import { journalRefs, withJournal } from './journal.ts'
import { findSeat, ownerHere, type Seat, sitsHere } from './seat.ts'
import { resolveSessionId } from './session-id.ts'
import { bindSeat } from './start-session.ts'
import { commits, untilSettled } from './until-settled.ts'
import { checkMeta, timestamp, type Workspace } from './workspace.ts'
import { knownWorktrees } from './worktree/known-worktree.ts'

export interface ResumeAnswer {
  readonly session: Session
  /** This agent or terminal acts for it from now on; false where there is neither. */
  readonly bound: boolean
  /** Another agent, terminal or clone had it, and is told at its next command. */
  readonly takenOver: boolean
  /** Where its worktrees are on this machine, by git's own list and their stamps: no record is trusted. */
  readonly worktrees: readonly string[]
}

/**
 * Lets this agent or terminal act for a session that is there. One that looks alive elsewhere is taken
 * only with `takeover`; its other side then gets DW_LOST. Throws DW_ALIVE, DW_NOT_FOUND, DW_AMBIGUOUS.
 */
export async function resumeSession(
  workspace: Workspace,
  request: { readonly target: string; readonly takeover: boolean },
): Promise<ResumeAnswer> {
  const id = await resolveSessionId(workspace, request.target)
  const seat = await findSeat(workspace.around)
  if (seat !== null) await workspace.clone.refuseReadOnly()
  const answer = await untilSettled(workspace, () => attempt(workspace, id, seat, request.takeover))
  workspace.losses.note(answer.session)
  if (seat !== null) await bindSeat(workspace, seat, answer.session)
  // it is resumed by now, also where git cannot list its worktrees
  const known = await knownWorktrees(workspace).catch(() => [])
  const mine = known.filter(({ stamp, missing }) => stamp?.session === id && !missing)
  return { ...answer, worktrees: mine.map(({ path }) => path) }
}

async function attempt(
  workspace: Workspace,
  id: SessionId,
  seat: Seat | null,
  takeover: boolean,
): Promise<Omit<ResumeAnswer, 'worktrees'> | null> {
  const refs = [...journalRefs(id), activeRef(id), endedRef(id), LOCKS_REF]
  const ground = await readGround(workspace, await workspace.store.read({ refs }))
  checkMeta(ground.snapshot, 'write')
  const found = sessionIn(ground.snapshot, id)
  if (found === undefined) throw unknownSession(id)
  const { session, entry } = found
  if (!isLive(found)) {
    throw new DwError('DW_NOT_FOUND', `${id} has ended and cannot be resumed`, {
      hints: ['start anew with: git dw init --new'],
      details: { session: id },
    })
  }
  const ttls = ground.holdings.filter(({ record }) => record.session === id).map(({ record }) => record.ttl)
  const silent = sessionState(session, ttls, ground.vantage) !== 'active'
  const elsewhere = !silent && (await isElsewhere(workspace, session, seat))
  if (elsewhere && !takeover) throw alive(session)
  const at = timestamp(workspace)
  const owner = ownerHere(workspace.around, workspace.cloneId, seat)
  const resumed = { ...movedFence(session, at), owner }
  const event: LogEvent = {
    at,
    event: 'resume',
    session: id,
    ...(elsewhere ? { from: ownerName(session.owner) } : {}),
  }
  const changes = withJournal(
    workspace,
    ground.snapshot,
    id,
    [event],
    [{ ref: entry.ref, from: entry, to: resumed }],
  )
  if (!(await commits(workspace, changes, 'here'))) return null
  return { session: resumed, bound: seat !== null, takenOver: elsewhere }
}

/** Whether another seat than this one seems to work in the session still. */
async function isElsewhere(workspace: Workspace, session: Session, seat: Seat | null): Promise<boolean> {
  const { owner, id } = session
  if (owner.clone !== workspace.cloneId) return true
  if (seat !== null && sitsHere(owner, workspace.cloneId, seat)) return false
  if (owner.agent !== undefined) return true
  if (owner.terminal === undefined) return false
  const binding = (await workspace.clone.bindingsOf(id)).find(({ label }) => label === owner.terminal)
  return binding?.leader !== undefined && (await workspace.around.isRunning(binding.leader))
}

function alive(session: Session): DwError {
  const where = session.owner.agent ?? session.owner.terminal ?? 'another clone'
  return new DwError(
    'DW_ALIVE',
    `${session.id} looks alive elsewhere: ${ownerName(session.owner)} (${where})`,
    {
      hints: [`take it over, and tell them so: git dw resume ${session.id} --takeover`],
      details: { session: session.id, owner: session.owner },
    },
  )
}
