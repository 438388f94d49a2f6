import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { BlobId, Lock, Session, SessionId } from '../../src/domain/record.ts'
import { activeRef, endedRef, META_REF } from '../../src/store/ref-names.ts'
import { refOf, sampleLock, sampleSession } from '../store/record-samples.ts'
import { Guarded, type Pushed, type Verdict } from './guarded.ts'

const ANNA = 'SESS-AAAAAAAAAA' as SessionId
const BEN = 'SESS-BBBBBBBBBB' as SessionId
const HOUR = 3600_000
const CALM = new Date(Date.now() - 60_000).toISOString()
const ago = (milliseconds: number) => new Date(Date.now() - milliseconds).toISOString()

let guarded: Guarded
let head: string
beforeAll(async () => {
  guarded = await Guarded.create()
  head = guarded.git(['rev-parse', 'HEAD'])
})
afterAll(() => guarded.sandbox.dispose())

const session = (id: SessionId, fields: Partial<Session> = {}) =>
  guarded.record(sampleSession({ id, revoked: [], lastActivity: CALM, ...fields }))
const lock = (key: string, holder: SessionId, fields: Partial<Lock> = {}) =>
  guarded.record(sampleLock(key, { session: holder, ...fields }))
const note = (key: string, oid: string) => [
  { key, lock: oid as BlobId, by: BEN, at: ago(0), why: 'release day' },
]

/** Anna's next record: heard from, its fence moved. */
const moved = (fields: Partial<Session> = {}) => session(ANNA, { fence: 4, lastActivity: ago(0), ...fields })

let held: string
/** Anna holds src; Ben lives. */
const standing = (more: Readonly<Record<string, string>> = {}) => ({
  [activeRef(ANNA)]: session(ANNA),
  [activeRef(BEN)]: session(BEN),
  [refOf('src')]: held,
  ...more,
})

function expectTaken(verdict: Verdict): void {
  expect(verdict).toMatchObject({ stderr: '', status: 0 })
}

function expectRefused(verdict: Verdict, said: RegExp): void {
  expect(verdict.stderr).toMatch(said)
  expect(verdict.status).toBe(1)
}

beforeEach(() => {
  held = lock('src', ANNA)
  guarded.stand(standing())
  guarded.branch('main', head)
})

describe('a lock of another', () => {
  const ben = () => session(BEN, { fence: 9, lastActivity: ago(0) })
  const taking = () => ({ [activeRef(BEN)]: ben(), [refOf('src')]: lock('src', BEN) })
  const NOT_SAID = new RegExp(
    `"refs/dw/locks/path/src" is held by ${ANNA} \\(ann@mill\\), and this push does not`,
  )

  test('is not taken or deleted without a word in its session', () => {
    expectRefused(guarded.push(taking()), NOT_SAID)
    expectRefused(guarded.push({ [refOf('src')]: null }), NOT_SAID)
    expectRefused(guarded.push({ [activeRef(BEN)]: ben(), [refOf('src')]: null }), NOT_SAID)
    // the fence moved, but not by its holder, and nothing is noted
    const bumped = session(ANNA, { fence: 4 })
    expectRefused(guarded.push({ ...taking(), [activeRef(ANNA)]: bumped }), NOT_SAID)
    // another lock was noted
    const other = session(ANNA, { fence: 4, revoked: note('src', 'e'.repeat(40)) })
    expectRefused(guarded.push({ ...taking(), [activeRef(ANNA)]: other }), NOT_SAID)
    // its session is gone, and nobody has put it back
    guarded.stand({ [activeRef(BEN)]: session(BEN), [refOf('src')]: held })
    expectRefused(guarded.push(taking()), NOT_SAID)
  })

  test('is taken with a revocation, by its holder, once it is void, and once its session has ended', () => {
    const revoked = session(ANNA, { fence: 4, revoked: note('src', held) })
    expectTaken(guarded.push({ ...taking(), [activeRef(ANNA)]: revoked }))
    expectTaken(guarded.push({ [activeRef(ANNA)]: revoked, [refOf('src')]: null }))
    expectTaken(guarded.push({ [activeRef(ANNA)]: moved(), [refOf('src')]: null }))
    expectTaken(guarded.push({ [activeRef(ANNA)]: moved(), [refOf('src')]: lock('src', ANNA, { ttl: 60 }) }))
    const ended = { [activeRef(ANNA)]: null, [endedRef(ANNA)]: session(ANNA, { status: 'ended', fence: 4 }) }
    expectTaken(guarded.push({ ...ended, [refOf('src')]: null }))
    guarded.stand(standing({ [activeRef(ANNA)]: revoked }))
    expectTaken(guarded.push(taking()))
    guarded.stand(standing({ [endedRef(ANNA)]: session(ANNA, { status: 'ended' }) }))
    expectTaken(guarded.push({ [refOf('src')]: null }))
    guarded.stand({ [refOf('src')]: held })
    const absent = session(ANNA, { status: 'expired', fence: 1, revoked: note('src', held) })
    expectTaken(guarded.push({ ...taking(), [activeRef(ANNA)]: absent }))
  })

  test('does not lose its session either, and that does not go back', () => {
    expectRefused(
      guarded.push({ [activeRef(ANNA)]: null }),
      /is deleted, and still holds "refs\/dw\/locks\/path\/src"/,
    )
    expectTaken(guarded.push({ [activeRef(ANNA)]: null, [refOf('src')]: null }))
    expectTaken(guarded.push({ [activeRef(BEN)]: null }))
    expectRefused(guarded.push({ [activeRef(ANNA)]: session(ANNA, { fence: 2 }) }), /goes back/)
  })

  test('that cannot be read is nobody’s, and can be removed', () => {
    guarded.stand(standing({ [refOf('src')]: guarded.blob('not json') }))
    expectTaken(guarded.push({ [refOf('src')]: null }))
  })
})

test('a lock comes with the record of its session, whose fence has moved', () => {
  const mine = { [refOf('docs')]: lock('docs', ANNA) }
  expectTaken(guarded.push({ ...mine, [activeRef(ANNA)]: moved() }))
  expectRefused(guarded.push(mine), /comes without the record of its session/)
  expectRefused(guarded.push({ ...mine, [activeRef(ANNA)]: moved({ fence: 3 }) }), /comes without/)
  guarded.stand({})
  expectTaken(guarded.push({ ...mine, [activeRef(ANNA)]: session(ANNA) }))
})

test('the meta record is not deleted', () => {
  guarded.stand({ [META_REF]: guarded.record({ kind: 'meta', schema: 1, minReader: 1, id: 'x' }) })
  expectRefused(guarded.push({ [META_REF]: null }), /is not deleted/)
})

describe('a branch', () => {
  const SRC = /^git dw: "src\/b\.ts" is held by SESS-AAAAAAAAAA \(ann@mill\): who holds it pushes it/
  const MAIN = 'refs/heads/main'
  const change = (...files: string[]) => guarded.commit(files, [head])

  test('that touches what is locked lands with the holder’s session alone', () => {
    const push = { [MAIN]: change('src/b.ts', 'free.ts') }
    expectRefused(guarded.push(push), SRC)
    expectTaken(guarded.push({ ...push, [activeRef(ANNA)]: moved() }))
    expectRefused(guarded.push({ ...push, [activeRef(ANNA)]: moved({ fence: 3 }) }), SRC)
    // a heartbeat, Ben's own session, and a note by a thief are no proof
    const ben = session(BEN, { fence: 9, lastActivity: ago(0) })
    expectRefused(guarded.push({ ...push, [activeRef(BEN)]: ben }), SRC)
    const thief = session(ANNA, { fence: 4, revoked: note('docs', 'd'.repeat(40)) })
    expectRefused(guarded.push({ ...push, [activeRef(ANNA)]: thief }), SRC)
    expectTaken(guarded.push({ [MAIN]: change('free.ts', 'srcs/b.ts', 'lib/src') }))
  })

  test('is judged by what is locked after the push', () => {
    const push = { [MAIN]: change('src/b.ts') }
    expectTaken(guarded.push({ ...push, [activeRef(ANNA)]: moved(), [refOf('src')]: null }))
    const stolen = { [activeRef(ANNA)]: session(ANNA, { fence: 4, revoked: note('src', held) }) }
    const bens = { [refOf('src')]: lock('src', BEN), [activeRef(BEN)]: session(BEN, { fence: 9 }) }
    expectTaken(guarded.push({ ...push, ...stolen, ...bens }))
  })

  test.each<[string, () => Readonly<Record<string, string>>]>([
    ['is void', () => ({ [activeRef(ANNA)]: session(ANNA, { revoked: note('src', held) }) })],
    ['has ended', () => ({ [endedRef(ANNA)]: session(ANNA, { status: 'ended' }) })],
    [
      'has expired, by the clock of the server',
      () => ({ [activeRef(ANNA)]: session(ANNA, { lastActivity: ago(5 * HOUR) }) }),
    ],
  ])('lands where the lock %s', (_, more) => {
    const push = { [MAIN]: change('src/b.ts') }
    guarded.stand(standing(more()))
    expectTaken(guarded.push(push))
  })

  test('waits for as long again as the lease, an hour at least', () => {
    const push = { [MAIN]: change('src/b.ts') }
    guarded.stand(standing({ [activeRef(ANNA)]: session(ANNA, { lastActivity: ago(3.9 * HOUR) }) }))
    expectRefused(guarded.push(push), SRC)
    const short = { [refOf('src')]: lock('src', ANNA, { ttl: 60 }) }
    guarded.stand(standing({ ...short, [activeRef(ANNA)]: session(ANNA, { lastActivity: ago(0.9 * HOUR) }) }))
    expectRefused(guarded.push(push), SRC)
    guarded.stand(standing({ ...short, [activeRef(ANNA)]: session(ANNA, { lastActivity: ago(1.1 * HOUR) }) }))
    expectTaken(guarded.push(push))
    const far = { [activeRef(ANNA)]: session(ANNA, { lastActivity: '9999-12-31T23:59:59.999Z' }) }
    guarded.stand(standing(far))
    expectRefused(guarded.push(push), SRC)
  })

  test('is judged by each way in which commits can touch a path', () => {
    const made = change('src/b.ts')
    expectRefused(guarded.push({ 'refs/heads/new': made }), SRC)
    // removing, and replacing the directory by a file
    guarded.branch('main', made)
    const stream = (what: string) =>
      guarded.git(
        ['fast-import', '--quiet', '--force'],
        `commit refs/heads/tmp\nmark :1\ncommitter A <a@b> 1 +0000\ndata 1\nx\nfrom ${made}\n${what}\nget-mark :1\n`,
      )
    const removed = stream('D src/b.ts')
    const file = stream('M 100644 inline src\ndata 1\nx')
    guarded.branch('tmp', null)
    expectRefused(guarded.push({ [MAIN]: removed }), /"src\/b\.ts" is held/)
    expectRefused(guarded.push({ [MAIN]: file }), /"src" is held|"src\/.*" is held/)
    // a forced update that takes work away
    expectRefused(guarded.push({ [MAIN]: head }), SRC)
    // deleting a branch takes nothing from any other
    guarded.branch('old', made)
    expectTaken(guarded.push({ 'refs/heads/old': null }))
    // what is on a branch already is no change; tags are none
    expectTaken(guarded.push({ 'refs/heads/copy': made, 'refs/tags/v1': made }))
    expectTaken(guarded.push({ 'refs/tags/v2': removed }))
    // and a merge is what it changed itself
    const side = guarded.commit(['side.ts'], [head])
    expectTaken(guarded.push({ 'refs/heads/side': guarded.commit([], [side, made]) }))
    expectRefused(
      guarded.push({ 'refs/heads/side': guarded.commit(['src/evil.ts'], [side, made]) }),
      /"src\/evil/,
    )
    guarded.branch('old', null)
  })

  test('is judged where the letters of a path could be those of a lock, and else lands', () => {
    const keys = ['docs/Ärger.md', 'k', 'x'.repeat(200), 'a/b\u0308c']
    const more = Object.fromEntries(keys.map((key) => [refOf(key), lock(key, ANNA)]))
    guarded.stand(standing(more))
    const touches = [
      'DOCS/A\u0308RGER.md',
      'docs/ärger.md',
      '\u212a',
      'X'.repeat(200),
      'a/B\u0308C/d',
      'SRC/x',
    ]
    for (const path of touches) expectRefused(guarded.push({ [MAIN]: change(path) }), /is held by/)
    const free = ['docs/Übel.txt', 'docs/arger.md', 'K2', 'y'.repeat(30), 'ä', 'a/x"\ty']
    expectTaken(guarded.push({ [MAIN]: change(...free) }))
  })

  test('of a task lands with the session of its holder alone', () => {
    const task = { [refOf('task:app/T')]: lock('task:app/T', ANNA, { branch: 'feature/T' }) }
    guarded.stand({ [activeRef(ANNA)]: session(ANNA), ...task })
    const push = { 'refs/heads/feature/T': change('free.ts') }
    expectRefused(guarded.push(push), /branch "feature\/T" is held by SESS-A/)
    expectTaken(guarded.push({ ...push, [activeRef(ANNA)]: moved() }))
    expectTaken(guarded.push({ 'refs/heads/feature/U': change('free.ts') }))
  })

  test('is refused under a lock that cannot be read, and beside it lands', () => {
    guarded.stand(standing({ [refOf('docs')]: guarded.blob('not json') }))
    expectRefused(
      guarded.push({ [MAIN]: change('docs/a') }),
      /is locked by "refs\/dw\/locks\/path\/docs", which/,
    )
    expectTaken(guarded.push({ [MAIN]: change('other') }))
  })

  test('needs the session of everybody whose lock it touches, the whole repository included', () => {
    guarded.stand(standing({ [refOf('docs')]: lock('docs', BEN) }))
    const push = { [MAIN]: change('docs/a', 'src/b.ts'), [activeRef(ANNA)]: moved() }
    expectRefused(guarded.push(push), /^git dw: "docs\/a" is held by SESS-BBBBBBBBBB [^\n]*\n$/)
    guarded.stand({ [activeRef(ANNA)]: session(ANNA), [refOf('.')]: lock('.', ANNA) })
    expectRefused(guarded.push({ [MAIN]: change('any') }), /"any" is held/)
  })
})

describe('the cost', () => {
  const SHELLS = [['dash'], ['bash'], ['bash', '--posix'], ['busybox', 'sh']]

  test.each(SHELLS.map((shell) => [shell.join(' '), shell] as const))('is the same in %s', (_, shell) => {
    const push = { 'refs/heads/main': guarded.commit(['src/b.ts'], [head]) }
    expectRefused(guarded.push(push, shell), /is held by/)
    expectTaken(guarded.push({ ...push, [activeRef(ANNA)]: moved() }, shell))
    expectRefused(guarded.push({ [refOf('src')]: null }, shell), /does not say so/)
  })

  test('is no git process for other refs, one without locks, and never more than seven', () => {
    const count = (pushed: Pushed) => guarded.push(pushed).git
    expect(count({ 'refs/tags/v1': head })).toBe(0)
    const files = (each: number) => Array.from({ length: each }, (__, at) => `big/d${at % 20}/f${at}`)
    for (const each of [1, 200]) {
      const locks = files(each).map((file) => [refOf(file), lock(file, ANNA)])
      const commit = guarded.commit(files(each), [head])
      guarded.stand(standing(Object.fromEntries(locks)))
      expect(count({ 'refs/heads/main': guarded.commit(['free'], [head]) }), 'free').toBe(3)
      expect(count({ 'refs/heads/main': commit }), 'held by another').toBe(7)
      expect(count({ 'refs/heads/main': commit, [activeRef(ANNA)]: moved() }), 'held').toBe(5)
      expect(
        count({ ...Object.fromEntries(locks.map(([ref]) => [ref, null])), [activeRef(ANNA)]: moved() }),
      ).toBe(4)
    }
    guarded.stand({})
    expect(count({ 'refs/heads/main': guarded.commit(['free'], [head]) })).toBe(1)
  })
})
