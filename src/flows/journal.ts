import type { LogEvent, SessionId } from '../domain/record.ts'
import { logRef, META_REF, type RefName } from '../store/ref-names.ts'
import { STORE_SCHEMA } from '../store/schema.ts'
import type { Change, Snapshot } from '../store/store.ts'
import { checkMeta, type Workspace } from './workspace.ts'

/** The refs that {@link withJournal} needs in its snapshot. */
export function journalRefs(actor: SessionId): RefName[] {
  return [META_REF, logRef(actor)]
}

/**
 * `changes` with what every transaction carries: the actor's log with `events` added (design §5, Log),
 * and the meta record where there is none yet. A log that cannot be read is left as it is, and said.
 * Without an actor nothing is logged.
 */
export function withJournal(
  workspace: Workspace,
  snapshot: Snapshot,
  actor: SessionId | null,
  events: readonly LogEvent[],
  changes: readonly Change[],
): Change[] {
  const log = actor === null ? [] : logChange(workspace, snapshot, actor, events)
  return [...changes, ...log, ...metaChange(workspace, snapshot)]
}

function logChange(
  workspace: Workspace,
  snapshot: Snapshot,
  actor: SessionId,
  events: readonly LogEvent[],
): Change[] {
  const ref = logRef(actor)
  const from = snapshot.get(ref) ?? null
  const added = events.map(shortened)
  if (from === null) return [{ ref, from, to: { kind: 'log', events: added } }]
  if (!from.content.ok || from.content.record.kind !== 'log') {
    workspace.around.say(`warning: the log at "${ref}" cannot be read; it is left as it is`)
    return []
  }
  return [{ ref, from, to: { kind: 'log', events: [...from.content.record.events, ...added] } }]
}

/** The event with its first keys: one that names a thousand would push all others out. */
function shortened(event: LogEvent): LogEvent {
  const { keys = [] } = event
  if (keys.length <= MOST_KEYS) return event
  return { ...event, keys: keys.slice(0, MOST_KEYS), omitted: keys.length - MOST_KEYS }
}

/** Keys that one event names. */
const MOST_KEYS = 50

function metaChange(workspace: Workspace, snapshot: Snapshot): Change[] {
  if (checkMeta(snapshot, 'write') !== null) return []
  const id = workspace.around.randomWord()
  return [{ ref: META_REF, from: null, to: { kind: 'meta', schema: STORE_SCHEMA, minReader: 1, id } }]
}
