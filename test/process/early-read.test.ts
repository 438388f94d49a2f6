import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunOptions, Sandbox } from '../harness/sandbox.ts'
import { CountedGit, LAUNCHER } from './counted-git.ts'

const A = { agent: 'A' }
let sandbox: Sandbox
let counted: CountedGit
beforeAll(async () => {
  sandbox = await Sandbox.create()
  counted = new CountedGit(sandbox)
  await sandbox.dw(['claim', 'x'], A)
})
afterAll(() => sandbox.dispose())

/** Runs the command with a git of which each process waits until three are there; whether one waited in vain. */
async function meets(name: string, args: readonly string[], options: RunOptions): Promise<boolean> {
  const directory = join(sandbox.root, `meeting-${name}`)
  mkdirSync(directory)
  const git = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  const script = `#!/bin/sh
: >'${directory}'/here-$$
at=0
until [ "$(ls '${directory}' | grep -c here)" -ge 3 ] || [ "$at" -ge 400 ]; do sleep 0.05; at=$((at + 1)); done
[ "$at" -lt 400 ] || : >'${directory}'/alone
exec '${git}' "$@"
`
  writeFileSync(join(directory, 'git'), script)
  chmodSync(join(directory, 'git'), 0o755)
  const env = { ...options.env, PATH: `${directory}:${sandbox.env()['PATH']}` }
  const outcome = await sandbox.run(LAUNCHER, args, { ...options, env })
  expect(outcome.status, outcome.stderr).toBe(0)
  const files = readdirSync(directory).filter((file) => file !== 'git')
  expect(files.filter((file) => file.startsWith('here'))).toHaveLength(3)
  return !files.includes('alone')
}

test.each([['heartbeat'], ['status'], ['locks'], ['sessions', '--all']])(
  'git dw %s reads the records while git still looks for the repository and the settings',
  async (...args) => {
    expect(await meets(args[0] ?? '', args, A)).toBe(true)
  },
)

test('so it does in a linked worktree, and for the session that DW_SESSION names', async () => {
  const { worktree, session } = await sandbox.json(['claim', '--task', 'T'], A)
  expect(await meets('worktree', ['heartbeat'], { ...A, cwd: worktree.path })).toBe(true)
  expect(await meets('named', ['heartbeat'], { env: { DW_SESSION: session } })).toBe(true)
})

test('where nothing can be guessed, nothing is read twice', async () => {
  const { session } = await sandbox.json(['status'], A)
  const some = await counted.run(['heartbeat'], { env: { DW_SESSION: session.id.slice(0, 9) } })
  // the start of an id is looked up first
  expect([some.status, some.calls.length]).toStrictEqual([0, 4])
  const chosen = await counted.run(['heartbeat'], { ...A, env: { GIT_DIR: join(sandbox.repo, '.git') } })
  expect([chosen.status, chosen.calls.length]).toStrictEqual([0, 3])
})

test('another repository’s directory in the way of the guess changes no answer', async () => {
  // a directory that git itself does not take for a repository
  sandbox.write('sub/.git/HEAD', 'ref: refs/heads/main\n')
  const cwd = join(sandbox.repo, 'sub')
  const { items } = await sandbox.json(['locks'], { ...A, cwd })
  expect(items.map(({ key }: { key: string }) => key)).toContain('x')
  expect((await sandbox.dw(['heartbeat'], { ...A, cwd })).status).toBe(0)
})
