import fc from 'fast-check'
import type { BlobId, Owner, Revocation, Session, SessionId, Timestamp } from '../../src/domain/record.ts'

/** Pieces that names are made of so that they come near to every rule of design §3. */
const TRICKY_PIECES = [
  ...['.', '..', '-', '.lock', '.LOCK', '@', '@{', '~', '^', ':', '?', '*', '[', ']', '\\', '%', '%2e', '%h'],
  ...['con', 'CON', 'aux', 'nul', 'com1', 'LPT9', 'conin$', ' ', '\t', '\n', '\u0000', '\u007f', '\u0085'],
  ...[
    'a',
    'A',
    'b',
    'ä',
    'a\u0308',
    'Ä',
    'ß',
    'İ',
    'Σ',
    'ς',
    'ﬁ',
    'J\u030c',
    '\u01f0',
    '日本',
    '😀',
    '"',
    "'",
    '$(',
  ],
]

/** One component of a path, or a task's or project's name: anything but "/", never empty, often nasty. */
export const componentNames: fc.Arbitrary<string> = fc
  .oneof(
    fc
      .array(fc.constantFrom(...TRICKY_PIECES), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join('')),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }),
    fc.string({
      unit: fc.constantFrom('.', '-', 'l', 'o', 'c', 'k', 'n', 'u', '1'),
      minLength: 1,
      maxLength: 8,
    }),
  )
  .map((name) => name.replaceAll('/', '|'))

/** Components as a normalised path has them: no "." and no "..". */
export const pathComponents: fc.Arbitrary<string> = componentNames.filter(
  (name) => name !== '.' && name !== '..',
)

/** Names that a task or project may have (design §3). */
export const taskNames: fc.Arbitrary<string> = componentNames
  .map((name) =>
    // the replacement character stands for bytes that are no UTF-8, which no name may have
    [...name.replace(/[\u0000-\u001f\u007f-\u009f\ufffd]/g, '').replace(/^[-.]+/, '')].slice(0, 100).join(''),
  )
  .filter((name) => name !== '')

/** A time that a record can hold, as milliseconds. */
const FIRST_TIME = Date.parse('2000-01-01T00:00:00.000Z')
const LAST_TIME = Date.parse('2100-01-01T00:00:00.000Z')
export const moments: fc.Arbitrary<number> = fc.integer({ min: FIRST_TIME, max: LAST_TIME })

/** `milliseconds` as records write it. */
export function timestamp(milliseconds: number): Timestamp {
  return new Date(milliseconds).toISOString()
}

/** A lease's length, in seconds: one second to two days. */
export const ttls: fc.Arbitrary<number> = fc.integer({ min: 1, max: 2 * 86_400 })

export const OWNER: Owner = { user: 'ann', host: 'mill', clone: 'this-clone' }

/** A session record with what a test says of it. */
export function sessionWith(fields: Partial<Session>): Session {
  return {
    kind: 'session',
    id: 'SESS-AAAAAAAAAA' as SessionId,
    status: 'active',
    owner: OWNER,
    createdAt: timestamp(FIRST_TIME),
    lastActivity: timestamp(FIRST_TIME),
    ttl: 86_400,
    fence: 0,
    revoked: [],
    ...fields,
  }
}

/** A blob's id, out of so few that different lists of revocations meet. */
const blobIds: fc.Arbitrary<BlobId> = fc
  .integer({ min: 0, max: 5 })
  .map((digit) => String(digit).repeat(40) as BlobId)

const revocations: fc.Arbitrary<Revocation> = fc.record({
  key: fc.constantFrom('src', 'src/a.ts', 'docs', '.', 'task:app/T-1', 'project:app', './task:x'),
  lock: blobIds,
  by: fc.constantFrom('SESS-BBBBBBBBBB', 'SESS-CCCCCCCCCC'),
  at: fc.integer({ min: 0, max: 3 }).map((second) => timestamp(FIRST_TIME + second * 1000)),
  why: fc.constantFrom('', 'steal', 'takeover'),
})

export const revocationLists: fc.Arbitrary<Revocation[]> = fc.array(revocations, { maxLength: 8 })
