import type { Event, History, RefMove } from './history.ts'

/** A history in lines that a person can follow; moves of logs are left out. */
export function tell(history: History): string {
  const start = history.events[0]?.time ?? 0
  return history.events
    .map((event, at) => ({ at, event }))
    .filter(({ event }) => !('move' in event && event.move.ref.startsWith('refs/dw/log/')))
    .map(({ at, event }) => `${at} +${(event.time - start) / 1000}s ${line(history, event)}`)
    .join('\n')
}

function line(history: History, event: Event): string {
  switch (event.kind) {
    case 'called': {
      const { id, clone, session, kind, keys } = event.call
      return `${clone} #${id} ${kind} ${keys.join(' ')} ${session ?? ''}`
    }
    case 'answered':
      return `#${event.call} said ${event.answer.code ?? 'done'}`
    case 'killed':
      return `#${event.call} was killed`
    case 'arbiter emptied':
      return 'the arbiter was emptied'
    case 'arbiter moved':
      return `ARBITER by #${event.call} (${event.transaction}): ${moved(history, event.move)}`
    case 'clone moved':
      return `${event.clone}: ${moved(history, event.move)}`
  }
}

function moved(history: History, { ref, from, to }: RefMove): string {
  return `${ref.replace('refs/dw/', '')} ${told(history, from)} -> ${told(history, to)}`
}

function told(history: History, oid: string | null): string {
  if (oid === null) return '-'
  const record = history.record(oid)
  if (record === null) return oid.slice(0, 7)
  const { session, rev, fence, status, revoked, lastActivity } = record
  const notes = (Array.isArray(revoked) ? revoked : []).map(
    ({ key, lock }) => `${key}@${String(lock).slice(0, 7)}`,
  )
  const words =
    fence === undefined
      ? [session, `rev ${rev}`]
      : [status, `rev ${rev}`, `fence ${fence}`, lastActivity, notes.length > 0 ? `lost ${notes}` : '']
  return `${oid.slice(0, 7)} (${words.join(' ').trim()})`
}
