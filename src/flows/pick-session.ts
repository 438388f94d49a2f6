import { ago } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { ownerName } from '../domain/holder.ts'
import type { SessionId } from '../domain/record.ts'
import type { SessionRow } from '../domain/session-row.ts'
import { chooseProject } from './choose-project.ts'
import { endSession } from './end-session.ts'
import { readOverview } from './overview.ts'
import type { Choice, Prompter } from './prompter.ts'
import { type ResumeAnswer, resumeSession } from './resume-session.ts'
import { type StartAnswer, startSession } from './start-session.ts'
import type { Workspace } from './workspace.ts'

/** What became of the pick. */
export type PickAnswer =
  | { readonly picked: 'new'; readonly start: StartAnswer }
  | { readonly picked: 'old'; readonly resumed: ResumeAnswer }

/** Silence after which a session is marked, in milliseconds. */
const LONG_SILENCE = 24 * 3_600_000

const NEW = 'new'

/**
 * Lets the person at the terminal pick a session, or start a new one (design §11, `init`). Without any
 * session, a new one is started straight away; where several projects are registered, its project is asked
 * for. Throws DW_INTERRUPTED, and what starting and resuming throw.
 */
export async function pickSession(
  workspace: Workspace,
  ask: Prompter,
  request: { readonly project?: string },
): Promise<PickAnswer> {
  for (;;) {
    const { sessions } = await readOverview(workspace, { ended: false })
    const start = async (): Promise<PickAnswer> => {
      const project = request.project ?? (await chooseProject(workspace, ask))
      const named = project === undefined ? {} : { project }
      return { picked: NEW, start: await startSession(workspace, { ...named, rebind: true }) }
    }
    if (sessions.length === 0) return start()
    const mine = sessions.find((row) => row.mine)?.session.id
    const picked = await ask.choose<string>(
      'Which session?',
      [{ value: NEW, label: 'new session' }, ...choicesOf(sessions, workspace.around.now())],
      { filter: true, initial: mine ?? NEW },
    )
    if (picked === NEW) return start()
    const row = sessions.find(({ session }) => session.id === picked)
    if (row === undefined) continue
    const what = row.mine ? 'resume' : await askWhat(ask, row)
    if (what === NEW) return start()
    if (what === 'resume') {
      const resumed = await resume(workspace, ask, row.session.id)
      if (resumed !== null) return { picked: 'old', resumed }
    } else if (await ask.confirm(endQuestion(row), false)) {
      const { session } = await endSession(workspace, { target: row.session.id, force: true })
      workspace.around.say(`ended ${session}`)
    }
  }
}

function choicesOf(sessions: readonly SessionRow[], now: number): Choice<string>[] {
  const works = sessions.map(({ session }) => workOf(session))
  const width = Math.max(...works.map((work) => work.length))
  return sessions.map(({ session, state, mine }, at) => {
    const silence = now - Date.parse(session.lastActivity)
    const mark = silence > LONG_SILENCE ? '⚠ ' : '  '
    const seen = `${state === 'active' ? '' : `${state}, `}${ago(session.lastActivity, now)}`
    const label = `${mark}${(works[at] ?? '').padEnd(width)}  ${seen}  ${ownerName(session.owner)}`
    return { value: session.id, label, hint: `${session.id}${mine ? ', this one' : ''}` }
  })
}

function workOf(session: SessionRow['session']): string {
  return [session.project, session.task].filter((part) => part !== undefined).join(' / ') || 'nothing yet'
}

async function askWhat(ask: Prompter, row: SessionRow): Promise<'resume' | 'new' | 'end'> {
  const { id } = row.session
  return ask.choose(`${id}: ${workOf(row.session)}`, [
    { value: 'resume', label: 'resume it' },
    { value: NEW, label: 'leave it and start a new session' },
    { value: 'end', label: 'end it' },
  ])
}

function endQuestion({ session, locks }: SessionRow): string {
  const keys = locks.map(({ record }) => record.key)
  return `End ${session.id}${keys.length === 0 ? '' : ` and release ${keys.join(', ')}`}?`
}

/** Resumes it; where it looks alive elsewhere, only after a yes. Null for a no. */
async function resume(workspace: Workspace, ask: Prompter, id: SessionId): Promise<ResumeAnswer | null> {
  try {
    return await resumeSession(workspace, { target: id, takeover: false })
  } catch (error) {
    if (!(error instanceof DwError) || error.code !== 'DW_ALIVE') throw error
    if (!(await ask.confirm(`${error.message}. Take it over?`, false))) return null
    return resumeSession(workspace, { target: id, takeover: true })
  }
}
