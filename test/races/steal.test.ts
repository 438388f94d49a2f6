import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Outcome, Sandbox } from '../harness/sandbox.ts'
import { agents, complaints, liveSessions, locks, statuses } from './contest.ts'
import { LAUNCHER, meetingAt } from './meeting.ts'

describe('a lock that is stolen', () => {
  let sandbox: Sandbox
  let holder: string
  beforeEach(async () => {
    sandbox = await Sandbox.create()
    holder = (await sandbox.json(['claim', 'src/a.ts'], { agent: 'holder' })).session
  })
  afterEach(() => sandbox.dispose())

  const steal = async (agent: string, path: string) =>
    sandbox.dw(['claim', path, '--steal', '-m', `for ${agent}`], { agent })

  test.each(['src/a.ts', 'src'])(
    'of two that saw the same holder of %s exactly one gets it',
    async (path) => {
      for (let round = 0; round < 3; round += 1) {
        const thieves = [`left-${round}`, `right-${round}`]
        const meeting = meetingAt(sandbox, 'update-ref', thieves.length)
        const outcomes = await Promise.all(
          thieves.map((agent) =>
            sandbox.run(LAUNCHER, ['claim', path, '--steal', '-m', `for ${agent}`], { agent, env: meeting }),
          ),
        )
        expect(statuses(outcomes), complaints(outcomes, [0, 1])).toBe('0×1 1×1')
        const won = outcomes.findIndex(({ status }) => status === 0)
        const winner = (await sandbox.json(['status'], { agent: thieves[won] ?? '' })).session.id
        expect((await locks(sandbox)).map(({ key, session }) => [key, session])).toEqual([[path, winner]])
        expect(outcomes[1 - won]?.stderr).toContain(winner)

        const told = await sandbox.dw(['release', 'src/a.ts'], { agent: 'holder' })
        expect(told.status).toBe(4)
        // where the step of clearing src/a.ts comes first, the other may have made it and then lost
        expect(told.stderr).toMatch(
          new RegExp(`"src/a.ts" was taken by .*: stolen: for (${thieves.join('|')})`),
        )

        expect((await sandbox.dw(['end'], { agent: thieves[won] ?? '' })).status).toBe(0)
        expect((await sandbox.dw(['claim', 'src/a.ts'], { agent: 'holder' })).status).toBe(0)
      }
    },
  )

  test('the session of a victim that writes heartbeats meanwhile is told every time', async () => {
    for (const [round, thief] of agents(6).entries()) {
      const beats: Promise<Outcome>[] = []
      const beat = () => beats.push(sandbox.dw(['heartbeat', '--force'], { agent: 'holder' }))
      beat()
      beat()
      const theft = steal(thief, 'src/a.ts')
      beat()
      beat()
      expect((await theft).status).toBe(0)
      const outcomes = await Promise.all(beats)
      expect(statuses(outcomes), complaints(outcomes, [0])).toBe('0×4')

      const record = await sandbox.record(`refs/dw/active/${holder.toLowerCase()}`)
      expect(record.revoked).toHaveLength(1)
      const thiefSession = (await sandbox.json(['status'], { agent: thief })).session.id
      const told = await sandbox.dw(['heartbeat'], { agent: 'holder' })
      expect(told.stderr, `round ${round}`).toContain(`lost: "src/a.ts" was taken by ${thiefSession}`)
      const release = await sandbox.dw(['release', 'src/a.ts'], { agent: 'holder' })
      expect(release.status).toBe(4)

      expect((await sandbox.dw(['end'], { agent: thief })).status).toBe(0)
      expect((await sandbox.dw(['claim', 'src/a.ts'], { agent: 'holder' })).status).toBe(0)
      expect((await sandbox.record(`refs/dw/active/${holder.toLowerCase()}`)).revoked).toEqual([])
    }
    expect(await liveSessions(sandbox)).toEqual([holder])
  })
})
