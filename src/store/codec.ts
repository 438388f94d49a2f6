import { DwError } from '../domain/error.ts'
import { lockName, parseKey } from '../domain/key.ts'
import type { Lock, LogEvent, Project, Result, Session } from '../domain/record.ts'
import {
  activeRef,
  ENDED_REF,
  endedRef,
  lockRef,
  META_REF,
  PROJECTS_REF,
  projectRef,
  RESULTS_REF,
  type RefName,
  resultRef,
} from './ref-names.ts'
import {
  checkLock,
  checkLogEvent,
  checkMeta,
  checkProject,
  checkResult,
  checkSession,
  type Meta,
  RECORD_VERSION,
} from './schema.ts'

/** Limits of design §4, in bytes: records are other people's input. */
export const MAX_RECORD_BYTES = 64 * 1024
/** Logs, and sessions: one may have lost a thousand locks. */
export const MAX_LONG_RECORD_BYTES = 256 * 1024
const LONG_RECORD = /^refs\/dw\/(?:log|active|ended)\//
/** The events that a log keeps. */
export const MAX_LOG_EVENTS = 500
const MAX_DEPTH = 32

/** A session's events, oldest first. */
export interface Log {
  readonly kind: 'log'
  readonly events: readonly LogEvent[]
}

/** Anything a ref under `refs/dw` may hold in this release. */
export type DwRecord = Session | Lock | Project | Result | Log | Meta

/**
 * What was found in a blob: a record, or why it is none. `newer` tells a newer version from damage;
 * `file` is the ref's own file where git cannot read even that.
 */
export type Decoded =
  | { readonly ok: true; readonly record: DwRecord; readonly rev: number }
  | { readonly ok: false; readonly problem: string; readonly newer: boolean; readonly file?: string }

/**
 * Reads the blob that `ref` points at. It never throws: what is not understood is told, so that the
 * caller can count it as held and leave it as it is (design §4).
 */
export function decode(ref: RefName, bytes: Uint8Array): Decoded {
  const limit = LONG_RECORD.test(ref) ? MAX_LONG_RECORD_BYTES : MAX_RECORD_BYTES
  if (bytes.length > limit) return damaged(`is larger than ${limit / 1024} KiB`)
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  if (ref.startsWith('refs/dw/log/')) return decodeLog(text)
  const value = parseJson(text)
  if (!isJsonObject(value)) return damaged('is not a JSON object')
  if (ref === META_REF) return accept(checkMeta(value), value)
  if (typeof value['v'] === 'number' && value['v'] > RECORD_VERSION) {
    return {
      ok: false,
      newer: true,
      problem: `has version ${value['v']}; this git dw reads ${RECORD_VERSION}`,
    }
  }
  if (value['v'] !== RECORD_VERSION) return damaged('has no version')
  return decodeRecord(ref, value)
}

function decodeRecord(ref: RefName, value: JsonObject): Decoded {
  if (ref.startsWith('refs/dw/locks/')) {
    const checked = checkLock(value)
    if ('record' in checked && lockRef(lockName(parseKey(checked.record.key))) !== ref) {
      return damaged('names another key than its ref')
    }
    return accept(checked, value)
  }
  if (ref.startsWith(`${PROJECTS_REF}/`)) {
    const checked = checkProject(value)
    if ('record' in checked && projectRef(checked.record.name) !== ref) {
      return damaged('names another project than its ref')
    }
    return accept(checked, value)
  }
  if (ref.startsWith(`${RESULTS_REF}/`)) {
    const checked = checkResult(value)
    if ('record' in checked && resultRef(checked.record) !== ref) {
      return damaged('names another task than its ref')
    }
    return accept(checked, value)
  }
  const checked = checkSession(value)
  if ('record' in checked) {
    const belongs = ref.startsWith(`${ENDED_REF}/`) ? endedRef : activeRef
    if (belongs(checked.record.id) !== ref) return damaged('names another session than its ref')
  }
  return accept(checked, value)
}

function accept(checked: { record: DwRecord } | { problem: string }, value: JsonObject): Decoded {
  if ('problem' in checked) return damaged(checked.problem)
  return { ok: true, record: checked.record, rev: typeof value['rev'] === 'number' ? value['rev'] : 0 }
}

function decodeLog(text: string): Decoded {
  const events: LogEvent[] = []
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const value = parseJson(line)
    const checked = isJsonObject(value) ? checkLogEvent(value) : { problem: 'is not a JSON object' }
    if ('problem' in checked) return damaged(`line ${events.length + 1} ${checked.problem}`)
    events.push(checked.record)
  }
  return { ok: true, record: { kind: 'log', events }, rev: 0 }
}

/**
 * The bytes of `record`: canonical JSON (keys sorted, no white space, one newline), stamped with the
 * version, a `rev` that counts up and a `nonce`, because identical bytes make a lost race look won.
 * Throws DW_USAGE for a record that would be larger than design §4 allows.
 */
export function encode(record: DwRecord, stamp: { readonly rev: number; readonly nonce: string }): Buffer {
  if (record.kind === 'log') return encodeLog(record)
  const stamped =
    record.kind === 'meta'
      ? { ...record, kind: undefined }
      : { ...record, v: RECORD_VERSION, rev: stamp.rev, nonce: stamp.nonce }
  const bytes = Buffer.from(`${canonicalJson(stamped)}\n`, 'utf8')
  const limit = record.kind === 'session' ? MAX_LONG_RECORD_BYTES : MAX_RECORD_BYTES
  if (bytes.length > limit) throw tooLarge(record, limit)
  return bytes
}

/** What no reader would take is not written. */
function tooLarge(record: DwRecord, limit: number): DwError {
  const of = record.kind === 'session' ? `session ${record.id}` : record.kind
  const hints =
    record.kind === 'result'
      ? ['say less with --summary, or name fewer --files']
      : ['name fewer keys at once, or a directory above them', 'say less with -m']
  return new DwError('DW_USAGE', `the record of the ${of} would be larger than ${limit / 1024} KiB`, {
    hints,
  })
}

function encodeLog(log: Log): Buffer {
  const lines = log.events.slice(-MAX_LOG_EVENTS).map((event) => `${canonicalJson(event)}\n`)
  let bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0)
  while (bytes > MAX_LONG_RECORD_BYTES) bytes -= Buffer.byteLength(lines.shift() ?? '')
  return Buffer.from(lines.join(''), 'utf8')
}

/** JSON with every object's keys in code unit order; fields that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`
}

type JsonObject = Readonly<Record<string, unknown>>

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parseJson(text: string): unknown {
  // an exception costs more than a record: most of what is none is seen at once
  if (!/^\s*\{/.test(text)) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return goesBelow(value, MAX_DEPTH) ? undefined : value
  } catch {
    return undefined
  }
}

/** Whether something lies more than `levels` deep in `value`. */
function goesBelow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return levels < 0
  return levels < 0 || Object.values(value).some((child) => goesBelow(child, levels - 1))
}

function damaged(problem: string): Decoded {
  return { ok: false, newer: false, problem }
}
