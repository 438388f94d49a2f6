import { expect } from 'vitest'
import { FORMAT, test } from '../harness/transcript.ts'

test('heartbeat is silent, and needs a session', async ({ transcript }) => {
  await transcript.run('git dw new', { agent: 'anna' })
  await transcript.run('git dw heartbeat', { agent: 'anna' })
  await transcript.run('git dw heartbeat --force', { agent: 'anna' })
  await transcript.run('git dw heartbeat')
  await transcript.matches('heartbeat')
})

test('heartbeat --json says whether it was written', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'], { agent: 'anna' })
  const beat = { schema: 1, session, lastActivity: expect.stringMatching(FORMAT.time) }
  expect(await sandbox.json(['heartbeat'], { agent: 'anna' })).toStrictEqual({ ...beat, written: false })
  expect(await sandbox.json(['heartbeat', '--force'], { agent: 'anna' })).toStrictEqual({
    ...beat,
    written: true,
  })
})

test('heartbeat --json tells the activity that is in the record when it has ended', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'], { agent: 'anna' })
  const late = { agent: 'anna', env: { DW_TEST_CLOCK: '+1h' } }
  const { lastActivity } = await sandbox.json(['heartbeat'], late)
  const record = await sandbox.record(`refs/dw/active/${session.toLowerCase()}`)
  expect(lastActivity).toBe(record.lastActivity)
})

test('heartbeat renews the lease of the session and of all its locks', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], { agent: 'anna' })
  await sandbox.dw(['heartbeat'], { agent: 'anna', env: { DW_TEST_CLOCK: '+100m' } })
  const check = await sandbox.dw(['check', 'src'], { env: { DW_TEST_CLOCK: '+200m' } })
  expect(check.status).toBe(1)
  const later = await sandbox.dw(['check', 'src'], { env: { DW_TEST_CLOCK: '+230m' } })
  expect(later).toMatchObject({ status: 0, stdout: 'free\n' })
})
