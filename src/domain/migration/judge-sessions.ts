import { nameProblem } from '../name.ts'
import type { OldSession, OldState, Problem } from './old-state.ts'
import type { Here } from './plan.ts'
import { type KnownProject, type ProjectPlan, projectNamed } from './plan-projects.ts'
import type { United } from './unite-sessions.ts'

/** An old session that can be brought over, and the project that it works on. */
export interface SoundSession {
  readonly session: OldSession
  readonly project: KnownProject | null
}

/** The sessions that can be brought over, here or elsewhere, by their ids as refs have them. */
export interface Judged {
  readonly sound: ReadonlyMap<string, SoundSession>
  readonly problems: readonly Problem[]
}

/** Judges each session by its project and its names (design §3). */
export function judgeSessions(old: OldState, here: Here, projects: ProjectPlan, united: United): Judged {
  const sound = new Map<string, SoundSession>()
  const problems: Problem[] = []
  for (const [key, session] of united.sessions) {
    const { file, entry, task } = session
    const mention = session.project
    const project = mention === null ? null : projectNamed(old, here, projects, mention.id, mention.name)
    const reason = problemOf(mention?.id ?? null, project, task)
    if (reason === null) sound.set(key, { session, project })
    else problems.push({ file, entry, reason })
  }
  return { sound, problems }
}

function problemOf(id: string | null, project: KnownProject | null, task: string | null): string | null {
  if (id !== null && project === null)
    return `its project "${id}" cannot be brought over, or is not registered`
  if (project?.place === 'elsewhere') return null
  const bad = project === null ? null : nameProblem(project.name)
  if (bad !== null) return `"${project?.name}" cannot name a project: it ${bad}`
  const badTask = task === null ? null : nameProblem(task)
  return badTask === null ? null : `"${task}" cannot name a task: it ${badTask}`
}
