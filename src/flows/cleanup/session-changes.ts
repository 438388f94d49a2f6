import type { Holding } from '../../domain/claim.ts'
import { type CleanupItem, judge } from '../../domain/cleanup.ts'
import { formatDuration } from '../../domain/duration.ts'
import { formatKey } from '../../domain/key.ts'
import type { LogEvent, Revocation, Session, SessionId } from '../../domain/record.ts'
import { absentSession, expiredSession, revoke } from '../../domain/session.ts'
import { activeRef, endedRef, logRef } from '../../store/ref-names.ts'
import type { Change, Snapshot } from '../../store/store.ts'
import { entryOf } from '../ground.ts'
import { withJournal } from '../journal.ts'
import { timestamp, type Workspace } from '../workspace.ts'
import { leftActive, type Survey } from './survey.ts'

/** What is done to one session and its locks, as one part of a transaction. */
export interface SessionStep {
  readonly id: SessionId
  readonly items: readonly CleanupItem[]
  readonly changes: readonly Change[]
  readonly event: LogEvent
}

/**
 * What is to be done to the sessions and locks of a survey (design §5): silent sessions move to `ended/`,
 * expired and void locks go. Each step rewrites the session in the transaction that takes its locks, leased on
 * what was read, so that a heartbeat or a claim meanwhile makes it fail.
 */
export function sessionSteps(workspace: Workspace, survey: Survey): SessionStep[] {
  const { ground, stays, orphans, me } = survey
  const known = stays.flatMap((stay): SessionStep[] => {
    const { id } = stay.session
    const { expires, drop } = judge(stay, me, ground.vantage)
    const left = leftActive(ground, id)
    if (!expires && drop.length === 0 && !left) return []
    return [stepOf(workspace, survey, stay.session, { expires, drop, left })]
  })
  const absent = [...orphans].map(([id, locks]) => absentStep(workspace, survey, id, locks))
  return [...known, ...absent]
}

function stepOf(
  workspace: Workspace,
  survey: Survey,
  session: Session,
  verdict: { readonly expires: boolean; readonly drop: readonly Holding[]; readonly left: boolean },
): SessionStep {
  const { ground } = survey
  const { expires, drop, left } = verdict
  const { id } = session
  const at = timestamp(workspace)
  const found = ground.sessions.get(id)
  if (found === undefined) throw new Error(`a session without its entry: ${id}`)
  const notes = drop.map((holding) => noteOf(holding, survey.by, at))
  const active = ground.snapshot.get(activeRef(id)) ?? null
  const silence = `silent for ${formatDuration((ground.vantage.now - Date.parse(session.lastActivity)) / 1000)}`
  const record: Change[] = expires
    ? [
        { ref: endedRef(id), from: null, to: expiredSession(session, at, notes) },
        { ref: activeRef(id), from: active, to: null },
      ]
    : [
        ...(drop.length === 0
          ? []
          : [{ ref: found.entry.ref, from: found.entry, to: revoke(session, notes) }]),
        ...(left ? [{ ref: activeRef(id), from: active, to: null }] : []),
      ]
  const item = (why: string): CleanupItem => ({ what: 'session', name: id, why, done: false })
  return {
    id,
    items: [
      ...(expires ? [item(silence)] : left ? [item('it has ended; a part of its end was cut short')] : []),
      ...drop.map((holding) =>
        lockItem(holding, expires || !found.ended ? silence : 'its session has ended'),
      ),
    ],
    changes: [...record, ...deletions(survey, drop)],
    event: eventOf(survey, id, at, drop, expires ? 'expired' : 'expired locks'),
  }
}

function absentStep(
  workspace: Workspace,
  survey: Survey,
  id: SessionId,
  locks: readonly Holding[],
): SessionStep {
  const at = timestamp(workspace)
  const [first] = locks
  if (first === undefined) throw new Error('an absent session without a lock')
  const notes = locks.map((holding) => noteOf(holding, survey.by, at))
  const to = absentSession(first.record, at, workspace.settings.sessionTtl, notes)
  return {
    id,
    items: locks.map((holding) => lockItem(holding, 'its session is gone')),
    changes: [{ ref: activeRef(id), from: null, to }, ...deletions(survey, locks)],
    event: eventOf(survey, id, at, locks, 'its session is gone'),
  }
}

/** A step's transaction, or that of several: with the events in my log, else in those of the sessions. */
export function journaled(
  workspace: Workspace,
  survey: Survey,
  logs: Snapshot,
  steps: readonly SessionStep[],
): Change[] {
  const snapshot: Snapshot = new Map([...survey.ground.snapshot, ...logs])
  const changes = steps.flatMap((step) => step.changes)
  if (survey.me !== null) {
    const events = steps.map(({ event }) => event)
    return withJournal(workspace, snapshot, survey.me, events, changes)
  }
  const all = steps.reduce<Change[]>(
    (soFar, { id, event }) => withJournal(workspace, snapshot, id, [event], soFar),
    changes,
  )
  // the record that every transaction carries where it is missing stands in it once
  return [...new Map(all.map((change) => [change.ref, change])).values()]
}

/** The logs that the events of `steps` go to. */
export function logsOf(survey: Survey, steps: readonly SessionStep[]) {
  return survey.me === null ? steps.map(({ id }) => logRef(id)) : [logRef(survey.me)]
}

function noteOf(holding: Holding, by: string, at: string): Revocation {
  return { key: holding.record.key, lock: holding.oid, by, at, why: 'expired' }
}

function lockItem(holding: Holding, why: string): CleanupItem {
  const reason = holding.state === 'void' ? 'taken already' : why
  return {
    what: 'lock',
    name: formatKey(holding.key),
    why: `of ${holding.record.session}: ${reason}`,
    done: false,
  }
}

function deletions(survey: Survey, locks: readonly Holding[]): Change[] {
  return locks.map((holding) => {
    const entry = entryOf(survey.ground, holding)
    return { ref: entry.ref, from: entry, to: null }
  })
}

/** Another's session is `from`, where it is logged with mine; in its own log it says `by` whom. */
function eventOf(
  survey: Survey,
  id: SessionId,
  at: string,
  locks: readonly Holding[],
  why: string,
): LogEvent {
  const keys = locks.map(({ record }) => record.key)
  const { me, by } = survey
  const who = me === null ? { session: id, by } : { session: me, from: id }
  return { at, event: 'cleanup', ...who, keys, why }
}
