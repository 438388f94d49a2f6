import { type Holding, mineAndGood } from '../../domain/claim.ts'
import { DwError } from '../../domain/error.ts'
import { describeHolder, holderDetails } from '../../domain/holder.ts'
import {
  formatKey,
  isAbove,
  type Key,
  lockName,
  onOneLine,
  parseKey,
  type TaskKey,
} from '../../domain/key.ts'
import type { LogEvent, Result, ResultStatus, Session } from '../../domain/record.ts'
import { movedFence } from '../../domain/session.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { activeRef, lockNameOf, lockRef, resultRef } from '../../store/ref-names.ts'
import type { Change } from '../../store/store.ts'
import { entryOf, type Ground, readGround } from '../ground.ts'
import { rememberChange } from '../heartbeat.ts'
import {
  type Claimants,
  findClaimants,
  identityRefs,
  requireSession,
  type SessionEntry,
  settleIdentity,
} from '../identity.ts'
import { journalRefs, withJournal } from '../journal.ts'
import { showKey } from '../path-key.ts'
import { lost } from '../refusal.ts'
import { untilSettled } from '../until-settled.ts'
import { checkMeta, corrupt, timestamp, type Workspace } from '../workspace.ts'
import { removeOrSay } from '../worktree/remove-or-say.ts'
import type { RemovalAnswer } from '../worktree/remove-worktree.ts'
import { forgetWorktree } from './forget-worktree.ts'
import { resultIn } from './result-in.ts'
import { findWork, type Work } from './work-of-task.ts'

export interface ResultRequest {
  readonly task: TaskKey
  readonly status: ResultStatus
  readonly pr?: string
  readonly summary?: string
  /** Paths from the top; undefined for those that the branch changed. */
  readonly files?: readonly string[]
  /** The value of `--session`. */
  readonly session?: string
  /** Whether the worktree goes; undefined asks about a task that passed where somebody can be asked. */
  readonly removeWorktree?: boolean
}

export interface ResultAnswer {
  readonly result: Result
  /** The result that this one takes the place of. */
  readonly before: Result | null
  readonly released: readonly Key[]
  /** Paths that are changed in the worktree and not committed: they are no part of the result. */
  readonly uncommitted: number
  readonly removed: readonly RemovalAnswer[]
  /** The task's worktree, when it stays. */
  readonly kept: readonly string[]
}

/**
 * Records the result of a task that is mine, notes the pull request in my session and releases the task, in
 * one transaction (design §5). Branch, head and files are those of the task's worktree, which then goes when
 * that is wanted, through the gates of design §9. Throws DW_NOT_OWNER, DW_LOST, DW_CORRUPT_STATE,
 * DW_NO_SESSION, DW_INTERRUPTED.
 */
export async function recordResult(workspace: Workspace, request: ResultRequest): Promise<ResultAnswer> {
  const { task, status } = request
  const claimants = await findClaimants(workspace, request.session)
  await look(workspace, task, claimants)
  const work = await findWork(workspace, task, request.files)
  const remove = work === null ? false : await agreed(workspace, work.worktree.path, status, request)
  const stored = await untilSettled(workspace, () => store(workspace, request, claimants, work))
  const removal =
    work === null || !remove ? null : await removeOrSay(workspace, work.worktree, stored.result.session)
  if (removal !== null) await forgetWorktree(workspace, stored.result.session, removal.path)
  return {
    ...stored,
    uncommitted: work?.uncommitted ?? 0,
    removed: removal === null ? [] : [removal],
    kept: work === null || removal !== null ? [] : [work.worktree.path],
  }
}

async function agreed(
  workspace: Workspace,
  path: string,
  status: ResultStatus,
  request: ResultRequest,
): Promise<boolean> {
  if (request.removeWorktree !== undefined) return request.removeWorktree
  const { ask } = workspace.around
  // asked before anything is written, so that Ctrl-C changes nothing
  return status === 'passed' && ask !== null && (await ask.confirm(`Remove its worktree "${path}"?`, false))
}

interface Look {
  readonly ground: Ground
  readonly mine: SessionEntry
  /** The task's own lock; undefined where a lock of mine above it covers it. */
  readonly own: Holding | undefined
  readonly before: Result | null
}

/** Reads what the result rests on, and refuses a task that is not mine. */
async function look(workspace: Workspace, task: TaskKey, claimants: Claimants): Promise<Look> {
  const name = lockName(task)
  const ids = [claimants.named?.id, claimants.stamp?.session, claimants.binding?.session]
  const journals = ids.filter((id) => id !== undefined).flatMap(journalRefs)
  const refs = [...identityRefs(claimants), ...journals, lockRef(name), resultRef(task)]
  const query = { refs: [...new Set(refs)], above: [lockRef(name)] }
  const ground = await readGround(workspace, await workspace.store.read(query))
  checkMeta(ground.snapshot, 'write')
  const mine = requireSession(settleIdentity(workspace, claimants, ground.snapshot))
  const damaged = ground.damaged.find(({ ref }) => {
    const place = lockNameOf(ref)
    return place !== null && onOneLine(place, name)
  })
  if (damaged !== undefined) throw corrupt(damaged)
  const covering = ground.holdings.filter(
    (holding) => mineAndGood(holding, mine.session.id) && !isAbove(name, holding.name),
  )
  if (covering.length === 0) throw notMine(workspace, task, ground, mine.session)
  const own = ground.holdings.find((each) => each.name === name && each.record.session === mine.session.id)
  return { ground, mine, own, before: resultIn(ground.snapshot, task) ?? null }
}

async function store(
  workspace: Workspace,
  request: ResultRequest,
  claimants: Claimants,
  work: Work | null,
): Promise<Pick<ResultAnswer, 'result' | 'before' | 'released'> | null> {
  const { task, status, pr, summary } = request
  const { ground, mine, own, before } = await look(workspace, task, claimants)
  const at = timestamp(workspace)
  const { session, entry } = mine
  const result: Result = {
    kind: 'result',
    id: `RESULT-${workspace.around.randomWord()}`,
    project: task.project,
    task: task.task,
    status,
    session: session.id,
    ...(work === null ? { files: request.files ?? [] } : work.fields),
    ...earliestBase(work, before),
    ...(pr === undefined ? {} : { pr }),
    ...(summary === undefined ? {} : { summary }),
    at,
  }
  const to: Session = { ...movedFence(session, at), ...(pr === undefined ? {} : { pr }) }
  const key = formatKey(task)
  const why = summary === undefined ? status : `${status}: ${summary.slice(0, MOST_LOGGED)}`
  const event: LogEvent = { at, event: 'result', session: session.id, keys: [key], why }
  const ref = resultRef(task)
  const changes: Change[] = [
    { ref: entry.ref, from: entry, to },
    ...(own === undefined ? [] : [{ ref: lockRef(own.name), from: entryOf(ground, own), to: null }]),
    { ref, from: ground.snapshot.get(ref) ?? null, to: result },
  ]
  const commit = await workspace.store.commit(
    withJournal(workspace, ground.snapshot, session.id, [event], changes),
  )
  if (commit.outcome === 'conflict') return null
  const oid = commit.oids.get(activeRef(session.id))
  if (oid !== undefined) await rememberChange(workspace, entry.oid, { session: to, oid }, [])
  return { result, before, released: own === undefined ? [] : [own.key] }
}

/** Characters of a summary that the log repeats. */
const MOST_LOGGED = 200

/** Where the branch started when its task was claimed first: a later claim finds it further on. */
function earliestBase(work: Work | null, before: Result | null): { readonly base?: string } {
  const isSameBranch = before?.branch !== undefined && before.branch === work?.fields.branch
  const base = (isSameBranch ? before.base : undefined) ?? work?.worktree.stamp?.base
  return base === undefined || base === '' ? {} : { base }
}

/** DW_LOST for a task that was taken from the session, else DW_NOT_OWNER. */
function notMine(workspace: Workspace, task: TaskKey, ground: Ground, session: Session): DwError {
  const show = (key: Key) => showKey(workspace, key)
  const name = lockName(task)
  const revoked = session.revoked.filter(({ key }) => {
    const place = lockName(parseKey(key))
    return place === name || isAbove(place, name)
  })
  if (revoked.length > 0) return lost(revoked, ground.vantage.now, show)
  const others = ground.holdings.filter(
    ({ state, record }) => state === 'live' && record.session !== session.id,
  )
  const lines = others.map((holding) => describeHolder(holding, ground.vantage, ({ key }) => show(key)))
  const project = shellWord(task.project)
  return new DwError(
    'DW_NOT_OWNER',
    [`the task "${task.task}" is not yours; you are ${session.id}`, ...lines].join('\n'),
    {
      hints: [
        `claim it first: git dw claim --task ${shellWord(task.task)} --project ${project}`,
        'see what you hold with: git dw status',
      ],
      details: {
        keys: [formatKey(task)],
        ...(others.length === 0
          ? {}
          : { holders: others.map((holding) => holderDetails(holding, ground.vantage)) }),
      },
    },
  )
}
