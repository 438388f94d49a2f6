import type { Holding } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { describeHolder, holderDetails } from '../domain/holder.ts'
import { formatKey, type Key, type LockName, lockName, parseKey } from '../domain/key.ts'
import type { LogEvent, Revocation, Session } from '../domain/record.ts'
import { backTo, movedFence } from '../domain/session.ts'
import { shellWord } from '../domain/shell-word.ts'
import { activeRef, LOCKS_REF, lockNameOf, lockRef, type RefName } from '../store/ref-names.ts'
import type { Change, Entry } from '../store/store.ts'
import { entryOf, type Ground, readGround } from './ground.ts'
import { rememberChange } from './heartbeat.ts'
import { type Claimants, findClaimants, identityRefs, requireSession, settleIdentity } from './identity.ts'
import { journalRefs, withJournal } from './journal.ts'
import { showKey } from './path-key.ts'
import { withProgress } from './progress.ts'
import { boundToProject, otherHalves, pairRelease, renamedHint } from './project-lock.ts'
import { lost } from './refusal.ts'
import { untilSettled } from './until-settled.ts'
import { checkMeta, corrupt, timestamp, type Workspace } from './workspace.ts'

export interface ReleaseRequest {
  /** The keys to release, or all that the session holds. */
  readonly keys: readonly Key[] | 'all'
  /** Those of the keys that pathspecs were expanded to: what of them I do not hold is no complaint. */
  readonly expanded?: ReadonlySet<Key>
  /** The value of `--session`. */
  readonly session?: string
  /** Takes back a claim: the session is what it was before. */
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
  const all = ground.holdings.filter(({ record }) => record.session === session.id)
  const named = request.keys === 'all' ? all : all.filter(({ name }) => names.has(name))
  const { more, bound } = pairRelease(named, all)
  const mine = [...named.filter((holding) => !bound.includes(holding)), ...more]
  const good = mine.filter(({ state }) => state !== 'void')
  const asked = complaintsAbout(keys, request.expanded ?? new Set(), good, session)
  const problem =
    request.keys === 'all'
      ? undefined
      : await problemWith(workspace, asked, [...good, ...bound], ground, session)
  const show = (key: Key) => showKey(workspace, key)
  const answer = {
    session,
    released: good.map(({ key }) => key),
    damaged: ground.damaged.filter(({ ref }) => lockNameOf(ref) !== null),
    ...problemOf(problem ?? (bound.length === 0 ? undefined : boundToProject(bound, show))),
  }
  if (mine.length === 0) return answer
  const moved = movedFence(session, timestamp(workspace))
  const to = request.before === undefined ? moved : backTo(moved, request.before)
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
  const commit = await withProgress(
    workspace,
    { verb: 'releasing', total: deletions.length, things: 'keys' },
    async () => workspace.store.commit(changes, { decided: 'either' }),
  )
  if (commit.outcome === 'conflict') return null
  const oid = commit.oids.get(activeRef(session.id))
  if (oid !== undefined) await rememberChange(workspace, entry.oid, { session: to, oid }, [])
  return { ...answer, session: to }
}

/**
 * The keys that must have been released: those that were named, and those that were lost. When pathspecs
 * fit nothing that I hold, that is an answer, too.
 */
function complaintsAbout(
  keys: readonly Key[],
  expanded: ReadonlySet<Key>,
  good: readonly Holding[],
  session: Session,
): readonly Key[] {
  const asked = keys.filter((key) => !expanded.has(key) || revocationOf(session, key) !== undefined)
  if (asked.length > 0 || good.length > 0 || expanded.size === 0) return asked
  throw new DwError('DW_NOT_FOUND', `you hold none of the ${expanded.size} files that were named`, {
    hints: ['see what you hold with: git dw status'],
    details: { keys: [...expanded].map(formatKey) },
  })
}

/** The refs to read for a release of `keys` by one of `claimants`. */
export function releaseRefs(claimants: Claimants, keys: ReleaseRequest['keys']): readonly RefName[] {
  const ids = [claimants.named?.id, claimants.stamp?.session, claimants.binding?.session]
  const journals = ids.filter((id) => id !== undefined).flatMap(journalRefs)
  const locks = keys === 'all' ? [LOCKS_REF] : keys.map((key) => lockRef(lockName(key)))
  return [...new Set([...identityRefs(claimants), ...journals, ...locks])]
}

async function readReleaseGround(
  workspace: Workspace,
  request: ReleaseRequest,
  claimants: Claimants,
): Promise<Ground> {
  const refs = releaseRefs(claimants, request.keys)
  const ground = await readGround(workspace, await workspace.store.read({ refs }))
  const halves = otherHalves(ground.holdings).filter((ref) => !ground.snapshot.has(ref))
  if (request.keys === 'all' || halves.length === 0) return ground
  // a project lock is two keys, and which is the other one stands in each of them
  return readGround(workspace, await workspace.store.read({ refs: [...refs, ...halves] }))
}

function problemOf(problem: DwError | undefined): { readonly problem?: DwError } {
  return problem === undefined ? {} : { problem }
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
      hints: [
        'see who works on what: git dw locks',
        `only its session can release it; you are ${session.id}`,
      ],
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
      ...(await renamedHint(workspace, missing, session.id)),
      ...(covering === undefined
        ? []
        : [`you hold what is above it: git dw release ${shellWord(show(covering.key))}`]),
      ...otherProjectHint(missing, session),
      'see what you hold with: git dw status',
    ],
    details: { keys: missing.map(formatKey) },
  })
}

/** Where the task is there, but of another project than that of this directory. */
function otherProjectHint(missing: readonly Key[], { project, task }: Session): string[] {
  const meant = missing.some((key) => key.kind === 'task' && key.task === task && key.project !== project)
  if (!meant || project === undefined || task === undefined) return []
  return [`or name its project: git dw release --task ${shellWord(task)} --project ${shellWord(project)}`]
}

function revocationOf(session: Session, key: Key): Revocation | undefined {
  return session.revoked.find((revocation) => lockName(parseKey(revocation.key)) === lockName(key))
}
