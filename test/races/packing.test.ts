import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { agents, complaints, liveSessions, locks, statuses } from './contest.ts'

describe('writing while git packs the refs all the time', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
  })
  afterEach(() => sandbox.dispose())

  /** Runs `git pack-refs --all` one after the other until `work` is done; how often it did. */
  const packingDuring = async (work: () => Promise<void>): Promise<number> => {
    let working = true
    let packs = 0
    const packing = (async () => {
      while (working) if ((await sandbox.run('git', ['pack-refs', '--all'])).status === 0) packs += 1
    })()
    try {
      await work()
    } finally {
      working = false
      await packing
    }
    return packs
  }

  test('no claim, heartbeat or release is lost', async () => {
    const names = agents(8)
    const all = async (...args: readonly ((agent: string) => readonly string[])[]) => {
      for (const of of args) {
        const outcomes = await Promise.all(names.map((agent) => sandbox.dw(of(agent), { agent })))
        expect(statuses(outcomes), complaints(outcomes, [0])).toBe('0×8')
      }
    }
    const packs = await packingDuring(() =>
      all(
        (agent) => ['claim', `${agent}/one`, `${agent}/two`],
        () => ['heartbeat', '--force'],
        (agent) => ['claim', `${agent}/three`],
        (agent) => ['release', `${agent}/one`],
        () => ['heartbeat', '--force'],
        (agent) => ['claim', agent],
      ),
    )
    expect(packs).toBeGreaterThan(0)

    const held = await locks(sandbox)
    expect(held.map(({ key }) => key).sort()).toEqual([...names].sort())
    expect(await liveSessions(sandbox)).toHaveLength(8)
    for (const agent of names) {
      const { session } = await sandbox.json(['status'], { agent })
      expect(held.find(({ key }) => key === agent)?.session).toBe(session.id)
      const record = await sandbox.record(`refs/dw/active/${session.id.toLowerCase()}`)
      // one claim, its heartbeat, one claim, one release, one heartbeat, an upgrade in three steps
      expect(record.rev).toBe(8)
      const log = await sandbox.git(['cat-file', 'blob', `refs/dw/log/${session.id.toLowerCase()}`])
      const events = log.split('\n').flatMap((line) => JSON.parse(line).event ?? [])
      expect(events).toEqual(['claim', 'claim', 'release', 'upgrade', 'upgrade', 'claim'])
    }
  })
})
