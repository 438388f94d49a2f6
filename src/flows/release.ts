import type { Holding } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { describeHolder, holderDetails } from '../domain/holder.ts'
import { formatKey, type Key, type LockName, lockName, parseKey } from '../domain/key.ts'
import type { LogEvent, Revocation, Session } from '../domain/record.ts'
import { movedFence, withWorkOf } from '../domain/session.ts'
import { shellWord } from '../domain/shell-word.ts'
import { activeRef, LOCKS_REF, lockNameOf, lockRef } from '../store/ref-names.ts'
import type { Change, Entry } from '../store/store.ts'
import { entryOf, type Ground, readGround } from './ground.ts'
import { rememberChange } from './heartbeat.ts'
import { type Claimants, findClaimants, identityRefs, requireSession, settleIdentity } from './identity.ts'
import { journalRefs, withJournal } from './journal.ts'
import { showKey } from './path-key.ts'
import { lost } from './refusal.ts'
import { untilSettled } from './until-settled.ts'
import { checkMeta, corrupt, timestamp, type Workspace } from './workspace.ts'

export interface ReleaseRequest {
  /** The keys to release, or all that the session holds. */
  readonly keys: readonly Key[] | 'all'
  /** The value of `--session`. */
  readonly session?: string
  /** Takes back a claim: the session works on what it worked on before. */
  readonly before?: Session
}

export interface ReleaseAnswer {
  readonly session: Session
  readonly released: readonly Key[]
  /** Locks that cannot be read: one of them may be this session's, and stays. */
  readonly damaged: readonly Entry[]
  /** What could not be released because it is not mine any more, or never was; undefined when all could. */
  readonly problem?: DwError
}

/**
 * Releases by compare-and-swap: what is mine goes, what is not is reported and left as it is (design §5).
 * Throws DW_NO_SESSION, DW_AMBIGUOUS, DW_LOST.
 */
export async function releaseKeys(workspace: Workspace, request: ReleaseRequest): Promise<ReleaseAnswer> {
  const claimants = await findClaimants(workspace, request.session)
  return untilSettled(workspace, () => attempt(workspace, request, claimants))
}

async function attempt(
  workspace: Workspace,
  request: ReleaseRequest,
  claimants: Claimants,
): Promise<ReleaseAnswer | null> {
  const ground = await readReleaseGround(workspace, request, claimants)
  checkMeta(ground.snapshot, 'write')
  const { session, entry } = requireSession(settleIdentity(workspace, claimants, ground.snapshot))
  const keys = request.keys === 'all' ? [] : request.keys
  const names = new Set<LockName>(keys.map(lockName))
  const damaged = ground.damaged.find(({ ref }) => keys.some((key) => lockRef(lockName(key)) === ref))
  if (damaged !== undefined) throw corrupt(damaged)
  const mine = ground.holdings.filter(
    (holding) => holding.record.session === session.id && (request.keys === 'all' || names.has(holding.name)),
  )
  const good = mine.filter(({ state }) => state !== 'void')
  const problem =
    request.keys === 'all' ? undefined : await problemWith(workspace, keys, good, ground, session)
  const answer = {
    session,
    released: good.map(({ key }) => key),
    damaged: ground.damaged.filter(({ ref }) => lockNameOf(ref) !== null),
    ...(problem === undefined ? {} : { problem }),
  }
  if (mine.length === 0) return answer
  const moved = movedFence(session, timestamp(workspace))
  const to = request.before === undefined ? moved : withWorkOf(moved, request.before)
  const event: LogEvent = {
    at: timestamp(workspace),
    event: 'release',
    session: session.id,
    keys: mine.map(({ record }) => record.key),
  }
  const deletions = mine.map(
    (holding): Change => ({ ref: entryOf(ground, holding).ref, from: entryOf(ground, holding), to: null }),
  )
  const changes = withJournal(
    workspace,
    ground.snapshot,
    session.id,
    [event],
    [{ ref: entry.ref, from: entry, to }, ...deletions],
  )
  const commit = await workspace.store.commit(changes, { decided: 'either' })
  if (commit.outcome === 'conflict') return null
  const oid = commit.oids.get(activeRef(session.id))
  if (oid !== undefined) await rememberChange(workspace, entry.oid, { session: to, oid }, [])
  return { ...answer, session: to }
}

async function readReleaseGround(
  workspace: Workspace,
  request: ReleaseRequest,
  claimants: Claimants,
): Promise<Ground> {
  const ids = [claimants.named?.id, claimants.stamp?.session, claimants.binding?.session]
  const journals = ids.filter((id) => id !== undefined).flatMap(journalRefs)
  const locks = request.keys === 'all' ? [LOCKS_REF] : request.keys.map((key) => lockRef(lockName(key)))
  const refs = [...new Set([...identityRefs(claimants), ...journals, ...locks])]
  return readGround(workspace, await workspace.store.read({ refs }))
}

/** The error for keys that are not released: DW_LOST, DW_NOT_OWNER or DW_NOT_FOUND, whichever weighs most. */
async function problemWith(
  workspace: Workspace,
  keys: readonly Key[],
  good: readonly Holding[],
  ground: Ground,
  session: Session,
): Promise<DwError | undefined> {
  const show = (key: Key) => showKey(workspace, key)
  const released = new Set(good.map(({ name }) => name))
  const missing = keys.filter((key) => !released.has(lockName(key)))
  if (missing.length === 0) return undefined
  const revoked = missing.flatMap((key) => revocationOf(session, key) ?? [])
  if (revoked.length > 0) return lost(revoked, ground.vantage.now, show)
  const names = new Set(missing.map(lockName))
  const others = ground.holdings.filter(
    ({ name, record }) => names.has(name) && record.session !== session.id,
  )
  if (others.length > 0) {
    const lines = others.map((holding) => describeHolder(holding, ground.vantage, ({ key }) => show(key)))
    return new DwError('DW_NOT_OWNER', lines.join('\n'), {
      hints: [`only its session can release it; you are ${session.id}`],
      details: { holders: others.map((holding) => holderDetails(holding, ground.vantage)) },
    })
  }
  const above = await workspace.store.read({ refs: [], above: missing.map((key) => lockRef(lockName(key))) })
  const covering = [...(await readGround(workspace, above)).holdings].find(
    ({ record }) => record.session === session.id,
  )
  const named = missing.map((key) => `"${show(key)}"`).join(', ')
  return new DwError('DW_NOT_FOUND', `${named} is not locked${covering === undefined ? '' : ' by itself'}`, {
    hints: [
      ...(covering === undefined
        ? []
        : [`you hold what is above it: git dw release ${shellWord(show(covering.key))}`]),
      'see what you hold with: git dw status',
    ],
    details: { keys: missing.map(formatKey) },
  })
}

function revocationOf(session: Session, key: Key): Revocation | undefined {
  return session.revoked.find((revocation) => lockName(parseKey(revocation.key)) === lockName(key))
}
