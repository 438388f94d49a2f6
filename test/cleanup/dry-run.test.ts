import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import type { Sandbox } from '../harness/sandbox.ts'
import { seedLocks } from '../harness/seed-locks.ts'
import { test } from '../harness/transcript.ts'
import { CountedGit } from '../process/counted-git.ts'

const ANNA = { agent: 'anna' }
/** Everything that git and this clone keep. */
const NOTHING = /^$/

async function cloneId(sandbox: Sandbox): Promise<string> {
  return JSON.parse(readFileSync(join(sandbox.repo, '.git/dw/clone.json'), 'utf8')).id
}

test('a dry run finds what a clean-up then does, and changes no ref and no file', async ({ sandbox }) => {
  await sandbox.dw(['claim', '--task', 'T'], { agent: 'tom' })
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.dw(['end', '--force'], { agent: 'tom' })
  seedLocks(sandbox, 20, await cloneId(sandbox))
  const old = new Date(Date.now() - 3_600_000)
  const leftover = join(sandbox.repo, '.git/dw/bindings/x.json.1.tmp')
  writeFileSync(leftover, '{')
  utimesSync(leftover, old, old)
  const late = { env: { DW_TEST_CLOCK: '+31d' } }
  const before = gitFiles(sandbox, NOTHING)
  const would = await sandbox.json(['cleanup', '--dry-run', '--prune'], late)
  const asAnna = await sandbox.json(['cleanup', '--dry-run', '--prune'], { ...ANNA, ...late })
  expect(gitFiles(sandbox, NOTHING)).toStrictEqual(before)
  const whats = new Set(would.items.map(({ what }: { what: string }) => what))
  expect([...whats].sort()).toEqual(['ended-session', 'file', 'lock', 'session', 'worktree'])
  expect(would.items.some(({ done }: { done: boolean }) => done)).toBe(false)
  // the one that would clean up would be heard from, and keep its lock
  expect(asAnna.items).toHaveLength(would.items.length - 2)
  const did = await sandbox.json(['cleanup', '--prune'], late)
  expect(did.items).toStrictEqual(would.items.map((item: object) => ({ ...item, done: true })))
  expect(gitFiles(sandbox, NOTHING)).not.toStrictEqual(before)
})

test('of 1,000 sessions and 5,000 locks, a dry run starts at most 10 git processes, all found', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'own'], ANNA)
  seedLocks(sandbox, 5000, await cloneId(sandbox), { each: 5 })
  const { status, stdout, stderr, calls } = await new CountedGit(sandbox).run(
    ['cleanup', '--dry-run', '--json'],
    {
      ...ANNA,
      env: { DW_TEST_CLOCK: '+60h' },
    },
  )
  expect(status, stderr).toBe(0)
  expect(JSON.parse(stdout).items).toHaveLength(6000)
  expect(calls.length, calls.join('\n')).toBeLessThanOrEqual(10)
})
