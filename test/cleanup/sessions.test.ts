import { describe, expect } from 'vitest'
import { dwHere, type Ending } from '../harness/in-process.ts'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { LAUNCHER, stoppingAt } from '../races/meeting.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const active = (session: string) => `refs/dw/active/${session.toLowerCase()}`
const ended = (session: string) => `refs/dw/ended/${session.toLowerCase()}`

const json = (ending: Ending) => JSON.parse(ending.stdout)

async function claims(sandbox: Sandbox, ...args: readonly string[]): Promise<string> {
  return json(await dwHere(sandbox, ['claim', ...args, '--json'], ANNA)).session
}

async function cleanup(sandbox: Sandbox, clock?: string, args: readonly string[] = [], options = {}) {
  const ending = await dwHere(sandbox, ['cleanup', '--json', ...args], {
    ...options,
    ...(clock === undefined ? {} : { clock }),
  })
  expect(ending.status, ending.stderr).toBe(0)
  return json(ending).items
}

async function rewrite(sandbox: Sandbox, ref: string, fields: Record<string, unknown>): Promise<void> {
  const input = `${JSON.stringify({ ...(await sandbox.record(ref)), ...fields })}\n`
  await sandbox.git(['update-ref', ref, await sandbox.git(['hash-object', '-w', '--stdin'], { input })])
}

test('says what it does and why, one line each, and first what it would do', async ({
  sandbox,
  transcript,
}) => {
  await sandbox.dw(['claim', '--task', 'login', '--no-worktree'], ANNA)
  await transcript.run('git dw cleanup')
  await transcript.run('git dw cleanup --dry-run', { clock: '+3h' })
  await transcript.run('git dw cleanup --dry-run', { clock: '+30h' })
  await transcript.run('git dw cleanup', { clock: '+30h' })
  await transcript.run('git dw sessions --all', { clock: '+30h' })
  await transcript.run('git dw log', { clock: '+30h' })
  await transcript.run('git dw claim docs', { ...ANNA, clock: '+31h' })
  await transcript.matches('cleanup')
})

test('a lock that expired goes, and its session stays, with the loss noted and the fence moved', async ({
  sandbox,
}) => {
  const session = await claims(sandbox, 'src')
  const before = await sandbox.record(active(session))
  const oid = await sandbox.git(['rev-parse', 'refs/dw/locks/path/src'])
  expect(await cleanup(sandbox, '+119m')).toStrictEqual([])
  expect(await cleanup(sandbox, '+3h')).toStrictEqual([
    { what: 'lock', name: 'src', why: `of ${session}: silent for 3h`, done: true },
  ])
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
  expect(await sandbox.record(active(session))).toMatchObject({
    ...{ status: 'active', fence: before.fence + 1, lastActivity: before.lastActivity },
    revoked: [{ key: 'src', lock: oid, by: 'ann@here', why: 'expired' }],
  })
  const told = await dwHere(sandbox, ['release', 'src'], { ...ANNA, clock: '+3h' })
  expect([told.status, told.stderr]).toEqual([4, expect.stringContaining('was taken by ann@here')])
})

test('a silent session moves to ended/ as expired, with all that it noted', async ({ sandbox }) => {
  const session = await claims(sandbox, 'src', '--ttl', '2d')
  const before = await sandbox.record(active(session))
  // its longest lock counts, too
  expect(await cleanup(sandbox, '+47h')).toStrictEqual([])
  expect((await cleanup(sandbox, '+49h')).map(({ what }: { what: string }) => what)).toEqual([
    'session',
    'lock',
  ])
  expect(await sandbox.refs(active(session))).toStrictEqual([])
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
  const { endedAt, rev, nonce, ...after } = await sandbox.record(ended(session))
  expect(endedAt > before.lastActivity).toBe(true)
  expect([rev, nonce]).not.toEqual([before.rev, before.nonce])
  expect(after).toMatchObject({ status: 'expired', fence: before.fence + 1, owner: before.owner })
  expect(after.revoked).toMatchObject([{ key: 'src', why: 'expired' }])
  const told = await dwHere(sandbox, ['heartbeat'], { ...ANNA, clock: '+50h' })
  expect([told.status, told.stderr]).toEqual([4, expect.stringContaining('had expired and was cleaned up')])
})

test('whoever cleans up is heard from, and keeps what it has', async ({ sandbox }) => {
  const session = await claims(sandbox, 'src')
  expect(await cleanup(sandbox, '+30h', [], ANNA)).toStrictEqual([])
  expect(await sandbox.refs('refs/dw/locks')).toHaveLength(1)
  expect((await dwHere(sandbox, ['check', 'src'], { ...BEN, clock: '+31h' })).status).toBe(1)
  expect((await sandbox.record(active(session))).status).toBe('active')
})

test('with a session the event is in its log, without one in that of the session concerned', async ({
  sandbox,
}) => {
  const session = await claims(sandbox, 'src')
  const log = async (ref: string) =>
    (await sandbox.git(['cat-file', 'blob', ref])).split('\n').map((line) => JSON.parse(line))
  await cleanup(sandbox, '+3h')
  expect((await log(`refs/dw/log/${session.toLowerCase()}`)).at(-1)).toMatchObject({
    ...{ event: 'cleanup', session, by: 'ann@here', keys: ['src'] },
  })
  const bens = json(await dwHere(sandbox, ['init', '--json'], BEN)).session
  await dwHere(sandbox, ['claim', 'src'], { ...ANNA, clock: '+3h' })
  await cleanup(sandbox, '+6h', [], BEN)
  expect((await log(`refs/dw/log/${bens.toLowerCase()}`)).at(-1)).toMatchObject({
    ...{ event: 'cleanup', session: bens, from: session, keys: ['src'] },
  })
  const { revoked } = await sandbox.record(active(session))
  expect(revoked.at(-1)).toMatchObject({ key: 'src', by: bens })
})

test("the session of another clone is judged by its record's time and as much again, or by what was seen", async ({
  sandbox,
}) => {
  const session = await claims(sandbox, 'src')
  const { owner } = await sandbox.record(active(session))
  await rewrite(sandbox, active(session), { owner: { ...owner, clone: 'another' } })
  expect(await cleanup(sandbox, '+3h')).toStrictEqual([])
  // since then, three more hours of silence were seen here: more than its two
  expect(await cleanup(sandbox, '+301m')).toMatchObject([{ what: 'lock', done: true }])
})

test('void locks go, also those of whoever cleans up', async ({ sandbox }) => {
  const session = await claims(sandbox, 'src', 'docs')
  const lock = await sandbox.git(['rev-parse', 'refs/dw/locks/path/src'])
  const at = new Date().toISOString()
  const note = { key: 'src', lock, by: 'SESS-0000000000', at, why: 'stolen: x' }
  await rewrite(sandbox, active(session), { revoked: [note] })
  expect(await cleanup(sandbox, undefined, [], ANNA)).toStrictEqual([
    { what: 'lock', name: 'src', why: `of ${session}: taken already`, done: true },
  ])
  expect((await sandbox.record(active(session))).revoked).toStrictEqual([note])
  expect((await sandbox.refs('refs/dw/locks')).map((line) => line.split(' ')[0])).toEqual([
    'refs/dw/locks/path/docs',
  ])
})

test('of a session that is gone, the locks go, and a record stands in the way of its late writes', async ({
  sandbox,
}) => {
  const session = await claims(sandbox, 'src', 'docs')
  await sandbox.git(['update-ref', '-d', active(session)])
  expect(await cleanup(sandbox)).toMatchObject([
    { what: 'lock', name: 'docs', why: `of ${session}: its session is gone` },
    { what: 'lock', name: 'src' },
  ])
  const note = await sandbox.record(active(session))
  expect(note.status).toBe('expired')
  expect(note.revoked.map(({ key }: { key: string }) => key).sort()).toEqual(['docs', 'src'])
  expect(await cleanup(sandbox, '+23h')).toStrictEqual([])
  expect(await cleanup(sandbox, '+25h')).toMatchObject([{ what: 'session', name: session }])
})

test('what a transaction that was cut short left of an ended session goes', async ({ sandbox }) => {
  const session = await claims(sandbox, 'src')
  const [oid, lock] = await Promise.all(
    [active(session), 'refs/dw/locks/path/src'].map((ref) => sandbox.git(['rev-parse', ref])),
  )
  await dwHere(sandbox, ['end'], ANNA)
  await sandbox.git(['update-ref', active(session), oid ?? ''])
  await sandbox.git(['update-ref', 'refs/dw/locks/path/src', lock ?? ''])
  expect((await cleanup(sandbox)).map(({ what }: { what: string }) => what)).toEqual(['session', 'lock'])
  expect(await sandbox.refs(active(session))).toStrictEqual([])
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
  expect(await cleanup(sandbox)).toStrictEqual([])
})

describe('records that cannot be read', () => {
  test('are named and stay, with the locks of that session', async ({ sandbox }) => {
    const session = await claims(sandbox, 'src')
    await dwHere(sandbox, ['claim', 'docs'], BEN)
    const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: 'not json\n' })
    const damaged = [
      active(session),
      'refs/dw/locks/path/lib',
      'refs/dw/ended/sess-aaaaaaaaaa',
      'refs/dw/log/sess-bbbbbbbbbb',
    ]
    for (const ref of damaged) await sandbox.git(['update-ref', ref, blob])
    const before = await sandbox.refs('refs/dw')
    const items = await cleanup(sandbox, '+400d')
    const names = items
      .filter(({ what }: { what: string }) => what === 'damaged')
      .map(({ name }: { name: string }) => name)
    expect(names.sort()).toEqual([...damaged, 'refs/dw/locks/path/src'].sort())
    const after = new Set(await sandbox.refs('refs/dw'))
    for (const line of before.filter((each) => names.some((name: string) => each.startsWith(`${name} `)))) {
      expect(after).toContain(line)
    }
    // the others are cleaned up all the same
    expect(await sandbox.refs('refs/dw/locks/path/docs')).toStrictEqual([])
  })
})

test.for([
  ['a heartbeat', ['heartbeat', '--force']],
  ['a claim', ['claim', 'docs']],
] as const)(
  '%s that comes between look and write keeps the session and its locks',
  async ([, args], { sandbox }) => {
    const session = await claims(sandbox, 'src')
    const pause = stoppingAt(sandbox, 'update-ref')
    const clock = { DW_TEST_CLOCK: '+30h' }
    const cleaning = sandbox.run(LAUNCHER, ['cleanup', '--json'], { env: { ...pause.env, ...clock } })
    await pause.stopped()
    expect((await sandbox.dw(args, { ...ANNA, env: clock })).status).toBe(0)
    pause.goOn()
    const outcome = await cleaning
    expect([outcome.status, outcome.stderr]).toEqual([0, ''])
    expect(JSON.parse(outcome.stdout).items).toStrictEqual([])
    expect((await sandbox.record(active(session))).status).toBe('active')
    expect(await sandbox.refs('refs/dw/locks/path/src')).toHaveLength(1)
  },
)

test('two at once do everything once, and harm nothing', async ({ sandbox }) => {
  for (const agent of ['a', 'b', 'c', 'd']) await dwHere(sandbox, ['claim', `of-${agent}`], { agent })
  await dwHere(sandbox, ['claim', 'live'], { agent: 'e', clock: '+30h' })
  const answers = await Promise.all(
    [1, 2].map(() => sandbox.json(['cleanup'], { env: { DW_TEST_CLOCK: '+30h' } })),
  )
  const names = answers.flatMap(({ items }) => items.map(({ name }: { name: string }) => name))
  expect(names).toHaveLength(8)
  expect(new Set(names).size).toBe(8)
  expect(await sandbox.refs('refs/dw/ended')).toHaveLength(4)
  expect(await sandbox.refs('refs/dw/locks')).toHaveLength(1)
})
