import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { seedLocks } from '../harness/seed-locks.ts'
import { CountedGit } from './counted-git.ts'

const A = { agent: 'A' }
const FEW = 10
const MANY = 10_000

/** A call without the id of the session that made it. */
const masked = (call: string) => call.replace(/sess-[0-9a-z]{10}/g, '<session>')

describe('beside 10,000 locks', () => {
  let few: Sandbox
  let many: Sandbox
  const seeded = async (count: number, why?: string) => {
    const sandbox = await Sandbox.create()
    await sandbox.dw(['claim', 'own'], A)
    const clone = JSON.parse(readFileSync(join(sandbox.repo, '.git/dw/clone.json'), 'utf8'))
    seedLocks(sandbox, count, clone.id, why === undefined ? {} : { why })
    return sandbox
  }
  beforeAll(async () => {
    few = await seeded(FEW)
    many = await seeded(MANY)
  })
  afterAll(() => {
    few.dispose()
    many.dispose()
  })

  test.each([
    [['claim', 'free/a']],
    [['check', 'free/b']],
    [['check', 'packages/team-0/package-0/src/part-1.ts']],
    [['heartbeat']],
    [['heartbeat', '--force']],
    [['locks']],
    [['status']],
    [['release', 'free/a']],
  ])('%j starts the git processes that it starts beside 10', async (args) => {
    const [one, other] = [await new CountedGit(few).run(args, A), await new CountedGit(many).run(args, A)]
    expect(other.status).toBe(one.status)
    expect(one.calls.length).toBeGreaterThan(0)
    expect(other.calls.map(masked).sort()).toEqual(one.calls.map(masked).sort())
  })

  test('a listing is one git process however many bytes it has', async ({ onTestFinished }) => {
    const large = await seeded(600, 'x'.repeat(60_000))
    onTestFinished(() => large.dispose())
    const [one, other] = await Promise.all(
      [few, large].map((sandbox) => new CountedGit(sandbox).run(['sessions'], A)),
    )
    expect(other?.stdout.match(/ 10$/gm)).toHaveLength(60)
    expect(other?.calls.map(masked).sort()).toEqual(one?.calls.map(masked).sort())
  })

  test('every lock is listed as live', async () => {
    const { items } = await many.json(['locks'], A)
    expect(items).toHaveLength(MANY + 1)
    expect(new Set(items.map(({ state }: { state: string }) => state))).toEqual(new Set(['live']))
  })
})
