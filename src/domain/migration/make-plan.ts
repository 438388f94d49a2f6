import { formatKey, taskKey } from '../key.ts'
import type { Lock, SessionId } from '../record.ts'
import { judgeSessions, type SoundSession } from './judge-sessions.ts'
import { isOfSession, type OldState, type Problem } from './old-state.ts'
import type { Elsewhere, Here, MigrationItem, Plan, PlannedProblem } from './plan.ts'
import { type LockElsewhere, planLocks } from './plan-locks.ts'
import { planLogs } from './plan-logs.ts'
import { type KnownProject, planProjects } from './plan-projects.ts'
import { sessionItem, sessionRecord } from './plan-sessions.ts'
import { planWorktrees, type WorktreePlan } from './plan-worktrees.ts'
import { contradictedLocks } from './session-locks.ts'
import { idKey, uniteSessions } from './unite-sessions.ts'

/**
 * What the old files come to in this repository: the records to be made, and each entry that is left, with
 * the reason. It decides nothing by what is not in them or in `here`.
 */
export function planMigration(old: OldState, here: Here): Plan {
  const united = uniteSessions(old)
  const projects = planProjects(old, here)
  const judged = judgeSessions(old, here, projects, united)
  const sound = new Map([...judged.sound].map(([key, { session }]) => [key, session]))
  const locks = planLocks(old, here, projects, { ...united, sessions: sound })
  const coming: [string, SoundSession][] = []
  const away: SoundSession[] = []
  const items: MigrationItem[] = []
  for (const [key, each] of judged.sound) {
    const { id, file } = each.session
    const leave = (why: string) => items.push({ what: 'session', name: id, file, brought: false, why })
    const isStray = !here.holdsState && old.states.projects !== 'absent' && each.project === null
    if (here.sessions.has(key)) leave('it is here already')
    else if (isStray && !locks.heard.has(id)) leave('it has no project, and the files lie elsewhere')
    else if (each.project?.place === 'elsewhere' && !locks.heard.has(id)) away.push(each)
    else coming.push([key, each])
  }
  const worktrees = planWorktrees(
    coming.map(([, each]) => each),
    here,
  )
  const records = coming.map(([, each]) => sessionRecord(each, here, locks.heard.get(each.session.id)))
  const brought = new Map(
    coming.flatMap(([key, { session }]): [string, SessionId][] =>
      here.logs.has(key) ? [] : [[key, session.id]],
    ),
  )
  const logs = planLogs(old.events, brought)
  const toldOf = new Set(projects.problems.map(textOf))
  return {
    projects: projects.projects,
    sessions: records,
    locks: locks.locks.map(withWork(worktrees, coming)),
    logs: logs.logs,
    adoptions: worktrees.adoptions,
    items: [
      ...projects.items,
      ...united.items,
      ...items,
      ...records.map((record, at) => sessionItem(record, coming[at]?.[1].session.file ?? '', here.now)),
      ...locks.items,
      ...worktrees.items,
      ...logs.items,
    ],
    problems: planned(
      [
        ...old.problems,
        ...united.problems,
        ...projects.problems,
        // that a project's name is bad was told of the session that alone names it
        ...judged.problems.filter((each) => !toldOf.has(textOf(each))),
        ...contradictedLocks(old, united),
        ...locks.problems,
        ...worktrees.problems,
      ],
      coming.map(([, each]) => each),
      away,
    ),
    elsewhere: elsewhereOf(away, locks.elsewhere),
  }
}

function textOf({ file, entry, reason }: Problem): string {
  return JSON.stringify([file, entry, reason])
}

/** Each problem with what comes of its session all the same. */
function planned(
  problems: readonly Problem[],
  coming: readonly SoundSession[],
  away: readonly SoundSession[],
): PlannedProblem[] {
  const [here, elsewhere] = [coming, away].map(
    (sessions) => new Set(sessions.map(({ session }) => idKey(session.id))),
  )
  const comes = (each: Problem) => {
    const key = isOfSession(each) ? idKey(each.entry) : null
    if (key === null) return 'no'
    return here?.has(key) ? 'partly' : elsewhere?.has(key) ? 'elsewhere' : 'no'
  }
  return problems.map((each) => ({ ...each, comes: comes(each) }))
}

/**
 * Notes in a task's lock the worktree that is stamped for it, and the branch of its work, which the hooks and
 * the fenced push guard (design §7, §10).
 */
function withWork(
  { adoptions, branches }: WorktreePlan,
  coming: readonly (readonly [string, SoundSession])[],
): (lock: Lock) => Lock {
  const adopted = new Map(adoptions.map((each) => [`${each.session} ${each.key}`, each]))
  const noted = new Map<string, string>(
    coming.flatMap(([, { session, project }]) => {
      const branch = branches.get(session.id)
      if (branch === undefined || project === null || session.task === null) return []
      return [[`${session.id} ${formatKey(taskKey(project.name, session.task))}`, branch] as const]
    }),
  )
  return (lock) => {
    const of = `${lock.session} ${lock.key}`
    const worktree = adopted.get(of)
    const branch = worktree?.branch ?? noted.get(of)
    return {
      ...lock,
      ...(branch === undefined ? {} : { branch }),
      ...(worktree === undefined ? {} : { worktree: worktree.path }),
    }
  }
}

/** What belongs to other repositories, by their projects. */
function elsewhereOf(sessions: readonly SoundSession[], locks: readonly LockElsewhere[]): Elsewhere[] {
  const byPath = new Map<string, { project: string; path: string; sessions: string[]; locks: string[] }>()
  const at = ({ name, path }: KnownProject) => {
    const found = byPath.get(path) ?? { project: name, path, sessions: [], locks: [] }
    byPath.set(path, found)
    return found
  }
  for (const { session, project } of sessions) if (project !== null) at(project).sessions.push(session.id)
  for (const { project, key } of locks) at(project).locks.push(key)
  return [...byPath.values()]
}
