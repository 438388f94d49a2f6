import { type CleanupItem, isForgettable, isPastRetention } from '../../domain/cleanup.ts'
import { formatDuration } from '../../domain/duration.ts'
import { endOf } from '../../domain/session.ts'
import { deleteRef, listRefs } from '../../git/refs.ts'
import { ACTIVE_REF, ENDED_REF, LOGS_REF, logRef, type RefName } from '../../store/ref-names.ts'
import type { Change, Entry, Snapshot } from '../../store/store.ts'
import { listRescues } from '../rescue/list-rescues.ts'
import type { Workspace } from '../workspace.ts'
import { leftActive, type Survey } from './survey.ts'

/** Something that has been kept for as long as it should be. */
export interface Outdated {
  readonly item: CleanupItem
  /** How it goes: with others in one transaction, or for itself; whether that did it, or somebody else was faster. */
  readonly drop: readonly Change[] | (() => Promise<boolean>)
}

/**
 * What of the past has been kept for `dw.retention`: ended sessions together with their logs, logs of
 * sessions without a record, rescues. What cannot be read is named, and stays.
 */
export async function outdated(workspace: Workspace, survey: Survey): Promise<Outdated[]> {
  const names = (await listRefs(workspace.git, [LOGS_REF])).map(({ ref }) => ref as RefName)
  const forgettable = forgettableSessions(workspace, survey)
  const logs = new Set(names)
  const withLog = forgettable.map(({ session }) => logRef(session.id)).filter((ref) => logs.has(ref))
  const alone = names.filter((ref) => !hasSession(survey, ref))
  const wanted = [...new Set([...withLog, ...alone])]
  const read = wanted.length === 0 ? new Map() : await workspace.store.read({ refs: wanted })
  return [
    ...forgettable.flatMap((stay) => outdatedSession(workspace, survey, stay, read)),
    ...alone.flatMap((ref) => outdatedLog(workspace, read.get(ref))),
    ...(await outdatedRescues(workspace)),
  ]
}

function forgettableSessions(workspace: Workspace, survey: Survey) {
  const { retention } = workspace.settings
  const now = workspace.around.now()
  return survey.stays.filter(
    (stay) => isForgettable(stay, retention, now) && !leftActive(survey.ground, stay.session.id),
  )
}

function hasSession(survey: Survey, log: RefName): boolean {
  const name = log.slice(LOGS_REF.length)
  return [ACTIVE_REF, ENDED_REF].some((root) => survey.ground.snapshot.has(`${root}${name}`))
}

function outdatedSession(
  workspace: Workspace,
  survey: Survey,
  stay: Survey['stays'][number],
  logs: Snapshot,
): Outdated[] {
  const { id, status } = stay.session
  const found = survey.ground.sessions.get(id)
  if (found === undefined) return []
  const log = logs.get(logRef(id))
  const drop = log?.content.ok ? [found.entry, log] : [found.entry]
  const why = `${status} ${age(workspace, endOf(stay.session))} ago`
  const item: CleanupItem = { what: 'ended-session', name: id, why, done: false }
  return [{ item, drop: drop.map(deletion) }, ...(log === undefined || log.content.ok ? [] : [left(log)])]
}

function outdatedLog(workspace: Workspace, entry: Entry | undefined): Outdated[] {
  if (entry === undefined) return []
  const { content } = entry
  if (!content.ok || content.record.kind !== 'log') return [left(entry)]
  const last = content.record.events.at(-1)
  const time = last === undefined ? 0 : Date.parse(last.at)
  if (!isPastRetention(time, workspace.settings.retention, workspace.around.now())) return []
  const name = last?.session ?? entry.ref
  const why =
    last === undefined ? 'it is empty' : `its session is gone; last event ${age(workspace, time)} ago`
  const item: CleanupItem = { what: 'log', name, why, done: false }
  return [{ item, drop: [deletion(entry)] }]
}

async function outdatedRescues(workspace: Workspace): Promise<Outdated[]> {
  const { retention } = workspace.settings
  const rescues = await listRescues(workspace)
  return rescues.flatMap(({ name, ref, commit, rescue }): Outdated[] => {
    const time = rescue === null ? Number.NaN : Date.parse(rescue.at)
    if (Number.isNaN(time)) return [leftAt(ref, 'cannot be read')]
    if (!isPastRetention(time, retention, workspace.around.now())) return []
    const item: CleanupItem = {
      ...{ what: 'rescue', name, done: false },
      why: `kept ${age(workspace, time)} ago, of "${rescue?.path ?? ''}"`,
    }
    return [{ item, drop: () => deleteRef(workspace.git, ref, commit) }]
  })
}

/** A record that cannot be read, as an item that stays. */
export function left({ ref, content }: Entry): Outdated {
  const problem = content.ok ? 'belongs to a session whose record cannot be read' : content.problem
  return leftAt(ref, problem)
}

function leftAt(ref: string, problem: string): Outdated {
  const why = `${problem}; it is left as it is`
  return { item: { what: 'damaged', name: ref, why, done: false, stays: true }, drop: [] }
}

function deletion(entry: Entry): Change {
  return { ref: entry.ref, from: entry, to: null }
}

/** How long ago, in words. `time` in milliseconds. */
function age(workspace: Workspace, time: number): string {
  return formatDuration((workspace.around.now() - time) / 1000)
}
