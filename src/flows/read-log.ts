import type { LogEvent, SessionId } from '../domain/record.ts'
import { LOGS_REF, logRef } from '../store/ref-names.ts'
import type { Entry } from '../store/store.ts'
import { resolveSessionId } from './session-id.ts'
import { checkMeta, type Workspace } from './workspace.ts'

export interface LogRequest {
  /** One session's events alone, as the user names it. */
  readonly of?: string
  /** Events from then on, in milliseconds since the epoch. */
  readonly since?: number
}

export interface LogAnswer {
  /** Oldest first. */
  readonly events: readonly LogEvent[]
  /** Logs that cannot be read. */
  readonly damaged: readonly Entry[]
}

/** The events of all sessions in one order: by time, and of one moment by session. Throws DW_AMBIGUOUS. */
export async function readLog(workspace: Workspace, request: LogRequest): Promise<LogAnswer> {
  const only = request.of === undefined ? undefined : await resolveSessionId(workspace, request.of)
  // others write into their own logs what they did to this session
  const snapshot = await workspace.store.read({ refs: [LOGS_REF] })
  checkMeta(snapshot, 'read')
  const entries = [...snapshot.values()]
  const events = entries.flatMap(({ content }) =>
    content.ok && content.record.kind === 'log' ? content.record.events : [],
  )
  const since = request.since ?? Number.NEGATIVE_INFINITY
  const wanted = events.filter((event) => Date.parse(event.at) >= since && concerns(event, only))
  const damaged = entries.filter(
    ({ ref, content }) => !content.ok && (only === undefined || ref === logRef(only)),
  )
  return { events: wanted.sort(inOrder), damaged }
}

function concerns(event: LogEvent, session: SessionId | undefined): boolean {
  return session === undefined || [event.session, event.from, event.by].includes(session)
}

function inOrder(a: LogEvent, b: LogEvent): number {
  const left = `${a.at}\0${a.session}`
  const right = `${b.at}\0${b.session}`
  return left < right ? -1 : left > right ? 1 : 0
}
