import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { complaints, liveSessions, locks, statuses } from './contest.ts'
import { LAUNCHER, stoppingAt } from './meeting.ts'

const AGENT = 'the-agent'

describe('16 claims of one agent at once', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
  })
  afterEach(() => sandbox.dispose())

  const claimAll = async () => {
    const claims = Array.from({ length: 16 }, (_, at) =>
      sandbox.dw(['claim', `file-${at}`], { agent: AGENT }),
    )
    return Promise.all(claims)
  }

  test('start one session when the agent was bound to none', async () => {
    const outcomes = await claimAll()
    expect(statuses(outcomes), complaints(outcomes, [0])).toBe('0×16')
    const sessions = await liveSessions(sandbox)
    expect(sessions).toHaveLength(1)
    const held = await locks(sandbox)
    expect(held).toHaveLength(16)
    expect(new Set(held.map(({ session }) => session))).toEqual(new Set(sessions))
    const { session, source } = await sandbox.json(['status'], { agent: AGENT })
    expect([session.id, source]).toEqual([sessions[0], 'binding'])
  })

  test('start one session when the one before has ended', async () => {
    const before = (await sandbox.dw(['init'], { agent: AGENT })).stdout.trim()
    expect((await sandbox.dw(['end'], { agent: AGENT })).status).toBe(0)
    const outcomes = await claimAll()
    expect(statuses(outcomes), complaints(outcomes, [0])).toBe('0×16')
    const sessions = await liveSessions(sandbox)
    expect(sessions).toHaveLength(1)
    expect(sessions).not.toContain(before)
    expect(await locks(sandbox)).toHaveLength(16)
  })

  test('of the same path all succeed and write one lock', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 16 }, () => sandbox.dw(['claim', 'src'], { agent: AGENT })),
    )
    expect(statuses(outcomes), complaints(outcomes, [0])).toBe('0×16')
    const sessions = await liveSessions(sandbox)
    expect(sessions).toHaveLength(1)
    expect((await locks(sandbox)).map(({ session }) => session)).toEqual(sessions)
  })

  test.each(['bound to nothing', 'bound to a session that has ended'])(
    'join a session that another of them started meanwhile, when the agent was %s',
    async (state) => {
      if (state !== 'bound to nothing') {
        expect((await sandbox.dw(['init'], { agent: AGENT })).status).toBe(0)
        expect((await sandbox.dw(['end'], { agent: AGENT })).status).toBe(0)
      }
      const { env, stopped, goOn } = stoppingAt(sandbox, 'for-each-ref')
      const slow = sandbox.run(LAUNCHER, ['claim', 'slow', '--json'], { agent: AGENT, env })
      await stopped()
      const fast = await sandbox.json(['claim', 'fast'], { agent: AGENT })
      goOn()
      expect(JSON.parse((await slow).stdout).session).toBe(fast.session)
      expect(await liveSessions(sandbox)).toEqual([fast.session])
    },
  )
})
