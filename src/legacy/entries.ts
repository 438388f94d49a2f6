import type { OldEvent, OldLock, OldProject, OldSession, Source } from '../domain/migration/old-state.ts'
import { sessionIdProblem } from '../domain/migration/session-id.ts'
import type { SessionId } from '../domain/record.ts'
import * as formats from './formats.ts'

/** An old entry in the words of the domain, or why it is none. */
export type Parsed<E> = { readonly entry: E } | { readonly problem: string }

/** How far ahead a time may be before a clock was wrong, in milliseconds. */
const CLOCK_TOLERANCE = 86_400_000

type Value = Readonly<Record<string, unknown>>

/** Whether v1's `active.json` says that there is no session. */
export function isEmptyV1(value: unknown): boolean {
  return formats.problemWith(formats.isV1Empty, value) === null
}

/** v1's `active.json`. `now` in milliseconds since the epoch. */
export function v1Session(value: unknown, source: Source, now: number): Parsed<OldSession> {
  return parsed(formats.isV1, value, ['startTime'], now, 'sessionId', (v1) => {
    const project = textOf(v1, 'activeProject')
    const at = timeOf(v1, 'startTime')
    return {
      ...source,
      id: v1['sessionId'] as SessionId,
      project: project === null ? null : { id: project, name: null, path: null },
      ...{ task: null, worktree: null, pr: null, locks: [] },
      status: v1['status'] === 'active' ? 'active' : 'ended',
      createdAt: at,
      lastActivity: at,
    }
  })
}

/** An entry of v2's `sessions.json`. */
export function registrySession(value: unknown, source: Source, now: number): Parsed<OldSession> {
  return parsed(formats.isRegistryEntry, value, SESSION_TIMES, now, 'id', (entry) => {
    const project = textOf(entry, 'projectId')
    const path = textOf(entry, 'worktreePath')
    return {
      ...source,
      id: entry['id'] as SessionId,
      project: project === null ? null : { id: project, name: textOf(entry, 'projectName'), path: null },
      task: textOf(entry, 'taskId'),
      worktree: path === null ? null : { path, branch: null, createdAt: null },
      ...{ pr: null, locks: [] },
      ...lifeOf(entry),
    }
  })
}

/** A file in v2's `sessions/`. */
export function fileSession(value: unknown, source: Source, now: number): Parsed<OldSession> {
  return parsed(formats.isSessionFile, value, SESSION_TIMES, now, 'id', (file) => {
    const project = objectIn(file, 'project')
    const worktree = objectIn(file, 'worktree')
    return {
      ...source,
      id: file['id'] as SessionId,
      project:
        project === null
          ? null
          : { id: String(project['id']), name: textOf(project, 'name'), path: textOf(project, 'path') },
      task: textOf(file, 'currentTask'),
      worktree:
        worktree === null
          ? null
          : {
              path: String(worktree['path']),
              branch: textOf(worktree, 'branch'),
              createdAt: textOf(worktree, 'createdAt') === null ? null : timeOf(worktree, 'createdAt'),
            },
      pr: textOf(file, 'prUrl'),
      locks: (file['locks'] ?? []) as string[],
      ...lifeOf(file),
    }
  })
}

/** An entry of `locks.json`. */
export function lockEntry(value: unknown, source: Source, now: number): Parsed<OldLock> {
  return parsed(formats.isLockEntry, value, ['acquiredAt'], now, null, (lock) => ({
    ...source,
    id: String(lock['lockId']),
    projectId: textOf(lock, 'projectId'),
    taskId: textOf(lock, 'taskId'),
    ownerId: String(lock['ownerId']),
    acquiredAt: timeOf(lock, 'acquiredAt'),
    expiresAt: timeOf(lock, 'expiresAt'),
    status: lock['status'] as OldLock['status'],
  }))
}

/** An entry of `registry/projects.json`. */
export function projectEntry(value: unknown, source: Source, now: number): Parsed<OldProject> {
  return parsed(formats.isProjectEntry, value, [], now, null, (project) => ({
    ...source,
    id: String(project['id']),
    name: String(project['name']),
    path: String(project['path']),
  }))
}

/** A line of `audit.log`. */
export function auditLine(value: unknown, source: Source, now: number): Parsed<OldEvent> {
  return parsed(formats.isAuditLine, value, ['timestamp'], now, null, (line) => ({
    ...source,
    at: timeOf(line, 'timestamp'),
    event: String(line['event']),
    session: textOf(line, 'sessionId'),
    data: dataText(line['data']),
  }))
}

const SESSION_TIMES = ['createdAt', 'lastActivity']

function parsed<E>(
  format: Parameters<typeof formats.problemWith>[0],
  value: unknown,
  times: readonly string[],
  now: number,
  idField: string | null,
  make: (value: Value) => E,
): Parsed<E> {
  const problem = formats.problemWith(format, value)
  if (problem !== null) return { problem }
  const fields = value as Value
  const ahead = times.find((name) => Date.parse(String(fields[name])) > now + CLOCK_TOLERANCE)
  if (ahead !== undefined) return { problem: `${ahead}: ${String(fields[ahead])} is still to come` }
  const badId = idField === null ? null : sessionIdProblem(String(fields[idField]))
  if (badId !== null)
    return { problem: `"${String(fields[idField ?? ''])}" cannot be a session's id: it ${badId}` }
  return { entry: make(fields) }
}

function lifeOf(value: Value): Pick<OldSession, 'status' | 'createdAt' | 'lastActivity'> {
  return {
    status: value['status'] as OldSession['status'],
    createdAt: timeOf(value, 'createdAt'),
    lastActivity: timeOf(value, 'lastActivity'),
  }
}

function timeOf(value: Value, name: string): string {
  return new Date(String(value[name])).toISOString()
}

/** A text; null where it is missing or empty. */
function textOf(value: Value, name: string): string | null {
  const text = value[name]
  return typeof text === 'string' && text !== '' ? text : null
}

function objectIn(value: Value, name: string): Value | null {
  const found = value[name]
  return typeof found === 'object' && found !== null ? (found as Value) : null
}

function dataText(data: unknown): string | null {
  if (data === undefined || data === null) return null
  const text = typeof data === 'string' ? data : JSON.stringify(data)
  return text === '' || text === '{}' || text === '[]' ? null : text
}
