import { expect } from 'vitest'
import { ended, type Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { LAUNCHER, stoppingAt } from '../races/meeting.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const CLEO = { agent: 'cleo' }

const lockNames = async (sandbox: Sandbox) =>
  (await sandbox.refs('refs/dw/locks')).map((line) => line.split(' ')[0]?.replace('refs/dw/locks/', ''))
const sessionOf = (sandbox: Sandbox, id: string) => sandbox.record(`refs/dw/active/${id.toLowerCase()}`)

const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)

/** Anna's claim of `src`, stopped when her locks below it are given up and it is not claimed yet. */
async function stoppedHalfway(sandbox: Sandbox, args: readonly string[] = []) {
  const stop = stoppingAt(sandbox, 'update-ref', 2)
  const claim = sandbox.start(LAUNCHER, ['claim', 'src', ...args], { ...ANNA, env: stop.env })
  const outcome = ended(claim)
  await stop.stopped()
  return { claim, outcome, goOn: stop.goOn }
}

test('a directory over several own locks leaves no revocation behind', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src/a.ts', 'src/b/c.ts', 'docs'], ANNA)
  const { fence } = await sessionOf(sandbox, session)
  const upgrade = await sandbox.dw(['claim', 'src'], ANNA)
  expect(upgrade).toMatchObject({ status: 0, stdout: 'src\n', stderr: '' })
  expect(await lockNames(sandbox)).toStrictEqual(['path/docs', 'path/src'])
  const after = await sessionOf(sandbox, session)
  expect(after.revoked).toStrictEqual([])
  expect(after.fence).toBeGreaterThan(fence)
})

test('locks of mine are noted as given up for an upgrade before the directory is there', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src/a.ts', 'src/b.ts'], ANNA)
  const { outcome, goOn } = await stoppedHalfway(sandbox)
  expect(await lockNames(sandbox)).toStrictEqual([])
  const { revoked } = await sessionOf(sandbox, session)
  expect(revoked.sort(byKey)).toMatchObject([
    { key: 'src/a.ts', by: session, why: 'upgrade' },
    { key: 'src/b.ts', by: session, why: 'upgrade' },
  ])
  goOn()
  expect((await outcome).status).toBe(0)
  expect(await lockNames(sandbox)).toStrictEqual(['path/src'])
  expect((await sessionOf(sandbox, session)).revoked).toStrictEqual([])
})

test('an upgrade that is lost on the way claims anew what it can and says what is held', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src/a.ts', '-m', 'parser', '--ttl', '5h'], ANNA)
  await sandbox.dw(['claim', 'src/b.ts'], ANNA)
  const { outcome, goOn } = await stoppedHalfway(sandbox, ['-m', 'all of it', '--ttl', '9h'])
  expect((await sandbox.dw(['claim', 'src/b.ts'], BEN)).status).toBe(0)
  goOn()
  const { status, stdout, stderr } = await outcome
  expect([status, stdout]).toStrictEqual([1, ''])
  expect(stderr).toContain('"src/b.ts" is held by')
  expect(stderr).toContain('your locks below it were given up for it; held now: src/a.ts')
  expect(await lockNames(sandbox)).toStrictEqual(['path/src/a.ts', 'path/src/b.ts'])
  const again = await sandbox.record('refs/dw/locks/path/src/a.ts')
  expect(again).toMatchObject({ session, why: 'parser', ttl: 18_000 })
  expect((await sessionOf(sandbox, session)).revoked).toMatchObject([{ key: 'src/b.ts', why: 'upgrade' }])
})

test('an upgrade that is lost on the way lists in JSON the keys that are held now', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src/a.ts', 'src/b.ts', 'src/c.ts'], ANNA)
  const { outcome, goOn } = await stoppedHalfway(sandbox, ['--json'])
  expect((await sandbox.dw(['claim', 'src/c.ts'], BEN)).status).toBe(0)
  goOn()
  const { error } = JSON.parse((await outcome).stderr)
  expect(error.holders).toMatchObject([{ key: 'src/c.ts' }])
  expect(error.held.sort()).toStrictEqual(['src/a.ts', 'src/b.ts'])
})

test('the keys that are held now are whole keys in JSON, from any directory', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src/a.ts'], ANNA)
  const stop = stoppingAt(sandbox, 'update-ref', 2)
  const options = { ...ANNA, env: stop.env, cwd: `${sandbox.repo}/src` }
  const outcome = ended(sandbox.start(LAUNCHER, ['claim', '.', '--json'], options))
  await stop.stopped()
  expect((await sandbox.dw(['claim', 'src/b.ts'], BEN)).status).toBe(0)
  stop.goOn()
  expect(JSON.parse((await outcome).stderr).error.held).toStrictEqual(['src/a.ts'])
})

test('a claim killed between the two steps of an upgrade is told of, and its keys can be claimed again', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src/a.ts', 'src/b.ts'], ANNA)
  const { claim, outcome } = await stoppedHalfway(sandbox)
  claim.kill('SIGKILL')
  expect((await outcome).signal).toBe('SIGKILL')
  const status = await sandbox.dw(['status'], ANNA)
  expect(status.status).toBe(0)
  expect(status.stdout).toContain('lost       "src/a.ts", given up for a directory above it')
  expect((await sandbox.dw(['release', 'src/a.ts'], ANNA)).status).toBe(4)
  expect((await sandbox.dw(['claim', 'src/b.ts'], BEN)).status).toBe(0)
  expect((await sandbox.dw(['claim', 'src/a.ts'], ANNA)).status).toBe(0)
  expect((await sessionOf(sandbox, session)).revoked).toMatchObject([{ key: 'src/b.ts' }])
  expect((await sandbox.dw(['end'], BEN)).status).toBe(0)
  expect((await sandbox.dw(['claim', 'src'], ANNA)).status).toBe(0)
  expect((await sessionOf(sandbox, session)).revoked).toStrictEqual([])
})

test('a directory over an own lock and an expired one of another takes the place of both', async ({
  sandbox,
}) => {
  const { session: bens } = await sandbox.json(['claim', 'src/b.ts', '--ttl', '1h'], BEN)
  const { session } = await sandbox.json(['claim', 'src/a.ts'], ANNA)
  const later = { ...ANNA, env: { DW_TEST_CLOCK: '+90m' } }
  expect((await sandbox.dw(['claim', 'src'], later)).status).toBe(0)
  expect(await lockNames(sandbox)).toStrictEqual(['path/src'])
  expect((await sessionOf(sandbox, session)).revoked).toStrictEqual([])
  expect((await sessionOf(sandbox, bens)).revoked).toMatchObject([
    { key: 'src/b.ts', by: session, why: 'expired' },
  ])
})

test('a directory over a live lock of another is refused, whatever else lies below it', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src/b.ts', '--ttl', '1h'], BEN)
  await sandbox.dw(['claim', 'src/a.ts'], ANNA)
  await sandbox.dw(['claim', 'src/c.ts'], CLEO)
  const before = await sandbox.refs('refs/dw')
  const later = { ...ANNA, env: { DW_TEST_CLOCK: '+90m' } }
  const refused = await sandbox.dw(['claim', 'src'], later)
  expect(refused.status).toBe(1)
  expect(refused.stderr).toContain('"src/c.ts" is held by')
  expect(refused.stderr).not.toContain('held now')
  expect(await sandbox.refs('refs/dw')).toStrictEqual(before)
})

test('own locks stay where another key of the same claim lies under what another holds', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'docs'], BEN)
  await sandbox.dw(['claim', 'src/a.ts'], ANNA)
  const before = await sandbox.refs('refs/dw')
  const refused = await sandbox.dw(['claim', 'src', 'docs/x.md'], ANNA)
  expect(refused.status).toBe(1)
  expect(refused.stderr).not.toContain('given up')
  expect(await sandbox.refs('refs/dw')).toStrictEqual(before)
})

for (const [when, nth] of [
  ['has given up the locks below it', 2],
  ['is about to give up the locks below it', 1],
] as const) {
  test(`an upgrade that is interrupted when it ${when} keeps them`, async ({ sandbox }) => {
    await sandbox.dw(['claim', 'src/a.ts', 'src/b.ts', '-m', 'mine'], ANNA)
    const stop = stoppingAt(sandbox, 'update-ref', nth)
    const claim = sandbox.start(LAUNCHER, ['claim', 'src'], { ...ANNA, env: stop.env })
    const outcome = ended(claim)
    await stop.stopped()
    claim.kill('SIGINT')
    stop.goOn()
    expect((await outcome).status).toBe(130)
    expect(await lockNames(sandbox)).toStrictEqual(['path/src/a.ts', 'path/src/b.ts'])
    expect(await sandbox.record('refs/dw/locks/path/src/a.ts')).toMatchObject({ why: 'mine' })
    expect((await sandbox.dw(['status'], ANNA)).stdout).not.toContain('given up')
  })
}
