import { type Holding, mineAndGood } from '../domain/claim.ts'
import { isAbove, type Key, lockName, onOneLine } from '../domain/key.ts'
import { sessionState } from '../domain/lease.ts'
import type { SessionId } from '../domain/record.ts'
import type { SessionRow } from '../domain/session-row.ts'
import { ACTIVE_REF, ENDED_REF, LOCKS_REF, lockRef, type RefName } from '../store/ref-names.ts'
import type { Entry, Query } from '../store/store.ts'
import { type Ground, readGround } from './ground.ts'
import { heartbeatQuietly } from './heartbeat.ts'
import { type Claimants, findClaimants, type Identity, identityRefs, settleIdentity } from './identity.ts'
import { checkMeta, type Workspace } from './workspace.ts'

/** Everything that the reading commands show. */
export interface Overview {
  readonly identity: Identity
  readonly sessions: readonly SessionRow[]
  readonly ground: Ground
  /** Records that cannot be read: they count as held and are named. */
  readonly damaged: readonly Entry[]
}

/** The refs that {@link readOverview} reads. */
export function overviewRefs(claimants: Claimants, ended: boolean): readonly RefName[] {
  const roots = [...identityRefs(claimants), ACTIVE_REF, LOCKS_REF, ...(ended ? [ENDED_REF] : [])]
  return [...new Set(roots)]
}

/** Reads sessions and locks. `ended` reads the sessions that have ended, too. */
export async function readOverview(
  workspace: Workspace,
  request: { readonly session?: string; readonly ended: boolean },
): Promise<Overview> {
  const claimants = await findClaimants(workspace, request.session)
  const { ground, identity } = await look(workspace, claimants, {
    refs: overviewRefs(claimants, request.ended),
  })
  const me = identity.who === 'session' ? identity.mine.session.id : undefined
  const locksOf = bySession(ground.holdings)
  const sessions = [...ground.sessions.values()]
    .filter(({ ended }) => request.ended || !ended)
    .map(({ session }): SessionRow => {
      const locks = locksOf.get(session.id) ?? []
      const state = sessionState(
        session,
        locks.map(({ record }) => record.ttl),
        ground.vantage,
      )
      return { session, state, mine: session.id === me, locks }
    })
    .sort((a, b) => (a.session.lastActivity < b.session.lastActivity ? 1 : -1))
  return { identity, sessions, ground, damaged: ground.damaged }
}

function bySession(holdings: readonly Holding[]): Map<SessionId, Holding[]> {
  const found = new Map<SessionId, Holding[]>()
  for (const holding of holdings) {
    const locks = found.get(holding.record.session)
    if (locks === undefined) found.set(holding.record.session, [holding])
    else locks.push(holding)
  }
  return found
}

/** What a session may do with a key: nobody holds it, I do, or others do. */
export interface KeyCheck {
  readonly key: Key
  readonly answer: 'free' | 'mine' | 'held'
  readonly holders: readonly Holding[]
}

/** What {@link checkKeys} reads. */
export function checkQuery(claimants: Claimants, keys: readonly Key[]): Query {
  const refs = keys.map((key) => lockRef(lockName(key)))
  return { refs: [...new Set([...identityRefs(claimants), ...refs])], above: refs }
}

/** Looks at the lines of `keys` alone: the cost does not grow with the number of locks. */
export async function checkKeys(
  workspace: Workspace,
  keys: readonly Key[],
  option?: string,
): Promise<{ readonly checks: readonly KeyCheck[]; readonly ground: Ground }> {
  const claimants = await findClaimants(workspace, option)
  const { ground, identity } = await look(workspace, claimants, checkQuery(claimants, keys))
  const me = identity.who === 'session' ? identity.mine.session.id : undefined
  const checks = keys.map((key): KeyCheck => {
    const name = lockName(key)
    const line = ground.holdings.filter((holding) => onOneLine(holding.name, name))
    const holders = line.filter(({ record, state }) => state === 'live' && record.session !== me)
    if (holders.length > 0) return { key, answer: 'held', holders }
    const mine = line.filter((holding) => me !== undefined && mineAndGood(holding, me))
    const covered = mine.some((holding) => !isAbove(name, holding.name))
    return { key, answer: covered ? 'mine' : 'free', holders: [] }
  })
  return { checks, ground }
}

async function look(
  workspace: Workspace,
  claimants: Claimants,
  query: Query,
): Promise<{ ground: Ground; identity: Identity }> {
  const seen = await see(workspace, claimants, query)
  if (seen.identity.who !== 'session') return seen
  const renewed = await heartbeatQuietly(workspace, seen.identity.mine, seen.ground.snapshot)
  // what is shown is what this command made of it
  return renewed ? see(workspace, claimants, query) : seen
}

async function see(
  workspace: Workspace,
  claimants: Claimants,
  query: Query,
): Promise<{ ground: Ground; identity: Identity }> {
  const snapshot = await workspace.store.read(query)
  checkMeta(snapshot, 'read')
  const ground = await readGround(workspace, snapshot)
  return { ground, identity: settleIdentity(workspace, claimants, ground.snapshot) }
}
