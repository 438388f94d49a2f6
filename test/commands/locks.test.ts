import { hostname } from 'node:os'
import { expect } from 'vitest'
import { FORMAT, test } from '../harness/transcript.ts'

test('locks shows who holds what, or only what is on the line of the named paths', async ({ transcript }) => {
  await transcript.run('git dw locks')
  await transcript.run('git dw claim --task fix-login --no-worktree', { agent: 'anna' })
  await transcript.run('git dw claim src docs/a.md -m "new layout" --ttl 30m', { agent: 'ben' })
  await transcript.run('git dw locks', { agent: 'anna' })
  await transcript.run('git dw locks src/deep/down.ts docs')
  await transcript.run('git dw locks lib')
  await transcript.run('git dw locks task:repo/fix-login')
  await transcript.run('git dw locks', { clock: '+31m' })
  await transcript.matches('locks')
})

test('locks --json lists every field of a lock', async ({ sandbox }) => {
  const { session, worktree } = await sandbox.json(['claim', '--task', 'T', '-m', 'why'], { agent: 'anna' })
  const { schema, items } = await sandbox.json(['locks'], { agent: 'anna' })
  expect(schema).toBe(1)
  expect(items).toStrictEqual([
    {
      key: 'task:repo/T',
      session,
      owner: { user: 'ann', host: hostname() },
      since: expect.stringMatching(FORMAT.time),
      lastActivity: expect.stringMatching(FORMAT.time),
      expiresAt: expect.stringMatching(FORMAT.time),
      why: 'why',
      state: 'live',
      mine: true,
      claim: expect.stringMatching(/^CLAIM-[0-9a-f]+$/),
      provisional: false,
      ttl: 7200,
      branch: 'feature/T',
      base: worktree.base,
      worktree: worktree.path,
      with: null,
    },
  ])
  const [{ lastActivity, expiresAt }] = items
  expect(Date.parse(expiresAt) - Date.parse(lastActivity)).toBe(7200_000)
})

test('locks names a record that cannot be read and shows the others', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], { agent: 'anna' })
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: '{"v":1}\n' })
  await sandbox.git(['update-ref', 'refs/dw/locks/path/docs', blob])
  const outcome = await sandbox.dw(['locks'])
  expect(outcome.status).toBe(0)
  expect(outcome.stdout).toContain('src')
  expect(outcome.stderr).toContain('refs/dw/locks/path/docs')
  expect(outcome.stderr).toContain('DW_CORRUPT_STATE')
  const { items } = await sandbox.json(['locks'])
  expect(items).toMatchObject([
    { key: 'src' },
    { ref: 'refs/dw/locks/path/docs', state: 'damaged', problem: expect.any(String) },
  ])
  expect(await sandbox.git(['rev-parse', 'refs/dw/locks/path/docs'])).toBe(blob)
})

test('a record that cannot be read blocks its own line and nothing else', async ({ sandbox }) => {
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: 'x\n' })
  await sandbox.git(['update-ref', 'refs/dw/locks/path/docs', blob])
  expect((await sandbox.dw(['claim', 'docs/a.md'], { agent: 'anna' })).status).toBe(128)
  expect((await sandbox.dw(['claim', '.'], { agent: 'anna' })).status).toBe(128)
  expect((await sandbox.dw(['claim', 'src', '--steal', '-m', 'x'], { agent: 'anna' })).status).toBe(0)
  expect((await sandbox.dw(['end'], { agent: 'anna' })).status).toBe(0)
  expect(await sandbox.git(['rev-parse', 'refs/dw/locks/path/docs'])).toBe(blob)
})
