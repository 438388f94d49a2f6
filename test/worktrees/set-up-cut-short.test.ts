import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { CountedGit } from '../process/counted-git.ts'
import { interruptedAt, interruptedOnTerminal, leftovers } from '../process/interrupts.ts'

const ANNA = { agent: 'anna' }

async function addIgnored(sandbox: Sandbox): Promise<void> {
  sandbox.write('.gitignore', '/ig/\n')
  await sandbox.git(['add', '.gitignore'])
  await sandbox.git(['commit', '--quiet', '-m', 'ignore'])
  sandbox.write('.worktreeinclude', 'ig/\n')
  for (const name of ['a', 'b', 'c']) sandbox.write(`ig/${name}`, `${name} whole\n`)
}

test.for([
  ['before', 'ls-files'],
  ['after', 'ls-files'],
  ['before', 'check-ignore'],
  ['after', 'check-ignore'],
] as const)('a claim that is interrupted %s %s leaves nothing', async ([when, call], { sandbox }) => {
  await addIgnored(sandbox)
  const before = await leftovers(sandbox)
  const outcome = await interruptedAt(sandbox, ['claim', '--task', 'T'], { call, when }, ANNA)
  expect([outcome.status, outcome.stdout], outcome.stderr).toStrictEqual([130, ''])
  expect(outcome.stderr).toContain('nothing is left half done')
  expect(await leftovers(sandbox)).toStrictEqual(before)
})

test('a claim that is killed while files are copied is completed by the next one', async ({ sandbox }) => {
  await addIgnored(sandbox)
  // the second check-ignore is the last git process before the copies
  const bin = join(sandbox.root, 'killing')
  const git = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  await sandbox.run('mkdir', [bin])
  const kill = `mkdir '${bin}/first' 2>/dev/null || { kill -9 "$PPID"; exit 1; }`
  writeFileSync(
    join(bin, 'git'),
    `#!/bin/sh\ncase "$*" in *check-ignore*) ${kill};; esac\nexec '${git}' "$@"\n`,
  )
  chmodSync(join(bin, 'git'), 0o755)
  const env = { PATH: `${bin}:${sandbox.env()['PATH']}` }
  const launcher = join(import.meta.dirname, '../../bin/git-dw')
  const killed = await sandbox.run(launcher, ['claim', '--task', 'T'], { ...ANNA, env })
  expect(killed.stdout).toBe('')
  const worktree = join(sandbox.home, 'worktrees/repo/T')
  expect(existsSync(join(worktree, 'src/a.ts'))).toBe(true)
  expect(existsSync(join(worktree, 'ig'))).toBe(false)
  const { status, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(status, stderr).toBe(0)
  expect(readdirSync(join(worktree, 'ig'))).toStrictEqual(['a', 'b', 'c'])
})

test('a half copy that a kill left is replaced by a whole one', async ({ sandbox }) => {
  await addIgnored(sandbox)
  const hook = join(sandbox.repo, '.git/hooks/post-checkout')
  await sandbox.run('mkdir', ['-p', join(sandbox.repo, '.git/hooks')])
  // sha256 of "ig/a": the name under which it is copied
  const half = '.dw-$(printf ig/a | sha256sum | cut -c 1-16)'
  writeFileSync(hook, `#!/bin/sh\nmkdir ig && echo "a h" >"ig/${half}"\n`)
  chmodSync(hook, 0o755)
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(status, stderr).toBe(0)
  const copies = join(stdout.trimEnd(), 'ig')
  expect(readdirSync(copies)).toStrictEqual(['a', 'b', 'c'])
  expect(readFileSync(join(copies, 'a'), 'utf8')).toBe('a whole\n')
})

test('Ctrl-C on a terminal reaches dw.postCreate once, and keeps task and worktree', async ({ sandbox }) => {
  // it goes on until the signal has come, and then for as long as a second one might need
  const wait = 'i=0; while [ $i -lt 400 ] && ! [ -e "$HOME/got" ]; do i=$((i + 1)); sleep 0.05; done'
  const command = `trap 'echo INT >>"$HOME/got"' INT; ${wait}; sleep 0.5; exit 9`
  await sandbox.git(['config', 'dw.postCreate', command])
  const { status, stdout, screen } = await interruptedOnTerminal(
    sandbox,
    ['claim', '--task', 'T'],
    4000,
    ANNA,
  )
  expect([status, stdout], screen).toStrictEqual([130, `${join(sandbox.home, 'worktrees/repo/T')}\n`])
  expect(readFileSync(join(sandbox.home, 'got'), 'utf8')).toBe('INT\n')
  expect(await sandbox.refs('refs/dw/locks')).toHaveLength(1)
})

test('copying costs three git processes, however many files there are', async ({ sandbox }) => {
  await addIgnored(sandbox)
  const counted = new CountedGit(sandbox)
  const { calls } = await counted.run(['claim', '--task', 'T'], ANNA)
  expect(calls.filter((call) => /ls-files|check-ignore/.test(call))).toHaveLength(3)
  expect(calls.length, calls.join('\n')).toBeLessThanOrEqual(9 + 3)
})
