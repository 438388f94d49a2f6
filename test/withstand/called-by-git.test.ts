import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }

test('an alias, git bisect run, and hooks of a push on both sides claim in the right repository', async ({
  sandbox,
}) => {
  for (const name of ['second', 'third']) {
    await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', name])
  }
  await sandbox.git(['config', 'alias.mine', '!git dw'])
  expect((await sandbox.run('git', ['mine', 'claim', 'by-alias'], ANNA)).stdout).toBe('by-alias\n')
  await sandbox.git(['bisect', 'start', 'HEAD', 'HEAD~2'])
  const bisect = await sandbox.run('git', ['bisect', 'run', 'git', 'dw', 'claim', 'by-bisect'], ANNA)
  expect(bisect.status, bisect.stderr).toBe(0)
  await sandbox.git(['bisect', 'reset'])
  const server = join(sandbox.root, 'server.git')
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, server])
  const hook = (directory: string, name: string) => {
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, name), `#!/bin/sh\ncat >/dev/null\ngit dw claim by-${name} >&2\n`, {
      mode: 0o755,
    })
  }
  hook(join(sandbox.repo, '.git/hooks'), 'pre-push')
  // git holds the objects of a push in quarantine while this one runs
  hook(join(server, 'hooks'), 'pre-receive')
  await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'fourth'])
  const push = await sandbox.run('git', ['push', '--quiet', server, 'HEAD:refs/heads/pushed'], ANNA)
  expect(push.status, push.stderr).toBe(0)
  const keys = async (cwd: string) =>
    (await sandbox.json(['locks'], { cwd })).items.map(({ key }: { key: string }) => key)
  expect(await keys(sandbox.repo)).toStrictEqual(['by-alias', 'by-bisect', 'by-pre-push'])
  expect(await keys(server)).toStrictEqual(['by-pre-receive'])
})

test('core.worktree says where paths count from', async ({ sandbox }) => {
  const elsewhere = join(sandbox.root, 'elsewhere')
  mkdirSync(elsewhere)
  await sandbox.git(['config', 'core.worktree', elsewhere])
  const at = { ...ANNA, cwd: elsewhere, env: { GIT_DIR: join(sandbox.repo, '.git') } }
  expect((await sandbox.json(['claim', 'x/y'], at)).keys[0].key).toBe('x/y')
  expect((await sandbox.dw(['check', '../elsewhere/x/y'], at)).stdout).toBe('mine\n')
})
