import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
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

/** Runs the launcher with a git that does `script` first; the real one is $git. */
async function withGit(name: string, script: string, args: readonly string[], options: RunOptions) {
  const directory = join(sandbox.root, `git-${name}`)
  mkdirSync(directory)
  const git = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  const text = `#!/bin/sh\ngit='${git}' directory='${directory}'\n${script}\nexec "$git" "$@"\n`
  writeFileSync(join(directory, 'git'), text, { mode: 0o755 })
  const env = { ...options.env, PATH: `${directory}:${sandbox.env()['PATH']}` }
  const outcome = await sandbox.run(LAUNCHER, args, { ...options, env })
  return { ...outcome, files: readdirSync(directory).filter((file) => file !== 'git') }
}

/**
 * Runs the command with a git of which each of the first `count` processes waits until all of them are there;
 * whether none waited in vain, and how many processes there were in all.
 */
async function meets(name: string, count: number, args: readonly string[], options: RunOptions) {
  const script = `: >"$directory"/here-$$
at=0
until [ "$(ls "$directory" | grep -c here)" -ge ${count} ] || [ "$at" -ge 400 ]; do sleep 0.05; at=$((at + 1)); done
[ "$at" -lt 400 ] || : >"$directory"/alone`
  const { status, stderr, files } = await withGit(name, script, args, options)
  expect(status, stderr).toBe(0)
  return [!files.includes('alone'), files.filter((file) => file.startsWith('here')).length]
}

test.each([
  { args: ['heartbeat'], together: 3, all: 3 },
  { args: ['status'], together: 3, all: 3 },
  { args: ['locks'], together: 3, all: 3 },
  { args: ['sessions', '--all'], together: 3, all: 3 },
  { args: ['check', 'x', 'src/a.ts'], together: 4, all: 4 },
  { args: ['claim', 'x', 'src/new.ts'], together: 3, all: 5 },
  { args: ['claim', '--task', 'U', '--project', 'p', '--no-worktree'], together: 3, all: 5 },
  { args: ['release', 'x'], together: 3, all: 5 },
  { args: ['release', '--task', 'U', '--project', 'p'], together: 3, all: 5 },
  { args: ['release', '--all'], together: 3, all: 5 },
])(
  'git dw $args reads the records while git still looks for the repository and the settings',
  async ({ args, together, all }) => {
    expect(await meets(args.join('-').replaceAll('/', '+'), together, args, A)).toStrictEqual([true, all])
  },
)

test('so it does in a linked worktree, and for the session that DW_SESSION names', async () => {
  const { worktree, session } = await sandbox.json(['claim', '--task', 'T'], A)
  const there = { ...A, cwd: worktree.path }
  expect(await meets('worktree', 3, ['heartbeat'], there)).toStrictEqual([true, 3])
  expect(await meets('there', 3, ['claim', 'new.ts'], there)).toStrictEqual([true, 5])
  expect((await sandbox.json(['check', 'new.ts'], A)).items[0].answer).toBe('mine')
  expect(await meets('named', 3, ['heartbeat'], { env: { DW_SESSION: session } })).toStrictEqual([true, 3])
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
  await sandbox.dw(['claim', 'held'], A)
  const { items } = await sandbox.json(['locks'], { ...A, cwd })
  expect(items.map(({ key }: { key: string }) => key)).toContain('held')
  expect((await sandbox.dw(['heartbeat'], { ...A, cwd })).status).toBe(0)
  const { session } = await sandbox.json(['status'], A)
  // read once more, for the session that is bound in the repository
  const claim = await counted.run(['claim', 'task:p/V', '--json'], { ...A, cwd })
  expect([JSON.parse(claim.stdout).session, claim.calls.length]).toStrictEqual([session.id, 6])
  const release = await counted.run(['release', 'task:p/V', '--json'], { ...A, cwd })
  expect([JSON.parse(release.stdout).released, release.calls.length]).toStrictEqual([['task:p/V'], 6])
})

test('what git has to expand, and what a steal takes, is read once', async () => {
  const glob = await counted.run(['check', ':(glob)src/*.ts'], A)
  expect([glob.status, glob.calls.filter((call) => call.includes('for-each-ref')).length]).toEqual([0, 1])
  await sandbox.dw(['claim', 'stolen'], { agent: 'B' })
  const steal = await counted.run(['claim', '--steal', '-m', 'urgent', 'stolen'], A)
  const reads = steal.calls.filter((call) => call.includes('%(raw)'))
  // the holder's session, too
  expect([steal.status, reads.length]).toEqual([0, 2])
})

test('what is read early is judged by who acted then: one agent’s two claims at once start one session', async () => {
  await sandbox.dw(['claim', 'other'], { agent: 'C' })
  const file = (agent: string) => join(sandbox.repo, `.git/dw/bindings/claude-code%3a${agent}.json`)
  const { session: _, ...binding } = JSON.parse(readFileSync(file('c'), 'utf8'))
  // what a claim leaves that has chosen its session's id and not started it yet
  const chosen = { ...binding, session: 'SESS-0123456789', reserved: true }
  writeFileSync(file('d'), JSON.stringify(chosen))
  // once the second has read that there is no such session, the first starts it
  const script = `case $* in
  *for-each-ref*refs/dw/projects*)
    "$git" "$@" >"$directory"/found
    mv "$directory"/found "$directory"/read
    exec cat "$directory"/read ;;
  rev-parse*)
    at=0
    until [ -e "$directory"/read ] || [ "$at" -ge 400 ]; do sleep 0.05; at=$((at + 1)); done
    PATH="\${PATH#*:}" '${LAUNCHER}' claim both >&2 ;;
esac`
  const outcome = await withGit('both', script, ['claim', 'both', '--json'], { agent: 'd' })
  expect(outcome.status, outcome.stderr).toBe(0)
  expect(JSON.parse(outcome.stdout)).toMatchObject({ session: chosen.session, keys: [{ already: true }] })
})

test('a lock that comes above a path between the reading and the look at its file is a holder, no damage', async () => {
  const script = `case $* in *'cat-file --batch')
  "$git" "$@" >"$directory"/read
  [ -e "$directory"/claimed ] || {
    : >"$directory"/claimed
    CLAUDE_CODE_SESSION_ID=B '${LAUNCHER}' claim late >&2 || :
  }
  exec cat "$directory"/read ;;
esac`
  const { status, stdout, stderr } = await withGit('late', script, ['check', 'late/file.ts'], A)
  expect({ status, stdout }, stderr).toMatchObject({ status: 1, stdout: expect.stringContaining('late') })
})
