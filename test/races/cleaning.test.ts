import { expect, test } from 'vitest'
import { type Outcome, Sandbox } from '../harness/sandbox.ts'
import { agents, complaints, locks, statuses } from './contest.ts'

/** For so long claims and clean-ups run beside each other, in milliseconds. */
const DURATION = 20_000
const CLAIMANTS = 8

/**
 * Each agent claims keys of its own over and over, and what it was granted must be there until it releases it
 * itself: the clock of the clean-ups is that of the claims, so whatever they find of these is live.
 */
test('beside 8 claiming processes, clean-ups drop no live lock for 20 seconds', async () => {
  const sandbox = await Sandbox.create()
  try {
    // dead sessions, so that there is always something to do beside the live ones
    const dead = async (round: number) =>
      sandbox.dw(['claim', `dead/${round}`, '--ttl', '60s'], {
        agent: `dead-${round}`,
        env: { DW_TEST_CLOCK: '-30h' },
      })
    const end = Date.now() + DURATION
    const wrong: string[] = []
    const outcomes: Outcome[] = []
    let held = 0
    const claimant = async (agent: string) => {
      for (let round = 0; Date.now() < end; round += 1) {
        const keys = [`${agent}/a-${round}`, `${agent}/b-${round}`]
        const claim = await sandbox.dw(['claim', ...keys], { agent })
        outcomes.push(claim)
        if (claim.status !== 0) continue
        // a clean-up that took it would have it said here, with exit status 4
        const check = await sandbox.dw(['check', ...keys], { agent })
        if (check.stdout.split('\n').filter((line) => line.endsWith('mine')).length !== 2) {
          wrong.push(`${agent} ${round}: ${check.stdout}${check.stderr}`)
        }
        const release = await sandbox.dw(['release', ...keys], { agent })
        outcomes.push(release)
        held += 1
      }
    }
    const cleaned: string[] = []
    const cleaner = async () => {
      for (let round = 0; Date.now() < end; round += 1) {
        await dead(round)
        const outcome = await sandbox.dw(['cleanup', '--json'])
        outcomes.push(outcome)
        if (outcome.status === 0) {
          for (const { what, name } of JSON.parse(outcome.stdout).items) cleaned.push(`${what} ${name}`)
        }
      }
    }
    const last = agents(CLAIMANTS).map((agent) => sandbox.dw(['claim', `${agent}/kept`], { agent }))
    await Promise.all(last)
    await Promise.all([...agents(CLAIMANTS).map(claimant), cleaner(), cleaner()])
    expect(wrong).toStrictEqual([])
    expect(statuses(outcomes), complaints(outcomes, [0])).toBe(`0×${outcomes.length}`)
    expect(held).toBeGreaterThanOrEqual(CLAIMANTS)
    // they had work, and all of it was dead
    expect(cleaned.length).toBeGreaterThan(0)
    expect(cleaned.filter((each) => !/^(?:lock dead\/|session )/.test(each))).toStrictEqual([])
    const keys = (await locks(sandbox)).map(({ key }) => key).filter((key) => !key.startsWith('dead/'))
    expect(keys.sort()).toEqual(agents(CLAIMANTS).map((agent) => `${agent}/kept`))
    const sessions = (await sandbox.json(['sessions', '--all'])).items
    const lost = sessions.filter(
      ({ locks: held, revoked }: { locks: string[]; revoked: object[] }) =>
        held.some((key) => key.endsWith('/kept')) && revoked.length > 0,
    )
    expect(lost).toStrictEqual([])
  } finally {
    sandbox.dispose()
  }
})
