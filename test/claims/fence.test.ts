import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

const active = (id: string) => `refs/dw/active/${id.toLowerCase()}`
const at = (clock: string) => ({ ...ANNA, env: { DW_TEST_CLOCK: clock } })

test('the fence moves with each change of the session and its locks, and only then', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const fence = async () => (await sandbox.record(active(session))).fence
  const fences: [string, number][] = [['claim', await fence()]]
  const step = async (args: string[], options = ANNA) => {
    await sandbox.dw(args, options)
    fences.push([args.join(' '), await fence()])
  }
  await step(['claim', 'docs', 'lib'])
  await step(['claim', 'docs'])
  await step(['claim', 'src/a.ts'])
  await step(['status'])
  await step(['heartbeat', '--force'])
  await step(['claim', 'docs', '--ttl', '5h'])
  await step(['release', 'docs'])
  await step(['release', 'docs'])
  await step(['claim', 'lib', '--steal', '-m', 'urgent'], BEN)
  await step(['claim', 'src'], BEN)
  expect(fences).toStrictEqual([
    ['claim', 1],
    ['claim docs lib', 2],
    ['claim docs', 2],
    ['claim src/a.ts', 2],
    ['status', 2],
    ['heartbeat --force', 2],
    ['claim docs --ttl 5h', 3],
    ['release docs', 4],
    ['release docs', 4],
    ['claim lib --steal -m urgent', 5],
    ['claim src', 5],
  ])
})

test('a second heartbeat within the interval writes no ref', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const before = await sandbox.refs()
  for (const args of [
    ['heartbeat'],
    ['status'],
    ['locks'],
    ['check', 'src'],
    ['sessions'],
    ['claim', 'src'],
  ]) {
    expect((await sandbox.dw(args, at('+14m'))).status).toBe(0)
  }
  expect(await sandbox.refs()).toStrictEqual(before)
})

const writes = async (sandbox: Sandbox, args: string[], clock: string) => {
  const before = await sandbox.refs()
  await sandbox.dw(args, at(clock))
  const after = await sandbox.refs()
  return after.filter((line) => !before.includes(line)).length
}

test('every command of a session is a heartbeat once the interval is over', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  let minutes = 0
  for (const args of [
    ['heartbeat'],
    ['status'],
    ['locks'],
    ['check', 'docs'],
    ['sessions'],
    ['claim', 'src'],
    [],
  ]) {
    minutes += 16
    expect([args, await writes(sandbox, args, `+${minutes}m`)]).toStrictEqual([args, 1])
    expect([args, await writes(sandbox, args, `+${minutes + 1}m`)]).toStrictEqual([args, 0])
  }
})

test('init is a heartbeat of the session that it goes on with', async ({ sandbox }) => {
  const { session } = await sandbox.json(['init'], ANNA)
  expect(await writes(sandbox, ['init'], '+20m')).toBe(1)
  const { lastActivity } = await sandbox.record(active(session))
  expect(Date.parse(lastActivity) - Date.now()).toBeGreaterThan(15 * 60_000)
})

test('heartbeat --force writes however young the last one is', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const before = await sandbox.record(active(session))
  await sandbox.dw(['heartbeat', '--force'], at('+1m'))
  const after = await sandbox.record(active(session))
  expect(after).toMatchObject({ rev: before.rev + 1, fence: before.fence })
  expect(Date.parse(after.lastActivity) - Date.parse(before.lastActivity)).toBeGreaterThanOrEqual(60_000)
})

test('a lock with a short ttl brings the next heartbeat forward to a quarter of it', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'docs'], ANNA)
  await sandbox.dw(['claim', 'src', '--ttl', '20m'], ANNA)
  expect(await writes(sandbox, ['status'], '+4m')).toBe(0)
  expect(await writes(sandbox, ['status'], '+6m')).toBe(1)
})

test('dw.heartbeatInterval sets how often a heartbeat is written', async ({ sandbox }) => {
  await sandbox.git(['config', 'dw.heartbeatInterval', '2m'])
  await sandbox.dw(['claim', 'src'], ANNA)
  expect(await writes(sandbox, ['status'], '+1m')).toBe(0)
  expect(await writes(sandbox, ['status'], '+3m')).toBe(1)
})

test('the throttle is found anew when what this clone remembers of it is gone', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src', '--ttl', '20m'], ANNA)
  await sandbox.run('rm', ['-r', '.git/dw/beats'])
  expect(await writes(sandbox, ['status'], '+4m')).toBe(0)
  expect(await writes(sandbox, ['status'], '+6m')).toBe(1)
})

test('a heartbeat that cannot be written never fails a command that reads', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  sandbox.write(`.git/${active(session)}.lock`, '')
  const before = await sandbox.refs()
  expect((await sandbox.dw(['check', 'src'], at('+20m'))).stdout).toBe('mine\n')
  expect(await sandbox.refs()).toStrictEqual(before)
})

test('a clock that was set back takes no activity away, and still shows that the session is there', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const before = await sandbox.record(active(session))
  await sandbox.dw(['claim', 'docs'], at('-5h'))
  const after = await sandbox.record(active(session))
  expect(Date.parse(after.lastActivity) - Date.parse(before.lastActivity)).toBe(1)
})
