import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decode, encode } from '../../src/store/codec.ts'
import { META_REF, type RefName } from '../../src/store/ref-names.ts'
import {
  altered,
  fieldsOf,
  LOG_REF,
  refOf,
  SAMPLES,
  SESSION_ID,
  sampleEvent,
  sampleLock,
  sampleSession,
} from '../store/record-samples.ts'
import { awk, Guarded } from './guarded.ts'

const ACTIVE = `refs/dw/active/${SESSION_ID.toLowerCase()}` as RefName
const LOCK = refOf('src')
let guarded: Guarded
beforeAll(async () => {
  guarded = await Guarded.create()
})
afterAll(() => guarded.sandbox.dispose())

/** What the hook says of each body at a ref of this class; empty where it takes it. */
function judged(ref: RefName, bodies: readonly Uint8Array[]): string[] {
  const what = /refs\/dw\/(active|locks|meta)/.exec(ref)?.[1]
  const class_ = { active: 'session', locks: 'lock', meta: 'meta' }[what ?? '']
  // one line a body: what holds a newline is another test's
  const lines = bodies.map((body) => Buffer.from(body.filter((byte) => byte !== 10).map((byte) => byte || 1)))
  const input = Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]))
  return awk(`{ print parse($0) ? problem("${class_}", "${ref}") : "no JSON" }`, input)
}

describe('records that are pushed', () => {
  test('pass as the program writes them, of every kind', () => {
    guarded.stand({})
    const pushed = SAMPLES.map(([ref, record]) => [ref, guarded.record(record)])
    expect(guarded.push(Object.fromEntries(pushed))).toMatchObject({ status: 0, stderr: '' })
  })

  test('pass with fields of other tools, with white space, and with other spellings of a string', () => {
    const lock = { ...fieldsOf(sampleLock('src')), v: 1, rev: 3, nonce: 'n', extra: { a: [1, -2.5e3, null] } }
    const spaced = JSON.stringify({ ...lock, why: 'a "quoted\\" word\\\\' }, null, 2)
    const escaped = JSON.stringify({ ...lock, key: 'ä/😀/x y' }).replace(
      /[^\0-\x7f]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    )
    for (const [key, text] of [
      ['src', spaced],
      ['ä/😀/x y', escaped],
    ] as const) {
      guarded.stand({})
      const pushed = { [ACTIVE]: guarded.record(sampleSession()), [refOf(key)]: guarded.blob(text) }
      expect(guarded.push(pushed)).toMatchObject({ status: 0, stderr: '' })
    }
  })

  const sound = altered(sampleLock('src'), {}).toString()
  const head = 'HEAD'
  const bad: Readonly<Record<string, () => string>> = {
    'an empty blob': () => guarded.blob(''),
    'no JSON': () => guarded.blob('not json\n'),
    'half a record': () => guarded.blob(sound.slice(0, -9)),
    'two records': () => guarded.blob(`${sound}${sound}`),
    'a NUL in it': () => guarded.blob(sound.replace('Ärger', '\0')),
    'a raw escape in it': () => guarded.blob(sound.replace('Ärger', '\u001b[2J')),
    'a name twice': () => guarded.blob(sound.replace('"kind"', '"session":"SESS-ZZZZZZZZZZ","kind"')),
    'a name in disguise': () => guarded.blob(sound.replace('"kind"', '"\\u0073ession":"SESS-ZZ","kind"')),
    'a name that looks nested': () => guarded.blob(sound.replace('"host":', '"owner.host":')),
    'the key of another ref': () => guarded.blob(altered(sampleLock('docs'), {})),
    'a version to come': () => guarded.blob(altered(sampleLock('src'), { v: 2 })),
    'a number without end': () => guarded.blob(sound.replace('"ttl":7200', `"ttl":1${'0'.repeat(400)}`)),
    depth: () => guarded.blob(sound.replace('"kind"', `"x":${'['.repeat(5000)}${']'.repeat(5000)},"kind"`)),
    'much of it': () => guarded.blob(`${sound}${' '.repeat(70_000)}`),
    'ten MB of it': () => guarded.blob(sound.replace('Ärger', 'x'.repeat(10_000_000))),
    'newlines only': () => guarded.blob('\n'.repeat(60_000)),
    'a tree': () => guarded.git(['rev-parse', `${head}^{tree}`]),
    'a commit': () => guarded.git(['rev-parse', head]),
    'nothing there': () => 'f'.repeat(40),
  }

  test.each(Object.keys(bad))('are refused with %s', (name) => {
    guarded.stand({})
    const oid = bad[name]?.() ?? ''
    const verdict = guarded.push({ [ACTIVE]: guarded.record(sampleSession()), [LOCK]: oid })
    expect(verdict.status).toBe(1)
    expect(verdict.stderr).toMatch(/^git dw: "refs\/dw\/locks\/path\/src" /)
    expect(verdict.stderr).toMatch(/^[ -~\n]+$/)
  })

  test('are refused at refs that no program of ours writes', () => {
    guarded.stand({})
    const meta = guarded.record({ kind: 'meta', schema: 1, minReader: 1, id: 'x' })
    const lock = guarded.record(sampleLock('src'))
    const refs = [
      ...['refs/dw/other', 'refs/dw/locks/lamp/x', 'refs/dw/locks/path/%73rc', 'refs/dw/locks/path/SRC'],
      ...[
        'refs/dw/locks/path/a%2',
        'refs/dw/locks/path/a%00',
        'refs/dw/locks/task/a/b/c',
        'refs/dw/active/a/b',
      ],
      ...['refs/dw/locks/path/con', 'refs/dw/locks/path/%hxyz', 'refs/dw/locks/path/sr\u202ec'],
    ]
    const verdict = guarded.push({
      ...Object.fromEntries(refs.map((ref) => [ref, lock])),
      [META_REF]: meta,
    })
    expect(verdict.stderr.split('\n').slice(0, -1)).toHaveLength(refs.length)
    expect(verdict.stderr).toMatch(/^[ -~\n]+$/)
  })

  test('of a log are looked at line by line', () => {
    guarded.stand({})
    const log = encode(
      { kind: 'log', events: [sampleEvent(), sampleEvent()] },
      { rev: 1, nonce: 'n' },
    ).toString()
    expect(guarded.push({ [LOG_REF]: guarded.blob(`${log}${log}`) }).status).toBe(0)
    expect(guarded.push({ [LOG_REF]: guarded.blob(`${log}{}\n`) }).stderr).toContain(
      'line 3 that is no event',
    )
  })
})

describe('the JSON reader of the hook', () => {
  const samples = SAMPLES.filter(([ref]) => /active|locks\/path|meta/.test(ref))
  const texts = samples.map(([ref, record]): [RefName, Buffer] => [
    ref,
    encode(record, { rev: 4, nonce: 'n' }),
  ])
  const fields = fc.dictionary(fc.string({ maxLength: 6 }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 4 })

  test.each(texts)('takes nothing at %s that the program would not take', (ref, text) => {
    const pieces = fc.constantFrom(
      '"',
      '\\',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '1',
      '-',
      'null',
      '\\u0041',
      ' ',
      '\0',
    )
    const broken = fc
      .tuple(fc.nat(text.length), fc.oneof(pieces, fc.string({ maxLength: 3 })), fc.nat(5))
      .map(([at, put, cut]) =>
        Buffer.concat([text.subarray(0, at), Buffer.from(put), text.subarray(at + cut)]),
      )
    const anyOf = fc.oneof(
      { arbitrary: broken, weight: 4 },
      fc.json().map((json) => Buffer.from(json)),
    )
    const bodies = fc.sample(anyOf, { numRuns: 2000, seed: 11 })
    const verdicts = judged(ref, bodies)
    expect(verdicts).toHaveLength(bodies.length)
    const wrong = bodies.filter((body, at) => {
      const clean = Buffer.from(body.filter((byte) => byte !== 10).map((byte) => byte || 1))
      return verdicts[at] === '' && !decode(ref, clean).ok
    })
    expect(wrong.map(String)).toStrictEqual([])
    expect(verdicts.filter((verdict) => verdict === '').length).toBeGreaterThan(20)
  })

  test.each(texts)('takes what the program takes at %s, whatever else is in it', (ref, text) => {
    const record = JSON.parse(text.toString())
    const bodies = fc
      .sample(fields.filter(hasPlainNames), { numRuns: 500, seed: 3 })
      .map((extra) => Buffer.from(JSON.stringify({ ...extra, ...record })))
    const verdicts = judged(ref, bodies)
    const missed = bodies.filter((body, at) => verdicts[at] !== '' && decode(ref, body).ok)
    expect(missed.map(String)).toStrictEqual([])
  })
})

/** JSON.stringify writes names with a control character or a quote with a backslash, which the hook refuses. */
function hasPlainNames(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(
    ([name, child]) => JSON.stringify(name) === `"${name}"` && hasPlainNames(child),
  )
}
