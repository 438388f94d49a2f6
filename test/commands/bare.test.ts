import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

test('git dw alone shows the status and the next commands', async ({ transcript }) => {
  await transcript.run('git dw')
  await transcript.run('git dw claim src', { agent: 'anna' })
  await transcript.run('git dw', { agent: 'anna' })
  await transcript.matches('bare')
})

test('git dw alone outside a repository prints a short usage on stderr and exits with 129', async ({
  sandbox,
  transcript,
}) => {
  const outcome = await transcript.run('git dw', { cwd: sandbox.root })
  expect(outcome).toMatchObject({ status: 129, stdout: '' })
  await transcript.matches('bare-outside')
})

test('git dw --json alone outside a repository is an error object', async ({ sandbox }) => {
  const { status, stdout, stderr } = await sandbox.dw(['--json'], { cwd: sandbox.root })
  expect({ status, stdout }).toStrictEqual({ status: 129, stdout: '' })
  expect(JSON.parse(stderr).error).toMatchObject({ code: expect.any(String), hints: expect.any(Array) })
})

test('git dw --json is the status as an object', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], { agent: 'anna' })
  const json = await sandbox.json([], { agent: 'anna' })
  expect(json).toStrictEqual(await sandbox.json(['status'], { agent: 'anna' }))
})

test('git dw --session shows the status of that session', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], { agent: 'anna' })
  const { stdout } = await sandbox.dw(['--session', session])
  expect(stdout).toContain(`You are ${session} (named by --session)`)
})
