import type { Holding } from '../domain/claim.ts'
import { formatLeft } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { ownerName } from '../domain/holder.ts'
import { leaseEnd, sessionState } from '../domain/lease.ts'
import type { LogEvent, Session, SessionId } from '../domain/record.ts'
import { endedByOther, endedSession } from '../domain/session.ts'
import { activeRef, endedRef, LOCKS_REF, lockNameOf } from '../store/ref-names.ts'
import type { Change, Entry } from '../store/store.ts'
import { entryOf, type Ground, readGround } from './ground.ts'
import {
  type Claimants,
  findClaimants,
  identityRefs,
  isLive,
  requireSession,
  type SessionEntry,
  sessionIn,
  settleIdentity,
  unknownSession,
} from './identity.ts'
import { journalRefs, withJournal } from './journal.ts'
import { ownerHere } from './seat.ts'
import { resolveSessionId } from './session-id.ts'
import { commits, untilSettled } from './until-settled.ts'
import { checkMeta, timestamp, type Workspace } from './workspace.ts'

export interface EndRequest {
  /** The session to end, as the user names it; undefined for mine. */
  readonly target?: string
  /** The value of `--session`. */
  readonly session?: string
  /** Ends somebody else's live session. */
  readonly force: boolean
  /** Ends it only when it holds nothing; one that holds something is left as it is. */
  readonly idle?: true
}

export interface EndAnswer {
  readonly session: SessionId
  /** The keys that were released. */
  readonly released: readonly string[]
  /** Locks that cannot be read: one of them may be the session's, and stays. */
  readonly damaged: readonly Entry[]
}

/**
 * Ends a session: its locks go, its record moves to `ended/` (design §5). Ending another's live session
 * needs `force`, and leaves a revocation of each lock. Throws DW_ALIVE, DW_NOT_FOUND, DW_NO_SESSION.
 */
export async function endSession(workspace: Workspace, request: EndRequest): Promise<EndAnswer> {
  const claimants = await findClaimants(workspace, request.session)
  const target = request.target === undefined ? undefined : await resolveSessionId(workspace, request.target)
  return untilSettled(workspace, () => attempt(workspace, request, claimants, target))
}

/** The session that {@link endSession} would end now, and what it holds. Throws as that does. */
export async function sessionToEnd(
  workspace: Workspace,
  request: EndRequest,
): Promise<{ readonly session: Session; readonly locks: readonly Holding[] }> {
  const claimants = await findClaimants(workspace, request.session)
  const target = request.target === undefined ? undefined : await resolveSessionId(workspace, request.target)
  const { found, locks } = await look(workspace, request, claimants, target)
  return { session: found.session, locks }
}

async function attempt(
  workspace: Workspace,
  request: EndRequest,
  claimants: Claimants,
  target: SessionId | undefined,
): Promise<EndAnswer | null> {
  const { ground, found, locks, me } = await look(workspace, request, claimants, target)
  if (request.idle && locks.length > 0) return { session: found.session.id, released: [], damaged: [] }
  const byHolder = found.session.id === me
  const by = byHolder ? null : (me ?? ownerName(ownerHere(workspace.around, workspace.cloneId, null)))
  const changes = endingChanges(workspace, ground, found, locks, { actor: me ?? found.session.id, by })
  if (!(await commits(workspace, changes, byHolder ? 'either' : 'arbiter'))) return null
  await workspace.clone.forget(found.session.id)
  const damaged = ground.damaged.filter(({ ref }) => lockNameOf(ref) !== null)
  return { session: found.session.id, released: locks.map(({ record }) => record.key), damaged }
}

/** Reads what ending needs, and refuses what may not be ended. */
async function look(
  workspace: Workspace,
  request: EndRequest,
  claimants: Claimants,
  target: SessionId | undefined,
): Promise<{
  readonly ground: Ground
  readonly found: SessionEntry
  readonly locks: readonly Holding[]
  readonly me: SessionId | undefined
}> {
  const ids = [claimants.named?.id, claimants.stamp?.session, claimants.binding?.session, target]
  const known = ids.filter((id) => id !== undefined)
  const refs = [
    ...identityRefs(claimants),
    ...known.flatMap((id) => [...journalRefs(id), activeRef(id), endedRef(id)]),
  ]
  const snapshot = await workspace.store.read({ refs: [...new Set([...refs, LOCKS_REF])] })
  checkMeta(snapshot, 'write')
  const ground = await readGround(workspace, snapshot)
  const identity = settleIdentity(workspace, claimants, snapshot)
  const me = identity.who === 'session' ? identity.mine.session.id : undefined
  const found = target === undefined ? requireSession(identity) : sessionIn(snapshot, target)
  if (found === undefined) throw unknownSession(target ?? '')
  if (!isLive(found) && found.ended) throw hasEnded(found.session)
  const locks = ground.holdings.filter(({ record }) => record.session === found.session.id)
  const byHolder = found.session.id === me
  if (!byHolder && !request.force) refuseLive(workspace, found.session, locks, ground)
  return { ground, found, locks, me }
}

function endingChanges(
  workspace: Workspace,
  ground: Ground,
  found: SessionEntry,
  locks: readonly Holding[],
  who: { readonly actor: SessionId; readonly by: string | null },
): Change[] {
  const at = timestamp(workspace)
  const { session, entry } = found
  const { actor, by } = who
  const why = 'its session was ended'
  const lostTo = (name: string) =>
    locks.map(({ record, oid }) => ({ key: record.key, lock: oid, by: name, at, why }))
  const ended = by === null ? endedSession(session, at) : endedByOther(session, by, at, lostTo(by))
  const event: LogEvent = {
    at,
    event: 'end',
    session: session.id,
    keys: locks.map(({ record }) => record.key),
    ...(by === null ? {} : { by }),
  }
  return withJournal(
    workspace,
    ground.snapshot,
    actor,
    [event],
    [
      { ref: endedRef(session.id), from: null, to: ended },
      { ref: activeRef(session.id), from: entry, to: null },
      ...locks.map(
        (holding): Change => ({
          ref: entryOf(ground, holding).ref,
          from: entryOf(ground, holding),
          to: null,
        }),
      ),
    ],
  )
}

function refuseLive(workspace: Workspace, session: Session, locks: readonly Holding[], ground: Ground): void {
  const ttls = locks.map(({ record }) => record.ttl)
  if (sessionState(session, ttls, ground.vantage) !== 'active') return
  const left =
    (leaseEnd(session, Math.max(session.ttl, ...ttls), ground.vantage) - workspace.around.now()) / 1000
  throw new DwError(
    'DW_ALIVE',
    `${session.id} of ${ownerName(session.owner)} is live for another ${formatLeft(left)} of silence`,
    {
      hints: [`end it all the same: git dw end ${session.id} --force`],
      details: { session: session.id, owner: session.owner },
    },
  )
}

function hasEnded(session: Session): DwError {
  return new DwError('DW_NOT_FOUND', `${session.id} has ended already`, {
    hints: ['see who is there with: git dw sessions'],
    details: { session: session.id },
  })
}
