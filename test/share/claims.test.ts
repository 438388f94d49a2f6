import { describe, expect } from 'vitest'
import { CountedGit } from '../process/counted-git.ts'
import { statuses } from '../races/contest.ts'
import { TRANSPORT } from '../transports/transport.ts'
import { active, type Clone, type Hub } from './hub.ts'
import { test } from './hub-test.ts'

/** How many clones race: a login over ssh takes as long as three claims. */
const MANY = TRANSPORT === 'file' ? 16 : 5

/** After a last sync all clones and the hub have the same records. */
async function expectAgreement(hub: Hub, clones: readonly Clone[]): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    for (const clone of clones) await clone.json(['sync'])
  }
  const there = await hub.refs()
  for (const clone of clones) {
    expect(await clone.refs()).toStrictEqual(there)
    const twins = (await clone.refs('refs/dw-local/remote/origin/base')).map((line) =>
      line.replace('refs/dw-local/remote/origin/base', 'refs/dw'),
    )
    expect(twins).toStrictEqual(there)
  }
}

describe('a shared claim', () => {
  test('is refused in another clone, and the holder is named', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['claim', 'src', '-m', 'new parser'])
    const refused = await ben.dw(['claim', 'src/a.ts'])
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain(`"src" is held by ${session}`)
    expect(refused.stderr).toContain('new parser')
    expect(await hub.refs('refs/dw/active')).toHaveLength(1)
    await expectAgreement(hub, [anna, ben])
  })

  test('is free again in every clone when it was released in one', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'src'])
    expect((await ben.dw(['claim', 'src'])).status).toBe(1)
    await anna.json(['release', 'src'])
    expect((await ben.dw(['claim', 'src'])).status).toBe(0)
    await expectAgreement(hub, [anna, ben])
  })

  test.for([
    ['claim src', 7],
    ['claim --task T', 12],
    ['release docs', 7],
    ['end', 10],
  ] as const)('%s is one push and no fetch, and at most %i git processes', async ([words, most], { hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'docs'])
    const before = hub.server?.connections()
    const { status, calls, stderr } = await new CountedGit(hub.sandbox).run(words.split(' '), {
      cwd: anna.path,
      agent: 'anna',
    })
    expect(status, stderr).toBe(0)
    if (before !== undefined) expect(hub.server?.connections()).toBe(before + 1)
    expect(calls.length, calls.join('\n')).toBeLessThanOrEqual(most)
    const remote = calls.filter((call) => / (?:push|fetch|ls-remote) /.test(` ${call} `))
    expect(remote).toHaveLength(1)
    expect(remote[0]).toMatch(/ push --atomic --porcelain /)
  })

  test('always takes its session along', async ({ hub }) => {
    hub.hook('pre-receive', `cat >>"${hub.path}/pushes"; echo >>"${hub.path}/pushes"`)
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src'])
    await anna.json(['claim', '--task', 'T'])
    await anna.json(['release', 'src'])
    await anna.json(['end'])
    const { readFileSync } = await import('node:fs')
    const pushes = readFileSync(`${hub.path}/pushes`, 'utf8').split('\n\n')
    const withLocks = pushes.filter((push) => push.includes('refs/dw/locks/'))
    expect(withLocks).toHaveLength(4)
    for (const push of withLocks) expect(push).toContain(active(session))
  })

  test('of what is mine asks the remote whether it still is', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'src'])
    expect((await anna.json(['claim', 'src'])).keys[0].already).toBe(true)
    await ben.json(['sync'])
    await ben.json(['claim', 'src', '--steal', '-m', 'release day'])
    const again = await anna.dw(['claim', 'src'])
    expect(again.status).toBe(4)
    expect(again.stderr).toContain('release day')
  })

  test('steals only from a holder who is told so in the other clone', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['claim', 'src'])
    const stolen = await ben.json(['claim', 'src', '--steal', '-m', 'release day'])
    expect((await hub.record(active(session))).revoked).toMatchObject([
      { key: 'src', by: stolen.session, why: 'stolen: release day' },
    ])
    const released = await anna.dw(['sync'])
    expect(released.stderr).toBe('')
    const lost = await anna.dw(['release', 'src'])
    expect(lost.status).toBe(4)
    expect(lost.stderr).toContain('release day')
    await expectAgreement(hub, [anna, ben])
  })

  test('takes over what has expired, and a late heartbeat of the old holder gives nothing back', async ({
    hub,
  }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['claim', 'src', '--ttl', '1h'])
    await ben.json(['sync'])
    const late = { env: { DW_TEST_CLOCK: '+5h' } }
    await ben.json(['claim', 'src'], late)
    await anna.json(['heartbeat', '--force'])
    await anna.json(['sync'])
    const record = await hub.record(active(session))
    expect(record.revoked).toMatchObject([{ key: 'src', why: 'expired' }])
    expect((await anna.dw(['release', 'src'])).status).toBe(4)
    await expectAgreement(hub, [anna, ben])
  })
})

describe('many clones', () => {
  test('claim as many tasks, all at the first try, and agree afterwards', async ({ hub }) => {
    const clones = await hub.clones(MANY)
    const outcomes = await Promise.all(
      clones.map((clone, at) => clone.dw(['claim', '--task', `T${at}`, '--no-worktree'])),
    )
    expect(statuses(outcomes), outcomes.map(({ stderr }) => stderr).join('')).toBe(`0×${MANY}`)
    expect(await hub.refs('refs/dw/locks')).toHaveLength(MANY)
    await expectAgreement(hub, clones)
  })

  test('claim one task: one gets it, and all others are told who', async ({ hub }) => {
    const clones = await hub.clones(MANY)
    const outcomes = await Promise.all(
      clones.map((clone) => clone.dw(['claim', '--task', 'T', '--no-worktree'])),
    )
    expect(statuses(outcomes), outcomes.map(({ stderr }) => stderr).join('')).toBe(`0×1 1×${MANY - 1}`)
    const [line = ''] = await hub.refs('refs/dw/locks')
    const { session } = await hub.record(line.split(' ')[0] ?? '')
    for (const { status, stderr } of outcomes) {
      if (status === 1) expect(stderr).toContain(`is held by ${session}`)
    }
    expect(await hub.refs('refs/dw/active')).toHaveLength(1)
    await expectAgreement(hub, clones)
  })
})
