import { ago } from '../domain/duration.ts'
import type { LogEvent } from '../domain/record.ts'
import type { Palette } from './palette.ts'
import { type Cell, table } from './table.ts'

/** The table of `git dw log`. `now` in milliseconds. */
export function eventTable(palette: Palette, events: readonly LogEvent[], now: number): string {
  const rows = events.map((event): Cell[] => [
    ago(event.at, now),
    event.session,
    { text: event.event, style: palette.bold },
    keysOf(event),
    whoOf(event),
    event.why ?? '',
  ])
  return table(palette, ['WHEN', 'SESSION', 'EVENT', 'KEYS', 'WHOM', 'WHY'], rows)
}

function keysOf({ keys = [], omitted = 0 }: LogEvent): string {
  return [...keys, ...(omitted === 0 ? [] : [`and ${omitted} more`])].join(', ')
}

function whoOf({ from, by }: LogEvent): string {
  if (from !== undefined) return `from ${from}`
  return by === undefined ? '' : `by ${by}`
}

/** One event as `--json` lists it. */
export function eventJson(event: LogEvent): object {
  return {
    at: event.at,
    session: event.session,
    event: event.event,
    keys: event.keys ?? [],
    omitted: event.omitted ?? 0,
    from: event.from ?? null,
    by: event.by ?? null,
    why: event.why ?? null,
  }
}
