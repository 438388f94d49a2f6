import { lockName, parseKey } from '../../src/domain/key.ts'
import type { BlobId, Lock, LogEvent, Project, Result, Session, SessionId } from '../../src/domain/record.ts'
import type { DwRecord, Log } from '../../src/store/codec.ts'
import {
  activeRef,
  endedRef,
  lockRef,
  logRef,
  META_REF,
  projectRef,
  type RefName,
  resultRef,
} from '../../src/store/ref-names.ts'
import type { Meta } from '../../src/store/schema.ts'

/** Sound records for tests of the store. */

export const SESSION_ID = 'SESS-0123456789' as SessionId
export const NOON = '2026-03-01T12:00:00.000Z'
const OID = 'a'.repeat(40) as BlobId

export function sampleSession(fields: Partial<Session> = {}): Session {
  return {
    kind: 'session',
    id: SESSION_ID,
    status: 'active',
    owner: { user: 'ann', host: 'mill', clone: 'clone-1', agent: 'claude' },
    project: 'app',
    task: 'T-1',
    worktree: { path: '/home/ann/w', branch: 'feature/T-1', base: 'b'.repeat(40), createdAt: NOON },
    createdAt: NOON,
    lastActivity: NOON,
    ttl: 86_400,
    fence: 3,
    revoked: [{ key: 'src', lock: OID, by: 'SESS-AAAAAAAAAA', at: NOON, why: 'steal' }],
    ...fields,
  }
}

export function sampleLock(key: string, fields: Partial<Lock> = {}): Lock {
  return {
    kind: 'lock',
    id: 'L1',
    key,
    session: SESSION_ID,
    owner: { user: 'ann', host: 'mill', clone: 'clone-1' },
    why: 'new error format – Ärger',
    claim: 'C1',
    acquiredAt: NOON,
    ttl: 7200,
    ...fields,
  }
}

export function sampleProject(fields: Partial<Project> = {}): Project {
  return {
    kind: 'project',
    id: 'P1',
    name: 'Web',
    path: 'packages/web',
    base: 'origin/main',
    branch: 'web/{task}',
    ...fields,
  }
}

export function sampleResult(fields: Partial<Result> = {}): Result {
  return {
    kind: 'result',
    id: 'R1',
    project: 'app',
    task: 'T-1',
    status: 'passed',
    session: SESSION_ID,
    branch: 'feature/T-1',
    head: OID,
    base: 'b'.repeat(40),
    pr: 'https://example.com/pull/7',
    summary: 'the parser reads Ärger',
    files: ['src/a.ts', 'docs/ä.md'],
    omitted: 2,
    at: NOON,
    ...fields,
  }
}

export function sampleEvent(fields: Partial<LogEvent> = {}): LogEvent {
  return { at: NOON, event: 'claim', session: SESSION_ID, keys: ['src'], why: 'a\nb', ...fields }
}

export function sampleLog(
  events: readonly LogEvent[] = [sampleEvent({ event: 'start' }), sampleEvent()],
): Log {
  return { kind: 'log', events }
}

export const SAMPLE_META: Meta = { kind: 'meta', schema: 1, minReader: 1, id: 'store-1' }

/** The ref of a path's or task's lock, by the key as it is printed. */
export const refOf = (key: string): RefName => lockRef(lockName(parseKey(key)))

export const LOG_REF = logRef(SESSION_ID)

/** Every kind of record, at a ref that it may stand at. */
export const SAMPLES: readonly (readonly [RefName, DwRecord])[] = [
  [activeRef(SESSION_ID), sampleSession()],
  [endedRef(SESSION_ID), sampleSession({ status: 'ended' })],
  [refOf('src'), sampleLock('src')],
  [refOf('task:app/T-1'), sampleLock('task:app/T-1', { branch: 'feature/T-1' })],
  [refOf('project:web'), sampleLock('project:web', { with: 'packages/web' })],
  [projectRef('web'), sampleProject()],
  [resultRef({ project: 'app', task: 'T-1' }), sampleResult()],
  [LOG_REF, sampleLog()],
  [META_REF, SAMPLE_META],
]

/** A record as plain fields. */
export const fieldsOf = (record: DwRecord): Record<string, unknown> => JSON.parse(JSON.stringify(record))

/** A value as the bytes of a blob. */
export const bytesOf = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`)

/** The bytes of a record as another program might have written it, with some fields changed. */
export const altered = (record: DwRecord, fields: Record<string, unknown>): Buffer =>
  bytesOf({ ...fieldsOf(record), v: 1, rev: 1, nonce: 'n', ...fields })
