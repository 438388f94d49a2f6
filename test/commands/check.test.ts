import { hostname } from 'node:os'
import { expect } from 'vitest'
import { FORMAT, test } from '../harness/transcript.ts'

test('check says free, mine or who holds it, with what lies above and below', async ({ transcript }) => {
  await transcript.run('git dw check src')
  await transcript.run('git dw claim src -m "new layout"', { agent: 'anna' })
  await transcript.run('git dw check src src/a.ts docs', { agent: 'anna' })
  await transcript.run('git dw check src/a.ts', { agent: 'ben' })
  await transcript.run('git dw check . docs', { agent: 'ben' })
  await transcript.run('git dw check . docs', { agent: 'anna' })
  await transcript.run('git dw check src', { agent: 'ben', clock: '+3h' })
  await transcript.run('git dw check')
  await transcript.matches('check')
})

test('check --json answers each key, and exits with 1 where another holds one', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src', '-m', 'why'], { agent: 'anna' })
  const outcome = await sandbox.dw(['check', 'src/a.ts', 'docs', '--json'], { agent: 'ben' })
  expect(outcome).toMatchObject({ status: 1, stderr: '' })
  expect(JSON.parse(outcome.stdout)).toStrictEqual({
    schema: 1,
    items: [
      {
        key: 'src/a.ts',
        answer: 'held',
        holders: [
          {
            key: 'src',
            session,
            owner: { user: 'ann', host: hostname() },
            since: expect.stringMatching(FORMAT.time),
            lastActivity: expect.stringMatching(FORMAT.time),
            expiresAt: expect.stringMatching(FORMAT.time),
            why: 'why',
          },
        ],
      },
      { key: 'docs', answer: 'free', holders: [] },
    ],
  })
})

test('check says which of several keys is held, and by which lock', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], { agent: 'anna' })
  const { stdout } = await sandbox.dw(['check', 'src/a.ts', 'docs'], { agent: 'ben' })
  const [held, free] = stdout.split('\n')
  expect(held).toContain('src/a.ts')
  expect(free).toBe('docs: free')
})

test('check carries on without a session and changes no ref', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], { agent: 'anna' })
  const before = await sandbox.refs()
  expect((await sandbox.dw(['check', 'src'])).status).toBe(1)
  expect((await sandbox.dw(['check', 'docs'])).status).toBe(0)
  expect(await sandbox.refs()).toStrictEqual(before)
})
