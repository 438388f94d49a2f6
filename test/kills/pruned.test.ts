import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { agents, complaints, locks, statuses } from '../races/contest.ts'

describe('claims beside housekeeping that spares nothing (gc.pruneExpire=now)', () => {
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create({ init: ['--template='] })
    await sandbox.git(['config', 'gc.pruneExpire', 'now'])
  })
  afterEach(() => sandbox.dispose())

  /** Repeats git's housekeeping until `work` is done; how often it ran. */
  const during = async (housekeeping: readonly string[][], work: () => Promise<void>): Promise<number> => {
    let working = true
    let runs = 0
    const keeping = (async () => {
      while (working) {
        for (const args of housekeeping) if ((await sandbox.run('git', args)).status === 0) runs += 1
      }
    })()
    try {
      await work()
    } finally {
      working = false
      await keeping
    }
    return runs
  }

  test('a claim that was answered is there, or its key is named as damaged; all other keys go on', async () => {
    const names = agents(6)
    const housekeeping = [
      ['prune', '--expire=now'],
      ['gc', '--quiet', '--prune=now'],
      ['pack-refs', '--all'],
    ]
    const answered: string[] = []
    // the store's own record is there before: without it nothing goes on, as the next test shows
    expect((await sandbox.dw(['new'], { agent: 'other' })).status).toBe(0)
    const runs = await during(housekeeping, async () => {
      for (let round = 0; round < 4; round += 1) {
        const outcomes = await Promise.all(
          names.map((agent) => sandbox.dw(['claim', `${agent}/${round}`], { agent })),
        )
        // whose own session's blob was taken is told so, not something else
        const refused = outcomes.filter(({ status }) => status !== 0)
        for (const { stderr } of refused) expect(stderr).toMatch(/^git dw: the record at "refs\/dw\//m)
        answered.push(
          ...names.filter((_, at) => outcomes[at]?.status === 0).map((name) => `${name}/${round}`),
        )
      }
    })
    expect(runs).toBeGreaterThan(0)
    expect(answered.length).toBeGreaterThan(0)

    const { items } = await sandbox.json(['locks'])
    const named = new Set(items.map(({ ref }: { ref?: string }) => ref))
    const held = new Set(items.map(({ key }: { key: string }) => key))
    for (const key of answered) {
      expect(held.has(key) || named.has(`refs/dw/locks/path/${key}`), key).toBe(true)
    }
    const others = await sandbox.dw(['claim', 'elsewhere'], { agent: 'other' })
    expect(others.status, others.stderr).toBe(0)
  })

  test('where the store’s own record was taken, the command that is printed lets claims go on', async () => {
    expect((await sandbox.dw(['claim', 'src'], { agent: 'anna' })).status).toBe(0)
    const oid = await sandbox.git(['rev-parse', 'refs/dw/meta'])
    await sandbox.run('rm', ['-f', `.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`])
    const refused = await sandbox.dw(['claim', 'docs'], { agent: 'anna' })
    expect(refused.status).toBe(128)
    const printed = /^ {2}→ if nobody needs it, remove it with: git (.+)$/m.exec(refused.stderr)?.[1] ?? ''
    expect(printed).toBe('update-ref -d refs/dw/meta')
    await sandbox.git(printed.split(' '))
    expect((await sandbox.dw(['claim', 'docs'], { agent: 'anna' })).status).toBe(0)
    expect((await locks(sandbox)).map(({ key }) => key).sort()).toEqual(['docs', 'src'])
  })

  test('a lock whose blob was taken all the same blocks its line alone, and is named by every command that meets it', async () => {
    expect((await sandbox.dw(['claim', 'src', 'docs'], { agent: 'anna' })).status).toBe(0)
    const oid = await sandbox.git(['rev-parse', 'refs/dw/locks/path/src'])
    await sandbox.run('rm', ['-f', `.git/objects/${oid.slice(0, 2)}/${oid.slice(2)}`])
    for (const args of [['status'], ['locks'], ['sessions']]) {
      const outcome = await sandbox.dw(args, { agent: 'ben' })
      expect(outcome.status, args.join(' ')).toBe(0)
    }
    const { stdout, stderr } = await sandbox.dw(['status'], { agent: 'ben' })
    expect(stdout + stderr).toContain('refs/dw/locks/path/src')
    for (const args of [
      ['claim', 'src'],
      ['claim', 'src/a.ts'],
      ['claim', 'src', '--steal', '-m', 'x'],
    ]) {
      const outcome = await sandbox.dw([...args, '--json'], { agent: 'ben' })
      expect(JSON.parse(outcome.stderr).error, args.join(' ')).toMatchObject({
        code: 'DW_CORRUPT_STATE',
        ref: 'refs/dw/locks/path/src',
      })
    }
    expect((await sandbox.dw(['claim', 'lib'], { agent: 'ben' })).status).toBe(0)
    expect((await sandbox.dw(['release', 'docs'], { agent: 'anna' })).stdout).toBe('docs\n')
    expect((await sandbox.dw(['heartbeat', '--force'], { agent: 'anna' })).status).toBe(0)
  })

  test('claims beside a git that packs and collects all the time are all there afterwards', async () => {
    const names = agents(6)
    // with the usual expiry no fresh object is taken
    await sandbox.git(['config', '--unset', 'gc.pruneExpire'])
    const runs = await during(
      [
        ['gc', '--quiet'],
        ['pack-refs', '--all', '--prune'],
      ],
      async () => {
        for (const command of ['claim', 'release', 'claim']) {
          const outcomes = await Promise.all(names.map((agent) => sandbox.dw([command, agent], { agent })))
          expect(statuses(outcomes), complaints(outcomes, [0])).toBe('0×6')
        }
      },
    )
    expect(runs).toBeGreaterThan(0)
    expect((await locks(sandbox)).map(({ key }) => key).sort()).toEqual([...names].sort())
  })
})
