import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DwError } from '../../src/domain/error.ts'
import { formatKey } from '../../src/domain/key.ts'
import {
  type BlobId,
  type LogEvent,
  type Project,
  RESULT_STATUSES,
  type Result,
} from '../../src/domain/record.ts'
import {
  canonicalJson,
  type DwRecord,
  decode,
  encode,
  type Log,
  MAX_LONG_RECORD_BYTES,
  MAX_RECORD_BYTES,
} from '../../src/store/codec.ts'
import { activeRef, projectRef, resultRef } from '../../src/store/ref-names.ts'
import { pathComponents, taskNames } from '../domain/arbitrary.ts'
import {
  altered,
  bytesOf,
  fieldsOf,
  LOG_REF,
  NOON,
  SAMPLE_META,
  SAMPLES,
  SESSION_ID,
  sampleEvent,
  sampleLock,
  sampleLog,
  sampleResult,
  sampleSession,
} from './record-samples.ts'

const STAMP = { rev: 4, nonce: 'n1' }
/** Kinds that carry a version, a revision and a nonce. */
const STAMPED: ReadonlySet<string> = new Set(['session', 'lock', 'project', 'result'])
/** The value with the fields of every object in the opposite order. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, field]) => [name, turned(field)]),
  )
}

describe('canonical JSON', () => {
  test('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(turned(value))).toBe(canonicalJson(value))
      }),
    )
  })

  test('says what JSON says, on one line and without white space', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonicalJson(value)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(text).toHaveLength(JSON.stringify(value).length)
        expect(text).not.toContain('\n')
      }),
    )
  })

  test('has its fields in the order of code units and leaves out those that are undefined', () => {
    expect(canonicalJson({ b: 1, a: [{ d: null, c: undefined }], Z: 'x', '\u{1f600}': 1, '\uff5e': 2 })).toBe(
      '{"Z":"x","a":[{"d":null}],"b":1,"\u{1f600}":1,"\uff5e":2}',
    )
  })
})

describe('a record', () => {
  test.each(SAMPLES)('at %s is read as it was written', (ref, record) => {
    const decoded = decode(ref, encode(record, STAMP))
    if (!decoded.ok) throw new Error(decoded.problem)
    expect(decoded.record).toMatchObject(fieldsOf(record))
    if (STAMPED.has(record.kind)) {
      expect(decoded.rev).toBe(4)
      expect(decoded.record).toMatchObject({ v: 1, rev: 4, nonce: 'n1' })
    }
  })

  test.each(SAMPLES)('at %s has the same bytes in whatever order its fields were set', (_ref, record) => {
    expect(encode(turned(record) as DwRecord, STAMP)).toEqual(encode(record, STAMP))
  })

  test('is one line of canonical JSON with its version, revision and nonce', () => {
    expect(encode(sampleLock('src'), STAMP).toString()).toBe(
      `{"acquiredAt":"${NOON}","claim":"C1","id":"L1","key":"src","kind":"lock","nonce":"n1",` +
        '"owner":{"clone":"clone-1","host":"mill","user":"ann"},"rev":4,' +
        '"session":"SESS-0123456789","ttl":7200,"v":1,"why":"new error format – Ärger"}\n',
    )
    expect(encode(SAMPLE_META, STAMP).toString()).toBe('{"id":"store-1","minReader":1,"schema":1}\n')
  })

  test('has other bytes with another nonce, and the stamp of this write even when it was read with another', () => {
    const first = encode(sampleSession(), STAMP)
    expect(encode(sampleSession(), { ...STAMP, nonce: 'n2' })).not.toEqual(first)
    const read = decode(activeRef(SESSION_ID), first)
    if (!read.ok) throw new Error(read.problem)
    const again = JSON.parse(encode(read.record, { rev: 5, nonce: 'n3' }).toString())
    expect(again).toEqual({ ...JSON.parse(first.toString()), rev: 5, nonce: 'n3' })
  })

  test.each(SAMPLES)('at %s keeps fields that are not known here, wherever they stand', (ref, record) => {
    const extra = { colour: 'blue', nested: { list: [1, { deep: null }] } }
    const written = JSON.parse(encode(record, STAMP).toString().split('\n')[0] ?? '', (_name, value) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value, ...extra } : value,
    )
    const decoded = decode(ref, bytesOf(written))
    if (!decoded.ok) throw new Error(decoded.problem)
    const rewritten = JSON.parse(encode(decoded.record, STAMP).toString().split('\n')[0] ?? '')
    expect(rewritten).toEqual(written)
  })

  test('that is too large for any reader is not written', () => {
    const revoked = Array.from({ length: 2000 }, (_, at) => ({
      key: `src/${'directory/'.repeat(4)}file-${at}.ts`,
      lock: at.toString(16).padStart(40, '0') as BlobId,
      by: 'SESS-AAAAAAAAAA',
      at: NOON,
      why: 'steal',
    }))
    for (const record of [
      sampleSession({ revoked }),
      sampleLock('src', { why: 'x'.repeat(MAX_RECORD_BYTES) }),
    ]) {
      expect(() => encode(record, STAMP)).toThrow(DwError)
    }
  })
})

describe('a project', () => {
  // half of a surrogate pair cannot be written as UTF-8
  const isText = (text: string) => !/\p{Surrogate}/u.test(text)
  const names = taskNames.filter(isText)
  const directories = fc.oneof(
    fc.constant('.'),
    fc
      .array(pathComponents, { minLength: 1, maxLength: 6 })
      .map((parts) => formatKey({ kind: 'path', path: parts.join('/') }))
      .filter((path) => isText(path) && !/(?:^|\/)\.git(?:\/|$)/i.test(path)),
  )
  const texts = fc.string({ unit: 'binary', minLength: 1 }).filter(isText)
  const projects = fc.record(
    { name: names, path: directories, base: texts, branch: texts },
    { requiredKeys: ['name', 'path'] },
  )

  test('of any name, directory, base and template is read as it was written', () => {
    fc.assert(
      fc.property(projects, (fields) => {
        const record: Project = { kind: 'project', id: 'P1', ...fields }
        expect(decode(projectRef(record.name), encode(record, STAMP))).toMatchObject({ ok: true, record })
      }),
    )
  })
})

describe('a result', () => {
  const isText = (text: string) => !/\p{Surrogate}/u.test(text)
  const names = taskNames.filter(isText)
  const texts = fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }).filter(isText)
  const oids = fc.stringMatching(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/)
  const results = fc.record(
    {
      project: names,
      task: names,
      status: fc.constantFrom(...RESULT_STATUSES),
      branch: texts,
      head: oids,
      base: oids,
      pr: texts,
      summary: texts,
      files: fc.array(texts, { maxLength: 5 }),
      omitted: fc.nat(),
    },
    { requiredKeys: ['project', 'task', 'status', 'files'] },
  )

  test('of any task, branch, summary and files is read as it was written', () => {
    fc.assert(
      fc.property(results, (fields) => {
        const record: Result = { kind: 'result', id: 'R1', session: SESSION_ID, at: NOON, ...fields }
        expect(decode(resultRef(record), encode(record, STAMP))).toMatchObject({ ok: true, record })
      }),
    )
  })

  test('of another task than its ref says, or of an unknown status, is damaged', () => {
    const ref = resultRef({ project: 'app', task: 'T-1' })
    expect(decode(ref, altered(sampleResult(), { task: 'T-2' }))).toMatchObject({
      ok: false,
      problem: 'names another task than its ref',
    })
    expect(decode(ref, altered(sampleResult(), { task: 't-1' }))).toMatchObject({ ok: true })
    for (const fields of [{ status: 'won' }, { head: 'main' }, { files: 'a' }, { at: 'today' }, { pr: 7 }]) {
      expect(decode(ref, altered(sampleResult(), fields))).toMatchObject({ ok: false, newer: false })
    }
  })
})

describe('a record of a newer version', () => {
  test.each(SAMPLES.filter(([, { kind }]) => STAMPED.has(kind)))(
    'at %s is told from a damaged one, whatever else it says',
    (ref, record) => {
      for (const fields of [{ v: 2 }, { v: 7, ttl: 'soon', kind: 'other' }, { v: 1.5 }]) {
        expect(decode(ref, altered(record, fields))).toMatchObject({ ok: false, newer: true })
      }
      expect(decode(ref, altered(record, { v: 2 }))).toMatchObject({
        problem: 'has version 2; this git dw reads 1',
      })
    },
  )
})

describe('a log', () => {
  const read = (bytes: Uint8Array): Log['events'] => {
    const decoded = decode(LOG_REF, bytes)
    if (!decoded.ok || decoded.record.kind !== 'log') throw new Error('the log cannot be read')
    return decoded.record.events
  }
  const numbered = (count: number, why = ''): LogEvent[] =>
    Array.from({ length: count }, (_, at) => sampleEvent({ by: String(at), why }))

  test('keeps the newest 500 events', () => {
    expect(read(encode(sampleLog(numbered(500)), STAMP))).toEqual(numbered(500))
    expect(read(encode(sampleLog(numbered(503)), STAMP))).toEqual(numbered(503).slice(3))
  })

  test('keeps as many of the newest events as fit into 256 KiB', () => {
    const events = numbered(400, 'ä'.repeat(1000))
    const bytes = encode(sampleLog(events), STAMP)
    const kept = read(bytes)
    expect(kept).toEqual(events.slice(-kept.length))
    const oneMore = encode(sampleLog(events.slice(-kept.length - 1, -kept.length)), STAMP)
    expect(bytes.length).toBeLessThanOrEqual(MAX_LONG_RECORD_BYTES)
    expect(bytes.length + oneMore.length).toBeGreaterThan(MAX_LONG_RECORD_BYTES)
  })

  test('of which one event is too large can still be read', () => {
    expect(read(encode(sampleLog(numbered(2, 'x'.repeat(MAX_LONG_RECORD_BYTES))), STAMP))).toEqual([])
  })

  test('keeps events that are not known here', () => {
    const event = { ...sampleEvent(), event: 'teleport', colour: 'blue' }
    expect(read(bytesOf(event))).toEqual([event])
  })
})
