import { formatLeft } from '../duration.ts'
import { formatKey, type Key, projectKey, taskKey } from '../key.ts'
import { nameProblem } from '../name.ts'
import type { Lock } from '../record.ts'
import { withoutClashes } from './lock-clashes.ts'
import type { OldLock, OldSession, OldState, Problem } from './old-state.ts'
import type { Here, MigrationItem } from './plan.ts'
import { type KnownProject, type ProjectPlan, projectNamed } from './plan-projects.ts'
import { idKey, type United } from './unite-sessions.ts'

/** Longest lease that a record takes, in seconds: ten years. */
const LONGEST_TTL = 10 * 365 * 86_400

/** An old lock that still counts here, its key, and the old session that has it. */
export interface WantedLock {
  readonly old: OldLock
  readonly key: Key
  readonly session: OldSession
}

/** A lock of a project that is elsewhere. */
export interface LockElsewhere {
  readonly project: KnownProject
  readonly key: string
}

export interface LockPlan {
  readonly locks: readonly Lock[]
  /** By the ids of sessions that have some of them: when they were last heard from, in milliseconds. */
  readonly heard: ReadonlyMap<string, number>
  readonly problems: readonly Problem[]
  readonly items: readonly MigrationItem[]
  readonly elsewhere: readonly LockElsewhere[]
}

/** What one old lock comes to by itself. */
type Verdict =
  | { readonly problem: string }
  | { readonly skipped: string }
  | { readonly elsewhere: LockElsewhere }
  | { readonly wanted: WantedLock }

/**
 * The old locks that still count, with what is left of their time: a lease runs from its session's last
 * activity, so its `ttl` is what lies between that and the old end. Whatever does not fit is a problem.
 */
export function planLocks(old: OldState, here: Here, projects: ProjectPlan, united: United): LockPlan {
  const problems: Problem[] = []
  const items: MigrationItem[] = []
  const elsewhere: LockElsewhere[] = []
  const wanted: WantedLock[] = []
  const judge = judgeOf(old, here, projects, united)
  for (const lock of old.locks) {
    const { file, entry } = lock
    const verdict = judge(lock)
    if ('problem' in verdict) problems.push({ file, entry, reason: verdict.problem })
    else if ('skipped' in verdict) {
      items.push({ what: 'lock', name: lock.id, file, brought: false, why: verdict.skipped })
    } else if ('elsewhere' in verdict) elsewhere.push(verdict.elsewhere)
    else wanted.push(verdict.wanted)
  }
  const free = withoutClashes(wanted, here)
  const heard = heardFrom(free.locks, here.now)
  return {
    locks: free.locks.map((lock) => lockOf(lock, here, heard)),
    heard,
    problems: [...problems, ...free.problems],
    items: [...items, ...free.items, ...free.locks.map((lock) => itemOf(lock, here))],
    elsewhere,
  }
}

function judgeOf(
  old: OldState,
  here: Here,
  projects: ProjectPlan,
  united: United,
): (lock: OldLock) => Verdict {
  const times = new Map<string, number>()
  for (const { id } of old.locks) times.set(id, (times.get(id) ?? 0) + 1)
  const named = new Set([...old.v1, ...old.registry, ...old.files].map(({ id }) => idKey(id)))
  for (const { entry } of old.problems) named.add(idKey(entry))
  const unknownSession = (id: string) =>
    `its session ${id} ${named.has(idKey(id)) ? 'cannot be brought over' : 'is not known'}`
  return (lock) => {
    const { id, projectId, taskId, ownerId, acquiredAt, expiresAt, status } = lock
    if ((times.get(id) ?? 1) > 1) return { problem: `its id is there ${times.get(id)} times` }
    if (status !== 'active') return { skipped: `it is ${status}` }
    const isOver = Date.parse(expiresAt) <= here.now
    const session = united.sessions.get(idKey(ownerId))
    // a task that was claimed by itself is one of its session's project
    const of = projectId ?? session?.project?.id ?? null
    const project = of === null ? null : projectNamed(old, here, projects, of, null)
    if (of === null || project === null || project.place === 'unknown') {
      if (session === undefined && projectId === null) return { problem: unknownSession(ownerId) }
      return { problem: `it is not known where its project${of === null ? '' : ` "${of}"`} is` }
    }
    const bad = taskId === null ? null : nameProblem(taskId)
    if (bad !== null) return { problem: `"${taskId}" cannot name a task: it ${bad}` }
    if (project.place === 'elsewhere') {
      if (isOver) return { skipped: `it expired at ${expiresAt}` }
      const key = taskId === null ? `project:${project.name}` : `task:${project.name}/${taskId}`
      return { elsewhere: { project, key } }
    }
    if (session === undefined) {
      return { problem: unknownSession(ownerId) }
    }
    if (isOver) return { skipped: `it expired at ${expiresAt}` }
    if (session.status === 'ended') return { problem: `its session ${session.id} has ended` }
    if (expiresAt <= acquiredAt) return { problem: 'it expires before it was acquired' }
    const key = taskId === null ? projectKey(project.name) : taskKey(project.name, taskId)
    return { wanted: { old: lock, key, session } }
  }
}

/** When each session was last heard from: taking a lock is activity too. */
function heardFrom(locks: readonly WantedLock[], now: number): Map<string, number> {
  const heard = new Map<string, number>()
  for (const { old, session } of locks) {
    const last = heard.get(session.id) ?? Date.parse(session.lastActivity)
    heard.set(session.id, Math.min(Math.max(last, Date.parse(old.acquiredAt)), now))
  }
  return heard
}

function lockOf({ old, key, session }: WantedLock, here: Here, heard: ReadonlyMap<string, number>): Lock {
  const from = heard.get(session.id) ?? here.now
  const ttl = Math.ceil((Date.parse(old.expiresAt) - from) / 1000)
  return {
    kind: 'lock',
    id: old.id,
    key: formatKey(key),
    session: session.id,
    owner: here.owner,
    claim: old.id,
    acquiredAt: old.acquiredAt,
    ttl: Math.min(ttl, LONGEST_TTL),
  }
}

function itemOf({ old, key, session }: WantedLock, here: Here): MigrationItem {
  const left = formatLeft((Date.parse(old.expiresAt) - here.now) / 1000)
  const why = `of ${session.id}, ${left} left`
  return { what: 'lock', name: formatKey(key), file: old.file, brought: true, why }
}
