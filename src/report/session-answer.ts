import type { Session } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import { JSON_SCHEMA } from './json.ts'

type Say = (line: string) => void

/** What `new` and `init` answer: the session's id. */
export function startedAnswer(
  say: Say,
  answer: { readonly session: Session; readonly already: boolean; readonly bound: boolean },
): { text: string; json: object } {
  const { session, already, bound } = answer
  if (already) say(`going on with ${session.id}`)
  else if (bound) say(`started ${session.id}; this agent or terminal acts for it now`)
  else say(`started ${session.id}; act for it with: export DW_SESSION=${session.id}`)
  return { text: `${session.id}\n`, json: { schema: JSON_SCHEMA, session: session.id, already, bound } }
}

/** What `resume` answers: the session's id; where to go is narrated. */
export function resumedAnswer(
  say: Say,
  answer: {
    readonly session: Session
    readonly bound: boolean
    readonly takenOver: boolean
    readonly worktrees: readonly string[]
  },
): { text: string; json: object } {
  const { session, bound, takenOver, worktrees } = answer
  if (takenOver) say(`taken over; the other side is told at its next command`)
  if (!bound) say(`nothing can be bound here; act for it with: export DW_SESSION=${session.id}`)
  for (const path of worktrees) say(`go to its worktree: cd ${shellWord(path)}`)
  if (worktrees.length === 0 && session.worktree !== undefined) say(goneText(session))
  const json = {
    schema: JSON_SCHEMA,
    session: session.id,
    bound,
    takenOver,
    worktree: session.worktree ?? null,
    worktrees,
  }
  return { text: `${session.id}\n`, json }
}

/** The record names a worktree of which git knows nothing here. */
function goneText({ worktree, project, task }: Session): string {
  const of = project === undefined ? '' : ` --project ${shellWord(project)}`
  const again = task === undefined ? '' : `; make it anew: git dw claim --task ${shellWord(task)}${of}`
  return `its worktree "${worktree?.path ?? ''}" is not here${again}`
}
