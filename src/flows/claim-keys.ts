import { type ClaimDecision, type CoveredKey, decideClaim, type Holding } from '../domain/claim.ts'
import { formatKey, type Key, lockName } from '../domain/key.ts'
import type { BlobId, Lock, LogEvent, Revocation, Session, SessionId } from '../domain/record.ts'
import { absentSession, movedFence, revoke, workingOn } from '../domain/session.ts'
import { activeRef, endedRef, lockRef, PROJECTS_REF, type RefName } from '../store/ref-names.ts'
import type { Change, Snapshot } from '../store/store.ts'
import type { Actor } from './actor.ts'
import { entryOf, type Ground, readGround } from './ground.ts'
import { type Claimants, identityRefs } from './identity.ts'
import { journalRefs, withJournal } from './journal.ts'
import type { Pairs } from './project-lock.ts'
import { resultRefs } from './results/finished-tasks.ts'
import { corrupt, timestamp, type Workspace } from './workspace.ts'

/** What a claim wants, beyond its keys. */
export interface ClaimTerms {
  /** Seconds; undefined for `dw.lockTtl`, and for leaving a lock that is mine as it is. */
  readonly ttl?: number
  readonly why?: string
  /** What a task's lock says of its worktree. */
  readonly worktree?: { readonly path: string; readonly branch: string; readonly base: string }
  /** One id for all keys of the claim. */
  readonly claim: string
  /** Taken without asking the arbiter, which may say no when it is asked (design §7). */
  readonly provisional?: boolean
  /** The two keys of each project lock among the claim's. */
  readonly pairs?: Pairs
}

/** What `lock` was claimed with, to claim it again as it was. */
export function termsOf(lock: Lock): ClaimTerms {
  const { claim, ttl, branch, base, worktree } = lock
  const hasWorktree = branch !== undefined && base !== undefined && worktree !== undefined
  return {
    claim,
    ttl,
    ...(lock.why === undefined ? {} : { why: lock.why }),
    ...(lock.provisional === true ? { provisional: true } : {}),
    ...(hasWorktree ? { worktree: { path: worktree, branch, base } } : {}),
  }
}

/**
 * The refs to read for a claim of `keys` by one of `claimants`, or by a session with the id `future`; where no
 * `project` is given, one that starts here works on that of this directory.
 */
export function claimRefs(
  claimants: Claimants,
  keys: readonly Key[],
  { future, project }: { readonly future?: SessionId; readonly project?: string },
): RefName[] {
  const ids = [claimants.named?.id, claimants.stamp?.session, claimants.binding?.session, future]
  const refs = [
    ...identityRefs(claimants),
    ...ids.flatMap((id) => (id === undefined ? [] : [...journalRefs(id), activeRef(id), endedRef(id)])),
    ...keys.map((key) => lockRef(lockName(key))),
    ...resultRefs(keys),
    ...(project === undefined ? [PROJECTS_REF] : []),
  ]
  return [...new Set(refs)]
}

/**
 * The locks on the keys' lines. `whole` reads what stands above the keys too: the first try leaves that to
 * git, which refuses a lock below another (design §3). Throws DW_CORRUPT_STATE for a record on the lines
 * that cannot be read: it counts as held.
 */
export async function readClaimGround(workspace: Workspace, snapshot: Snapshot): Promise<Ground> {
  const ground = await readGround(workspace, snapshot)
  const [damaged] = ground.damaged.filter(({ ref }) => !HARMLESS.test(ref))
  if (damaged !== undefined) throw corrupt(damaged)
  return ground
}

/** Records that a claim can do without: its log, the projects, and results. */
const HARMLESS = /^refs\/dw\/(?:log|projects|results)\//

/** Decides the claim; of live locks only `victims` are stolen. */
export function decide(
  ground: Ground,
  keys: readonly Key[],
  me: SessionId,
  victims: ReadonlySet<BlobId>,
): ClaimDecision {
  const mayTake = (holding: Holding) => victims.has(holding.oid)
  return decideClaim({ keys, me, mayTake, holdings: ground.holdings })
}

type Granted = Extract<ClaimDecision, { answer: 'granted' }>

/**
 * The step before a lock can change place in the tree: what stands above or below the keys is deleted,
 * each session noting what it lost and why; an own lock's reason is "upgrade" (design §5, Claim).
 */
export function clearingChanges(
  workspace: Workspace,
  ground: Ground,
  granted: Granted,
  actor: Actor,
  terms: ClaimTerms,
): Change[] {
  const at = timestamp(workspace)
  const me = actor.session.id
  const note = (holding: Holding) => noteOf(holding, me, at, terms)
  const own = granted.clear.filter(({ record }) => record.session === me)
  const mine = revoke(movedFence(actor.session, at), own.map(note))
  const deletions = granted.clear.map((holding) => ({ ...sourceOf(ground, holding), to: null }))
  const events = eventsOf(granted.clear, me, at, terms)
  return withJournal(workspace, ground.snapshot, me, events, [
    ...(actor.entry === null ? [] : [{ ref: activeRef(me), from: actor.entry, to: mine }]),
    ...revocationChanges(workspace, ground, granted.clear, me, note),
    ...deletions,
  ])
}

/**
 * The claim's own transaction: my session, those it takes from, and the locks; of those that are mine already,
 * `half`, which a try that was cut short has written, and `again`, which `--ttl` or `-m` changes.
 */
export function grantingChanges(
  workspace: Workspace,
  ground: Ground,
  granted: Granted & { readonly again: readonly CoveredKey[]; readonly half: readonly CoveredKey[] },
  actor: Actor,
  terms: ClaimTerms,
): { readonly changes: Change[]; readonly session: Session; readonly locks: ReadonlyMap<Key, Lock> } {
  const at = timestamp(workspace)
  const me = actor.session.id
  const replaced = granted.take.flatMap(({ replaces }) => replaces ?? [])
  const taken = new Map(
    granted.take.map(({ key }): [Key, Lock] => [key, lockOf(workspace, key, actor, at, terms)]),
  )
  const renewed = new Map(
    [...granted.half, ...granted.again].map(({ key, by }): [Key, Lock] => [
      key,
      rewritten(key, by.record, terms),
    ]),
  )
  const locks = new Map([...taken, ...renewed])
  const claimedNow = [...granted.take, ...granted.half].map(({ key }) => key)
  const session = withTask(movedFence(actor.session, at), claimedNow, terms, at)
  const claimed: LogEvent = {
    at,
    event: 'claim',
    session: me,
    keys: [...locks.keys()].map(formatKey),
    ...reason(terms),
  }
  const note = (holding: Holding) => noteOf(holding, me, at, terms)
  const events = [...eventsOf(replaced, me, at, terms), claimed]
  const changes = withJournal(workspace, ground.snapshot, me, events, [
    { ref: activeRef(me), from: actor.entry, to: session },
    ...revocationChanges(workspace, ground, replaced, me, note),
    ...[...locks].map(([key, lock]): Change => {
      const ref = lockRef(lockName(key))
      return { ref, from: ground.snapshot.get(ref) ?? null, to: lock }
    }),
  ])
  return { changes, session, locks }
}

/**
 * Whether a lock that is mine already is written again: only for `--ttl` or `-m`, or to become half of a
 * project lock, and only the key's own.
 */
export function rewrites(key: Key, by: Holding, terms: ClaimTerms): boolean {
  const joins = halfOf(key, terms).with ?? by.record.with
  const changes = terms.ttl !== undefined || terms.why !== undefined || joins !== by.record.with
  return by.name === lockName(key) && changes
}

function rewritten(key: Key, lock: Lock, terms: ClaimTerms): Lock {
  const ttl = terms.ttl === undefined ? {} : { ttl: terms.ttl }
  // one that was taken without the remote is not so any more once the remote decides on it
  const { provisional, ...settled } = { provisional: false, ...lock }
  const asBefore = terms.provisional === true && provisional ? { provisional } : {}
  return { ...settled, ...asBefore, ...ttl, ...reason(terms), ...halfOf(key, terms) }
}

function halfOf(key: Key, terms: ClaimTerms): { readonly with?: string } {
  const other = terms.pairs?.get(lockName(key))
  return other === undefined ? {} : { with: other }
}

function lockOf(workspace: Workspace, key: Key, actor: Actor, at: string, terms: ClaimTerms): Lock {
  return {
    kind: 'lock',
    id: `LOCK-${workspace.around.randomWord()}`,
    key: formatKey(key),
    session: actor.session.id,
    owner: actor.session.owner,
    claim: terms.claim,
    acquiredAt: at,
    ttl: terms.ttl ?? workspace.settings.lockTtl,
    ...reason(terms),
    ...halfOf(key, terms),
    ...(terms.provisional === true ? { provisional: true } : {}),
    ...(terms.worktree === undefined
      ? {}
      : { branch: terms.worktree.branch, base: terms.worktree.base, worktree: terms.worktree.path }),
  }
}

function withTask(session: Session, keys: readonly Key[], terms: ClaimTerms, at: string): Session {
  const task = keys.find(({ kind }) => kind === 'task')
  if (task?.kind !== 'task') return session
  const worktree = terms.worktree === undefined ? {} : { worktree: { ...terms.worktree, createdAt: at } }
  return { ...workingOn(session, task), ...worktree }
}

/**
 * One change for each other session that loses a lock; an absent one is created, expired (design §5). Of one
 * whose end was cut short, the live record that it left is moved, too: a push of it may be leased on that.
 */
function revocationChanges(
  workspace: Workspace,
  ground: Ground,
  lost: readonly Holding[],
  me: SessionId,
  note: (holding: Holding) => Revocation,
): Change[] {
  const losers = new Set(lost.map(({ record }) => record.session).filter((id) => id !== me))
  return [...losers].flatMap((id): Change[] => {
    const theirs = lost.filter(({ record }) => record.session === id)
    const notes = theirs.map(note)
    const found = ground.sessions.get(id)
    if (found !== undefined) {
      const left = found.ended ? ground.snapshot.get(activeRef(id)) : undefined
      const entries = left === undefined ? [found.entry] : [left, found.entry]
      return entries.flatMap((from): Change[] => {
        const record = from.content.ok ? from.content.record : null
        return record?.kind === 'session' ? [{ ref: from.ref, from, to: revoke(record, notes) }] : []
      })
    }
    const [first] = theirs
    if (first === undefined) throw new Error('a loser without a lock')
    const to = absentSession(first.record, timestamp(workspace), workspace.settings.sessionTtl, notes)
    return [{ ref: activeRef(id), from: null, to }]
  })
}

function noteOf(holding: Holding, me: SessionId, at: string, terms: ClaimTerms): Revocation {
  const why =
    holding.record.session === me
      ? 'upgrade'
      : holding.state === 'live'
        ? `stolen: ${(terms.why ?? '').slice(0, 200)}`
        : 'expired'
  return { key: holding.record.key, lock: holding.oid, by: me, at, why }
}

function eventsOf(lost: readonly Holding[], me: SessionId, at: string, terms: ClaimTerms): LogEvent[] {
  return lost.map((holding): LogEvent => {
    const event = holding.record.session === me ? 'upgrade' : holding.state === 'live' ? 'steal' : 'takeover'
    return {
      at,
      event,
      session: me,
      keys: [holding.record.key],
      from: holding.record.session,
      ...reason(terms),
    }
  })
}

function sourceOf(ground: Ground, holding: Holding): { ref: RefName; from: Change['from'] } {
  const entry = entryOf(ground, holding)
  return { ref: entry.ref, from: entry }
}

function reason(terms: ClaimTerms): { readonly why?: string } {
  return terms.why === undefined ? {} : { why: terms.why }
}
