import { expect } from 'vitest'
import { FORMAT, test } from '../harness/transcript.ts'

test('claim prints what was claimed: the worktree of a task, or the keys', async ({ transcript }) => {
  await transcript.run('git dw claim --task fix-login', { agent: 'anna' })
  await transcript.run('git dw claim --task fix-login', { agent: 'anna' })
  await transcript.run('git dw claim --task docs --no-worktree', { agent: 'anna' })
  await transcript.run('git dw claim src docs -m "new layout" --ttl 30m', { agent: 'anna' })
  await transcript.run('git dw claim src/a.ts lib', { agent: 'anna' })
  await transcript.run('git dw claim --task fix-login', { agent: 'ben' })
  await transcript.run('git dw claim task:repo/other', { agent: 'ben' })
  await transcript.matches('claim')
})

test('claim refuses options that do not go together', async ({ transcript }) => {
  await transcript.run('git dw claim', { agent: 'anna' })
  await transcript.run('git dw claim --task T src', { agent: 'anna' })
  await transcript.run('git dw claim src --steal', { agent: 'anna' })
  await transcript.run('git dw claim src --adopt', { agent: 'anna' })
  await transcript.run('git dw claim --task T --no-worktree --base main', { agent: 'anna' })
  await transcript.run('git dw claim ../outside', { agent: 'anna' })
  await transcript.run("git dw claim ''", { agent: 'anna' })
  await transcript.run('git dw claim .git/config', { agent: 'anna' })
  await transcript.run('git dw claim --ttl 0s src', { agent: 'anna' })
  await transcript.matches('claim-usage')
})

test('claim --json of paths has the session, each key and no worktree', async ({ sandbox }) => {
  const answer = await sandbox.json(['claim', 'src', 'docs', '--ttl', '30m', '-m', 'why'], { agent: 'anna' })
  const key = {
    already: false,
    acquiredAt: expect.stringMatching(FORMAT.time),
    ttl: 1800,
    why: 'why',
    provisional: false,
  }
  expect(answer).toStrictEqual({
    schema: 1,
    session: expect.stringMatching(FORMAT.session),
    started: true,
    keys: [
      { key: 'src', ...key },
      { key: 'docs', ...key },
    ],
    worktree: null,
    lost: [],
  })
})

test('claim --json of a task has its worktree', async ({ sandbox }) => {
  expect(await sandbox.json(['claim', '--task', 'T'], { agent: 'anna' })).toStrictEqual({
    schema: 1,
    session: expect.stringMatching(FORMAT.session),
    started: true,
    keys: [
      {
        key: 'task:repo/T',
        already: false,
        acquiredAt: expect.stringMatching(FORMAT.time),
        ttl: 7200,
        why: null,
        provisional: false,
      },
    ],
    worktree: {
      path: `${sandbox.home}/worktrees/repo/T`,
      branch: 'feature/T',
      base: await sandbox.git(['rev-parse', 'main']),
      created: true,
    },
    lost: [],
  })
})

test('claim takes paths from the current directory, absolute ones, and those of another worktree', async ({
  sandbox,
}) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], { agent: 'anna' })
  const inSrc = { agent: 'anna', cwd: `${sandbox.repo}/src` }
  const keysOf = async (...paths: string[]) =>
    (await sandbox.json(['claim', ...paths], inSrc)).keys.map(({ key }: { key: string }) => key)
  const given = ['b.ts', '../docs/x', `${sandbox.repo}/lib`, `${worktree.path}/etc`, ':/top.md']
  expect(await keysOf(...given)).toStrictEqual(['src/b.ts', 'docs/x', 'lib', 'etc', 'top.md'])
  expect((await sandbox.dw(['claim', 'b.ts', ':/lib'], inSrc)).stdout).toBe('b.ts\n../lib\n')
})

test('the printed form of a key is accepted wherever a key is', async ({ sandbox }) => {
  const inSrc = { agent: 'anna', cwd: `${sandbox.repo}/src` }
  const claimed = (await sandbox.dw(['claim', 'a.ts', '../docs', 'task:x'], inSrc)).stdout.trim().split('\n')
  expect(claimed).toHaveLength(3)
  expect((await sandbox.dw(['release', ...claimed], inSrc)).stdout.trim().split('\n').sort()).toStrictEqual(
    claimed.sort(),
  )
})

test('claim resolves links inside the repository', async ({ sandbox }) => {
  await sandbox.run('ln', ['-s', 'src', 'link'])
  await sandbox.dw(['claim', 'link/a.ts'], { agent: 'anna' })
  expect((await sandbox.json(['locks'])).items).toMatchObject([{ key: 'src/a.ts' }])
})
