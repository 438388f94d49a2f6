import { ago } from '../domain/duration.ts'
import { ownerName } from '../domain/holder.ts'
import type { Session } from '../domain/record.ts'
import type { SessionRow } from '../domain/session-row.ts'
import type { Palette } from './palette.ts'
import { type Cell, table } from './table.ts'

/** The table of `git dw sessions`. */
export function sessionTable(palette: Palette, sessions: readonly SessionRow[], now: number): string {
  // most sessions have none for most of their time
  const hasRequests = sessions.some(({ session }) => session.pr !== undefined)
  const rows = sessions.map(({ session, state, mine, locks }): Cell[] => [
    mine ? { text: `* ${session.id}`, style: palette.good } : `  ${session.id}`,
    { text: state, style: state === 'active' ? palette.good : palette.dim },
    workOf(session),
    ownerName(session.owner),
    ago(session.createdAt, now),
    ago(session.lastActivity, now),
    String(locks.length),
    ...(hasRequests ? [session.pr ?? ''] : []),
  ])
  const heading = ['  SESSION', 'STATE', 'WORKS ON', 'OWNER', 'STARTED', 'LAST SEEN', 'LOCKS']
  return table(palette, hasRequests ? [...heading, 'PULL REQUEST'] : heading, rows)
}

/** `project / task`, as far as they are known. */
export function workOf(session: Session): string {
  return [session.project, session.task].filter((part) => part !== undefined).join(' / ')
}

/** One session as `--json` prints it. */
export function sessionJson(view: SessionRow): object {
  const { session, state, mine, locks } = view
  const { id, owner, createdAt, lastActivity, ttl, fence, revoked } = session
  return {
    id,
    state,
    mine,
    owner,
    project: session.project ?? null,
    task: session.task ?? null,
    worktree: session.worktree ?? null,
    pr: session.pr ?? null,
    createdAt,
    lastActivity,
    ttl,
    fence,
    locks: locks.map(({ record }) => record.key),
    revoked,
  }
}
