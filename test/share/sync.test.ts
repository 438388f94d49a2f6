import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { CountedGit } from '../process/counted-git.ts'
import { active, type Clone, type Hub } from './hub.ts'
import { test } from './hub-test.ts'

async function blob(clone: Clone, text: string): Promise<string> {
  return clone.git(['hash-object', '-w', '--stdin'], { input: text })
}

/** The hub cannot be reached while `work` runs. */
async function away<T>(hub: Hub, work: () => Promise<T>): Promise<T> {
  renameSync(hub.path, `${hub.path}.away`)
  try {
    return await work()
  } finally {
    renameSync(`${hub.path}.away`, hub.path)
  }
}

describe('sync', () => {
  test('with nothing to do is one fetch, and a second one changes no ref', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'src'])
    await anna.json(['sync'])
    const before = await anna.refs('refs/')
    const connections = hub.server?.connections()
    const { calls, stdout } = await new CountedGit(hub.sandbox).run(['sync'], {
      cwd: anna.path,
      agent: 'anna',
    })
    expect(stdout).toBe('nothing to exchange\n')
    if (connections !== undefined) expect(hub.server?.connections()).toBe(connections + 1)
    expect(calls.filter((call) => / (?:push|fetch|ls-remote) /.test(` ${call} `))).toHaveLength(1)
    expect(await anna.refs('refs/')).toStrictEqual(before)
  })

  test('runs four times at once, and all of them come to an end', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['init'])
    await ben.json(['claim', 'src'])
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => anna.dw(['sync'])))
    expect(outcomes.map(({ status }) => status)).toStrictEqual([0, 0, 0, 0])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test('beside claims and releases of the same clone loses none of them', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['init'])
    let going = true
    const syncs = (async () => {
      let count = 0
      for (; going; count += 1) expect((await anna.dw(['sync'])).status).toBe(0)
      return count
    })()
    for (let at = 0; at < 8; at += 1) {
      await anna.json(['claim', `kept/${at}`, `given/${at}`])
      await anna.json(['release', `given/${at}`])
      const locks = await hub.refs('refs/dw/locks')
      expect(locks).toHaveLength(at + 1)
    }
    going = false
    expect(await syncs).toBeGreaterThan(0)
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    expect(await anna.refs('refs/dw/locks')).toHaveLength(8)
    expect((await hub.record(active(session))).revoked).toStrictEqual([])
  })

  test('after a kill between the push and the local refs takes what was acknowledged nowhere yet', async ({
    hub,
  }) => {
    const anna = await hub.clone('anna')
    await anna.json(['init'])
    const local = await anna.refs('refs/')
    await anna.json(['claim', 'src'])
    // as if the claim had been killed after its push: nothing of it stands here
    await restore(anna, local)
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    expect((await anna.json(['claim', 'src'])).keys[0].already).toBe(true)
  })

  test('after a kill between the local refs and base brings no released lock back', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'src'])
    const base = await anna.refs('refs/dw-local')
    await anna.json(['release', 'src'])
    await restore(anna, [...(await anna.refs('refs/dw/')), ...(await anna.refs('refs/heads')), ...base])
    await anna.json(['sync'])
    expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
    expect(await anna.refs('refs/dw/locks')).toStrictEqual([])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    await anna.json(['claim', 'src'])
    expect(await hub.refs('refs/dw/locks')).toHaveLength(1)
  })

  test('after a kill of a sync before base brings back no lock that its holder released since', async ({
    hub,
  }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'src'])
    const base = await ben.refs('refs/dw-local/remote/origin/base')
    await ben.json(['sync'])
    const taken = (await ben.refs('refs/')).filter((line) => !line.includes('/base/'))
    await restore(ben, [...taken, ...base])
    await anna.json(['release', 'src'])
    await ben.json(['sync'])
    expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
    expect(await ben.refs()).toStrictEqual(await hub.refs())
  })

  test('takes over from a sync that was killed', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { writeFileSync } = await import('node:fs')
    const dead = {
      host: (await import('node:os')).hostname(),
      pid: 999_999_999,
      start: 'long ago',
      token: 'x',
    }
    writeFileSync(`${anna.path}/.git/dw/sync.json`, JSON.stringify(dead))
    const outcomes = await Promise.all([1, 2, 3].map(() => anna.dw(['sync'])))
    expect(outcomes.map(({ status }) => status)).toStrictEqual([0, 0, 0])
  })

  test('merges nothing when the fetch fails', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await ben.json(['claim', 'src'])
    const before = await anna.refs('refs/')
    await away(hub, async () => expect((await anna.dw(['sync'])).status).toBe(75))
    expect(await anna.refs('refs/')).toStrictEqual(before)
  })

  test('follows a directory that became files, and files that became a directory', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'src'])
    await ben.json(['sync'])
    await anna.json(['release', 'src'])
    await anna.json(['claim', 'src/a.ts', 'src/b.ts'])
    await ben.json(['sync'])
    expect(await ben.refs()).toStrictEqual(await hub.refs())
    await anna.json(['claim', 'src'])
    await ben.json(['sync'])
    expect(await ben.refs()).toStrictEqual(await hub.refs())
    expect(await ben.refs('refs/dw/locks')).toHaveLength(1)
  })

  test('leaves everything but records as it was, here and there', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await hub.git(['tag', 'v1', 'main'])
    await hub.git(['branch', 'other', 'main'])
    const { readFileSync, existsSync } = await import('node:fs')
    const look = async () => ({
      there: (await hub.refs('refs/')).filter((line) => !line.startsWith('refs/dw/')),
      here: (await anna.refs('refs/')).filter((line) => !/^refs\/dw(?:-local)?\//.test(line)),
      config: readFileSync(`${anna.path}/.git/config`, 'utf8'),
      fetched: existsSync(`${anna.path}/.git/FETCH_HEAD`),
      index: readFileSync(`${anna.path}/.git/index`).toString('base64'),
    })
    const before = await look()
    await anna.json(['claim', 'src'])
    await anna.json(['sync'])
    await anna.json(['release', 'src'])
    await anna.json(['end'])
    expect(await look()).toStrictEqual(before)
  })

  test('leaves alone what both changed and nobody can read', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await anna.json(['init'])
    await anna.json(['sync'])
    await ben.json(['sync'])
    const damage = await blob(anna, 'not json\n')
    await anna.git(['update-ref', active(session), damage])
    await ben.json(['claim', 'src'])
    const moved = await blob(ben, JSON.stringify({ ...(await ben.record(active(session))), nonce: 'x' }))
    await ben.git(['push', '--quiet', 'origin', `+${moved}:${active(session)}`])
    const { unreadable } = await anna.json(['sync'])
    expect(unreadable).toStrictEqual([active(session)])
    expect(await anna.git(['rev-parse', active(session)])).toBe(damage)
  })
})

/** Sets all refs to what they were, by git alone. */
async function restore(clone: Clone, lines: readonly string[]): Promise<void> {
  const wanted = new Map(lines.map((line) => line.split(' ') as [string, string]))
  for (const line of await clone.refs('refs/')) {
    const [ref = ''] = line.split(' ')
    if (!wanted.has(ref) && /^refs\/dw/.test(ref)) await clone.git(['update-ref', '-d', ref])
  }
  for (const [ref, oid] of wanted) await clone.git(['update-ref', ref, oid])
}

describe('a ref whose file a power cut left empty', () => {
  test.for(['lock', 'session'])('is told, and not deleted at the remote: %s', async (what, { hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src'])
    const ref = what === 'lock' ? 'refs/dw/locks/path/src' : active(session)
    writeFileSync(join(anna.path, '.git', ref), '')
    const before = await hub.refs()
    const outcome = await anna.dw(['sync', '--json'])
    const { error } = JSON.parse(outcome.stderr)
    expect(error.code).toBe('DW_CORRUPT_STATE')
    expect(error.message).toContain(ref)
    expect(await hub.refs()).toStrictEqual(before)
    // the hint brings it back
    const [hint] = error.hints
    const back = await hub.sandbox.run('sh', ['-c', hint.slice(hint.indexOf('rm '))], { cwd: anna.path })
    expect(back.status, back.stderr).toBe(0)
    await anna.json(['sync'])
    expect(await hub.refs()).toStrictEqual(before)
    expect(await anna.refs()).toStrictEqual(before)
  })
})

describe('offline', () => {
  test('claim says so; heartbeat, init, release and end work and go out later', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src', 'docs'])
    await away(hub, async () => {
      expect((await anna.dw(['claim', 'lib'])).status).toBe(75)
      expect((await anna.dw(['heartbeat', '--force'])).status).toBe(0)
      const released = await anna.dw(['release', 'src'])
      expect(released).toMatchObject({ status: 0, stdout: 'src\n' })
      expect(released.stderr).toContain('goes out with the next sync')
      expect((await anna.dw(['init', '--new'], { agent: 'other' })).status).toBe(0)
      expect((await anna.dw(['end'])).status).toBe(0)
      expect((await anna.json(['share', '--status'])).notOut).toContain(active(session))
    })
    await anna.json(['sync'])
    expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    expect((await anna.json(['share', '--status'])).notOut).toStrictEqual([])
  })

  test('a provisional lock is shown as such, and is one for good after the next sync', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await away(hub, async () => {
      const answer = await anna.json(['claim', 'src', '--offline'])
      expect(answer.keys[0].provisional).toBe(true)
      expect((await anna.dw(['locks'])).stdout).toContain('provisional')
    })
    expect((await anna.json(['locks'])).items[0].provisional).toBe(true)
    await anna.json(['sync'])
    expect((await anna.json(['locks'])).items[0].provisional).toBe(false)
    expect((await hub.record('refs/dw/locks/path/src')).provisional).toBeUndefined()
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test('a provisional lock that is claimed again with the remote is one for good', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await away(hub, () => anna.json(['claim', 'src', '--offline']))
    const answer = await anna.json(['claim', 'src', '-m', 'why'])
    expect(answer.keys).toMatchObject([{ already: true, provisional: false, why: 'why' }])
    expect((await hub.record('refs/dw/locks/path/src')).provisional).toBeUndefined()
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test.for([
    ['claimed again', ['claim', 'src', '-m', 'why']],
    ['released', ['release', 'src']],
  ] as const)(
    'what one session gave up, and another of its clone took, is %s with the fence of the first',
    async ([, words], { hub }) => {
      const anna = await hub.clone('anna')
      const { session } = await anna.json(['claim', 'src'])
      const before = await hub.record(active(session))
      // known at the remote, which is away then
      await anna.json(['claim', 'docs'], { agent: 'other' })
      await away(hub, async () => {
        await anna.json(['release', 'src'])
        await anna.json(['claim', 'src', '--offline'], { agent: 'other' })
      })
      await anna.json([...words], { agent: 'other' })
      expect((await hub.record(active(session))).fence).toBeGreaterThan(before.fence)
      expect(await anna.refs()).toStrictEqual(await hub.refs())
    },
  )

  test('what stands here for one session, and at the remote for one that cannot be read, is told at once', async ({
    hub,
  }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src'])
    await anna.json(['claim', 'docs'], { agent: 'other' })
    await away(hub, async () => {
      await anna.json(['release', 'src'])
      await anna.json(['claim', 'src', '--offline'], { agent: 'other' })
    })
    const oid = await hub.git(['hash-object', '-w', '--stdin'], 'no record\n')
    await hub.git(['update-ref', active(session), oid])
    const released = await anna.dw(['release', 'src', '--json'], { agent: 'other' })
    const { error } = JSON.parse(released.stderr)
    expect(error).toMatchObject({ code: 'DW_CORRUPT_STATE', refs: [active(session)] })
    const mine = await anna.dw(['claim', 'lib', '--json'])
    expect(JSON.parse(mine.stderr).error).toMatchObject({ code: 'DW_CORRUPT_STATE', refs: [active(session)] })
    expect(await hub.refs('refs/dw/locks')).toHaveLength(2)
  })

  test.for([
    ['src', 'src'],
    ['src', 'src/a.ts'],
    ['src/a.ts', 'src'],
  ] as const)(
    'a provisional lock of %s loses against %s at the remote, and its session is told',
    async ([mine, theirs], { hub }) => {
      const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
      const { session } = await away(hub, () => anna.json(['claim', mine, '--offline']))
      const winner = await ben.json(['claim', theirs])
      const report = await anna.dw(['sync'])
      expect(report.stdout).toContain(`lost: "${mine}" to ${winner.session}`)
      expect((await hub.record(active(session))).revoked).toMatchObject([{ key: mine, by: winner.session }])
      expect(await hub.refs('refs/dw/locks')).toHaveLength(1)
      expect(await anna.refs()).toStrictEqual(await hub.refs())
      expect((await anna.dw(['release', mine])).status).toBe(4)
    },
  )

  test('a flip made offline, from a directory to a file below it, goes out', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'src'])
    await away(hub, async () => {
      await anna.json(['release', 'src'])
      await anna.json(['claim', 'src/a.ts', '--offline'])
    })
    await anna.json(['sync'])
    expect((await hub.refs('refs/dw/locks')).map((line) => line.split(' ')[0])).toStrictEqual([
      'refs/dw/locks/path/src/a.ts',
    ])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test('an expired lock of another is not taken without the remote', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'src'])
    await ben.json(['sync'])
    const late = { env: { DW_TEST_CLOCK: '+9d' } }
    expect((await ben.dw(['claim', 'src', '--offline'], late)).status).toBe(75)
  })
})

describe('a background sync', () => {
  test('starts when the last exchange is old, and sends what waits', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'src'])
    await hub.sandbox.git(['config', '--global', 'dw.backgroundSync', 'true'])
    await anna.dw(['heartbeat', '--force'])
    const young = await hub.record(active(session))
    await anna.dw(['heartbeat', '--force'], { env: { DW_TEST_CLOCK: '+40m' } })
    await expect
      .poll(async () => (await hub.record(active(session))).lastActivity, { timeout: 20_000 })
      .not.toBe(young.lastActivity)
    await hub.isLeft(anna.path)
  })
})
