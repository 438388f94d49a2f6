import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { FORMAT, test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const LATE = { DW_TEST_CLOCK: '+3h' }
const SRC = 'refs/dw/locks/path/src'

const active = (id: string) => `refs/dw/active/${id.toLowerCase()}`
const oid = async (sandbox: Sandbox, ref: string) => sandbox.git(['rev-parse', ref])

async function writeRecord(sandbox: Sandbox, ref: string, record: object): Promise<void> {
  const input = `${JSON.stringify(record)}\n`
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input })
  await sandbox.git(['update-ref', ref, blob])
}

test('an expired lock is simply claimed, and its old session gets a revocation', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const before = await sandbox.record(active(session))
  const lock = await oid(sandbox, SRC)
  const ben = await sandbox.json(['claim', 'src'], { ...BEN, env: LATE })
  expect(ben.keys).toMatchObject([{ key: 'src', already: false }])
  expect((await sandbox.record(SRC)).session).toBe(ben.session)
  const after = await sandbox.record(active(session))
  expect(after).toMatchObject({
    status: 'active',
    fence: before.fence + 1,
    lastActivity: before.lastActivity,
    revoked: [{ key: 'src', lock, by: ben.session, at: expect.stringMatching(FORMAT.time), why: 'expired' }],
  })
})

test('a file is claimed under an expired directory, and a directory over expired files', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src', 'docs/a.md', 'docs/b.md'], ANNA)
  const below = await sandbox.dw(['claim', 'src/a.ts'], { ...BEN, env: LATE })
  expect(below).toMatchObject({ status: 0, stdout: 'src/a.ts\n' })
  const above = await sandbox.dw(['claim', 'docs'], { ...BEN, env: LATE })
  expect(above).toMatchObject({ status: 0, stdout: 'docs\n' })
  const { items } = await sandbox.json(['locks'], { ...BEN, env: LATE })
  expect(items).toMatchObject([
    { key: 'docs', mine: true },
    { key: 'src/a.ts', mine: true },
  ])
})

test('an own lock that expired is mine still while nobody has taken it', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const late = { ...ANNA, env: LATE }
  expect((await sandbox.dw(['check', 'src'], late)).stdout).toBe('mine\n')
  expect(await sandbox.json(['claim', 'src'], late)).toMatchObject({ keys: [{ already: true }] })
  expect((await sandbox.dw(['claim', 'src'], { ...BEN, env: LATE })).status).toBe(1)
})

test('a lock lives until its ttl of silence is over, to the minute', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src', '--ttl', '30m'], ANNA)
  const claimAt = async (clock: string) =>
    (await sandbox.dw(['claim', 'src'], { ...BEN, env: { DW_TEST_CLOCK: clock } })).status
  expect(await claimAt('+29m')).toBe(1)
  expect(await claimAt('+31m')).toBe(0)
})

test('the old holder is told at its next command what it lost, to whom and why', async ({
  sandbox,
  transcript,
}) => {
  await transcript.run('git dw claim src docs', ANNA)
  await transcript.run('git dw claim src -m "waited long enough"', { ...BEN, clock: '+3h' })
  await transcript.run('git dw check docs', { ...ANNA, clock: '+3h' })
  await transcript.run('git dw release src', { ...ANNA, clock: '+3h' })
  await transcript.run('git dw claim src', { ...ANNA, clock: '+3h' })
  await transcript.run('git dw release docs', { ...ANNA, clock: '+3h' })
  expect(await sandbox.refs('refs/dw/locks')).toHaveLength(1)
  await transcript.matches('takeover')
})

test('a release that needs a lost lock exits with 4 and still releases what is held', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src', 'docs'], ANNA)
  const ben = await sandbox.json(['claim', 'src', '--steal', '-m', 'urgent'], BEN)
  const outcome = await sandbox.dw(['release', 'src', 'docs', '--json'], ANNA)
  expect(outcome.status).toBe(4)
  expect(JSON.parse(outcome.stderr).error).toMatchObject({
    code: 'DW_LOST',
    lost: [{ key: 'src', by: ben.session, why: 'stolen: urgent' }],
  })
  expect(JSON.parse(outcome.stdout).released).toStrictEqual(['docs'])
  expect((await sandbox.record(SRC)).session).toBe(ben.session)
})

test('a claim of a lost key that its new holder still has exits with 4', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const ben = await sandbox.json(['claim', 'src', '--steal', '-m', 'urgent'], BEN)
  const outcome = await sandbox.dw(['claim', 'src', '--json'], ANNA)
  expect(outcome).toMatchObject({ status: 4, stdout: '' })
  const { error } = JSON.parse(outcome.stderr)
  expect(error).toMatchObject({ code: 'DW_LOST', holders: [{ key: 'src', session: ben.session }] })
})

test('a claim below a lost directory that its new holder still has exits with 4', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.dw(['claim', 'src', '--steal', '-m', 'urgent'], BEN)
  expect((await sandbox.dw(['claim', 'src/a.ts'], ANNA)).status).toBe(4)
})

test('a release of a lost key in another spelling exits with 4', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'README.md'], ANNA)
  await sandbox.dw(['claim', 'README.md', '--steal', '-m', 'urgent'], BEN)
  expect((await sandbox.dw(['release', 'readme.md'], ANNA)).status).toBe(4)
})

test('a revocation ends when its holder claims that key again', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src', 'docs'], ANNA)
  await sandbox.dw(['claim', 'src', 'docs', '--steal', '-m', 'urgent'], BEN)
  await sandbox.dw(['release', 'src'], BEN)
  expect((await sandbox.record(active(session))).revoked).toHaveLength(2)
  const again = await sandbox.json(['claim', 'src'], ANNA)
  expect(again.lost).toMatchObject([{ key: 'docs' }])
  expect((await sandbox.record(active(session))).revoked).toMatchObject([{ key: 'docs' }])
})

test('a revocation ends when its holder ends', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  await sandbox.dw(['claim', 'src', '--steal', '-m', 'urgent'], BEN)
  expect((await sandbox.dw(['end'], ANNA)).status).toBe(0)
  expect(await sandbox.record(`refs/dw/ended/${session.toLowerCase()}`)).toMatchObject({
    status: 'ended',
    revoked: [],
  })
})

test('a lock that its session says was taken is void: free for others, and no lock of its holder', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const lock = await oid(sandbox, SRC)
  const record = await sandbox.record(active(session))
  const revoked = [{ key: 'src', lock, by: 'SESS-0000000000', at: record.lastActivity, why: 'stolen: half' }]
  await writeRecord(sandbox, active(session), { ...record, fence: record.fence + 1, revoked })

  expect((await sandbox.json(['locks'])).items).toMatchObject([{ key: 'src', state: 'void' }])
  expect((await sandbox.dw(['check', 'src'], ANNA)).stdout).toBe('free\n')
  expect((await sandbox.dw(['release', 'src'], ANNA)).status).toBe(4)
  const ben = await sandbox.json(['claim', 'src'], BEN)
  expect(ben.keys).toMatchObject([{ key: 'src', already: false }])
})

test('a void lock can be claimed again by its own session, and then counts', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const lock = await oid(sandbox, SRC)
  const record = await sandbox.record(active(session))
  const revoked = [{ key: 'src', lock, by: 'SESS-0000000000', at: record.lastActivity, why: 'stolen: half' }]
  await writeRecord(sandbox, active(session), { ...record, revoked })
  const again = await sandbox.json(['claim', 'src'], ANNA)
  expect(again.keys).toMatchObject([{ key: 'src', already: false }])
  expect((await sandbox.json(['locks'], ANNA)).items).toMatchObject([{ state: 'live', mine: true }])
  expect((await sandbox.record(active(session))).revoked).toStrictEqual([])
})

test('a lock whose session is absent is expired, and taking it creates that session as expired', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const lock = await oid(sandbox, SRC)
  await sandbox.git(['update-ref', '-d', active(session)])
  expect((await sandbox.json(['locks'])).items).toMatchObject([{ key: 'src', state: 'expired' }])
  const ben = await sandbox.json(['claim', 'src'], BEN)
  expect(await sandbox.record(active(session))).toMatchObject({
    id: session,
    status: 'expired',
    revoked: [{ key: 'src', lock, by: ben.session, why: 'expired' }],
  })
  const told = await sandbox.dw(['release', 'src', '--session', session])
  expect(told.status).toBe(4)
  expect(told.stderr).toContain(ben.session)
})

test('a session of another clone is given one more ttl before its lock counts as expired', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const record = await sandbox.record(active(session))
  await writeRecord(sandbox, active(session), { ...record, owner: { ...record.owner, clone: 'another' } })
  const claimAt = async (clock: string) =>
    (await sandbox.dw(['claim', 'src'], { ...BEN, env: { DW_TEST_CLOCK: clock } })).status
  expect(await claimAt('+3h')).toBe(1)
  expect(await claimAt('+239m')).toBe(1)
  expect(await claimAt('+241m')).toBe(0)
})

test('a session of another clone that was watched in silence for its ttl has expired', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const record = await sandbox.record(active(session))
  await writeRecord(sandbox, active(session), { ...record, owner: { ...record.owner, clone: 'another' } })
  await sandbox.dw(['locks'])
  const late = await sandbox.dw(['claim', 'src'], { ...BEN, env: { DW_TEST_CLOCK: '+121m' } })
  expect(late.status).toBe(0)
})
