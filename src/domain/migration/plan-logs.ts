import type { LogEvent, OldEventName, SessionId } from '../record.ts'
import type { OldEvent } from './old-state.ts'
import type { MigrationItem, Plan } from './plan.ts'
import { idKey } from './unite-sessions.ts'

/** Events that a log keeps (design §3), and the characters of its data that one event keeps. */
const MOST_EVENTS = 500
const MOST_DATA = 500

export interface LogPlan {
  readonly logs: Plan['logs']
  readonly items: readonly MigrationItem[]
}

/**
 * The audit log as the logs of the sessions that come over, by their ids as refs have them. Lines of others
 * stay in the old file, as do all but the last 500 of a session.
 */
export function planLogs(events: readonly OldEvent[], brought: ReadonlyMap<string, SessionId>): LogPlan {
  const bySession = new Map<SessionId, OldEvent[]>()
  let others = 0
  for (const event of events) {
    const session = event.session === null ? undefined : brought.get(idKey(event.session))
    if (session === undefined) others += 1
    else {
      const mine = bySession.get(session)
      if (mine === undefined) bySession.set(session, [event])
      else mine.push(event)
    }
  }
  const file = 'audit.log'
  const item = (name: string, isBrought: boolean, why: string): MigrationItem => {
    return { what: 'log', name, file, brought: isBrought, why }
  }
  const logs = [...bySession].map(([session, mine]) => ({ session, events: logOf(session, mine) }))
  return {
    logs,
    items: [
      ...[...bySession].map(([session, mine]) => item(session, true, countText(mine.length))),
      ...(others === 0
        ? []
        : [item(file, false, `${linesText(others)} of sessions that are not brought over`)]),
    ],
  }
}

function linesText(count: number): string {
  return `${count} ${count === 1 ? 'line' : 'lines'}`
}

function countText(count: number): string {
  const events = `${count} ${count === 1 ? 'event' : 'events'}`
  return count > MOST_EVENTS ? `${events}, of which the last ${MOST_EVENTS}` : events
}

function logOf(session: SessionId, events: readonly OldEvent[]): LogEvent[] {
  const sorted = [...events].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
  return sorted.slice(-MOST_EVENTS).map(({ at, event, data }) => ({
    at,
    event: event as OldEventName,
    session,
    ...(data === null ? {} : { why: data.slice(0, MOST_DATA) }),
  }))
}
