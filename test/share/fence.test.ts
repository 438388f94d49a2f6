import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect } from 'vitest'
import { ended, type Outcome } from '../harness/sandbox.ts'
import { LAUNCHER, stoppingAt } from '../races/meeting.ts'
import { TRANSPORT } from '../transports/transport.ts'
import { active, type Clone, type Hub } from './hub.ts'
import { test } from './hub-test.ts'

/** How often each race is run: 50 are 200 in all. Over a server once: its answers are what differs there. */
const ROUNDS = Number(process.env['DW_TEST_INTERLEAVINGS'] ?? (TRANSPORT === 'file' ? 5 : 1))

/** Lets something happen while the old holder's push is suspended, and returns how that push ended. */
type Suspend = (
  hub: Hub,
  anna: Clone,
  args: readonly string[],
  meanwhile: () => Promise<void>,
) => Promise<Outcome>

function stoppedBefore(command: string): Suspend {
  return async (hub, anna, args, meanwhile) => {
    const { env, stopped, goOn } = stoppingAt(hub.sandbox, command)
    const child = hub.sandbox.start(LAUNCHER, args, { cwd: anna.path, agent: anna.agent, env })
    const outcome = ended(child)
    await stopped()
    await meanwhile()
    goOn()
    return outcome
  }
}

/** The server has advertised its refs and read the push; then it waits. */
const stoppedInServer: Suspend = async (hub, anna, args, meanwhile) => {
  const [came, goOn] = [join(hub.path, 'came'), join(hub.path, 'go-on')]
  for (const file of [came, goOn]) rmSync(file, { force: true })
  hub.hook(
    'pre-receive',
    `grep -q refs/heads/anna- || exit 0
: >"${came}"
while [ ! -e "${goOn}" ]; do sleep 0.02; done`,
  )
  const outcome = anna.dw(args)
  while (!existsSync(came)) await sleep(20)
  await meanwhile()
  writeFileSync(goOn, '')
  return outcome
}

const POINTS: readonly { readonly name: string; readonly suspend: Suspend; readonly syncs?: true }[] = [
  { name: 'before it fetches', suspend: stoppedBefore('fetch') },
  {
    name: 'between its checks and its push, beside a sync',
    suspend: stoppedBefore('push --atomic'),
    syncs: true,
  },
  { name: 'after the advertisement, in the server', suspend: stoppedInServer },
  {
    name: 'before it starts, and a sync has brought the revocation already',
    suspend: async (_, anna, args, meanwhile) => {
      await meanwhile()
      await anna.json(['sync'])
      return anna.dw(args)
    },
  },
]

describe('a push of one who lost the lock', () => {
  let anna: Clone
  let ben: Clone

  beforeEach<{ hub: Hub }>(async ({ hub }) => {
    anna = await hub.clone('anna')
    ben = await hub.clone('ben')
    await anna.json(['init'])
    await ben.json(['init'])
  })

  test.for(POINTS)(
    'is refused when it was taken $name',
    { timeout: 1_800_000 },
    async ({ suspend, syncs }, { hub }) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const path = `p${round}.txt`
        await anna.git(['checkout', '--quiet', '-B', `anna-${round}`, 'origin/main'])
        await anna.json(['claim', path])
        await anna.commit(path, 'anna\n')
        const syncing: Promise<Outcome>[] = []
        const pushed = await suspend(hub, anna, ['push', 'origin', `anna-${round}`], async () => {
          if (syncs) syncing.push(anna.dw(['sync']))
          await ben.json(['claim', path, '--steal', '-m', 'release day'])
          await ben.git(['checkout', '--quiet', '-B', `ben-${round}`, 'origin/main'])
          await ben.commit(path, 'ben\n')
          await ben.json(['push', 'origin', `ben-${round}`])
        })
        await Promise.all(syncing)
        expect(pushed.status, `round ${round}: ${pushed.stderr}`).toBe(4)
        expect(pushed.stderr).toContain(`"${path}" was taken by`)
        expect(pushed.stderr).toContain('release day')
        const heads = await hub.refs('refs/heads')
        expect(heads.filter((line) => line.includes('refs/heads/anna-'))).toStrictEqual([])
        expect(heads.filter((line) => line.startsWith(`refs/heads/ben-${round} `))).toHaveLength(1)
      }
    },
  )
})

describe('a fenced push', () => {
  test('lands the branch and moves the fence in one step', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'new.txt'])
    const before = (await hub.record(active(session))).fence
    const commit = await anna.commit('new.txt')
    const answer = await anna.json(['push', 'origin', 'main'])
    expect(answer).toMatchObject({
      remote: 'origin',
      session,
      pushed: [{ ref: 'refs/heads/main', oid: commit }],
    })
    expect((await hub.record(active(session))).fence).toBeGreaterThan(before)
    expect(await hub.git(['rev-parse', 'main'])).toBe(commit)
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test('goes through again once the lost key is held again', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'new.txt'])
    await anna.commit('new.txt')
    await ben.json(['init'])
    await ben.json(['claim', 'new.txt', '--steal', '-m', 'mine'])
    expect((await anna.dw(['push', 'origin', 'main'])).status).toBe(4)
    await ben.json(['release', '--all'])
    await anna.json(['claim', 'new.txt'])
    expect((await anna.dw(['push', 'origin', 'main'])).status).toBe(0)
  })

  test('submits a provisional lock first, and lands nothing when that is lost', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'good.txt', '--offline'])
    await anna.commit('good.txt')
    await anna.json(['push', 'origin', 'main'])
    expect((await hub.record('refs/dw/locks/path/good.txt')).provisional).toBeUndefined()
    await anna.json(['claim', 'bad.txt', '--offline'])
    const { session } = await ben.json(['claim', 'bad.txt'])
    await anna.commit('bad.txt')
    const refused = await anna.dw(['push', 'origin', 'main'])
    expect(refused.status).toBe(4)
    expect(refused.stderr).toContain(session)
    expect(await hub.git(['log', '--format=%s', '-1', 'main'])).toBe('write good.txt')
  })

  test('of what another holds is refused, and its holder named', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { session } = await ben.json(['claim', 'src', '-m', 'new parser'])
    await anna.json(['init'])
    await anna.commit('src/new.ts')
    const refused = await anna.dw(['push', 'origin', 'main'])
    expect(refused.status).toBe(1)
    expect(refused.stderr).toContain(`"src" is held by ${session}`)
    expect(refused.stderr).toContain('new parser')
  })

  test("of another's task branch is refused", async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await ben.json(['claim', '--task', 'T'])
    await anna.json(['init'])
    await anna.git(['checkout', '--quiet', '-b', 'feature/T'])
    await anna.commit('any.txt')
    expect((await anna.dw(['push', 'origin', 'feature/T'])).status).toBe(1)
  })

  test('of a task branch that was taken is refused', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    const { worktree } = await anna.json(['claim', '--task', 'T'])
    await hub.sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'work'], { cwd: worktree.path })
    await ben.json(['claim', '--task', 'T', '--no-worktree', '--steal', '-m', 'urgent'])
    const refused = await anna.dw(['push', 'origin', 'feature/T'], { cwd: worktree.path })
    expect(refused.status).toBe(4)
    expect(refused.stderr).toContain('urgent')
  })

  test('that git would not fast-forward says so, and leaves the branch', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await ben.json(['init'])
    await ben.commit('b.txt')
    await ben.json(['push', 'origin', 'main'])
    await anna.json(['init'])
    await anna.commit('a.txt')
    const refused = await anna.dw(['push', 'origin', 'main'])
    expect(refused.status).toBe(128)
    expect(refused.stderr).toContain('git push')
    expect(await hub.git(['rev-parse', 'main'])).toBe(await ben.git(['rev-parse', 'HEAD']))
  })

  test('that meets a lock file at the remote is decided anew, and a branch that is not taken is told', async ({
    hub,
  }) => {
    const anna = await hub.clone('anna')
    const { session } = await anna.json(['claim', 'new.txt'])
    const commit = await anna.commit('new.txt')
    // another push of the session has locked its ref at that moment
    const lock = join(hub.path, `${active(session)}.lock`)
    const times = join(hub.path, 'time-')
    hub.hook(
      'pre-receive',
      `grep -q refs/heads || exit 0
mkdir "${times}1" 2>/dev/null && { : >"${lock}"; exit 0; }
mkdir "${times}2" && rm "${lock}"`,
    )
    expect((await anna.dw(['push', 'origin', 'main'])).status).toBe(0)
    expect(existsSync(`${times}2`)).toBe(true)
    expect(await hub.git(['rev-parse', 'main'])).toBe(commit)

    await anna.commit('new.txt', 'more\n')
    hub.hook('pre-receive', `grep -q refs/heads || exit 0; echo x >>"${times}3"; exit 1`)
    const refused = await anna.dw(['push', 'origin', 'main'])
    expect(refused.status).toBe(128)
    expect(refused.stderr).toContain('does not take the branch')
    expect(readFileSync(`${times}3`, 'utf8')).toBe('x\nx\n')
  })

  test('whose remote is away is told as that, and lands later', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'new.txt'])
    const commit = await anna.commit('new.txt')
    renameSync(hub.path, `${hub.path}.away`)
    const away = await anna.dw(['push', '--json', 'origin', 'main'])
    const wrong = await anna.dw(['push', 'origin', 'nothing-like-it'])
    renameSync(`${hub.path}.away`, hub.path)
    const { code, hints } = JSON.parse(away.stderr).error
    expect([away.status, code]).toStrictEqual([75, 'DW_OFFLINE'])
    expect(hints.join()).not.toContain('--offline')
    // git sees that by itself
    expect(wrong.status).toBe(128)
    expect(wrong.stderr).toContain('nothing-like-it')
    await anna.json(['push', 'origin', 'main'])
    expect(await hub.git(['rev-parse', 'main'])).toBe(commit)
  })

  test('runs the pre-push hook once, and stops when that says no', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'new.txt'])
    await anna.commit('new.txt')
    const log = join(hub.sandbox.root, 'hook-log')
    const hook = join(anna.path, '.git/hooks/pre-push')
    writeFileSync(hook, `#!/bin/sh\necho ran >>"${log}"\nexit 1\n`, { mode: 0o755 })
    expect((await anna.dw(['push', 'origin', 'main'])).status).toBe(128)
    writeFileSync(hook, `#!/bin/sh\necho ran >>"${log}"\ngit dw sync >/dev/null\n`, { mode: 0o755 })
    expect((await anna.dw(['push', 'origin', 'main'])).status).toBe(0)
    expect(readFileSync(log, 'utf8')).toBe('ran\nran\n')
  })

  test('never takes a record along', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'x'])
    expect((await anna.dw(['push', 'origin', 'refs/dw/meta:refs/dw/other'])).status).toBe(129)
  })

  test('with --dry-run pushes nothing', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'new.txt'])
    await anna.commit('new.txt')
    const before = await hub.refs('refs/')
    expect((await anna.dw(['push', 'origin', 'main', '--', '--dry-run'])).status).toBe(0)
    expect(await hub.refs('refs/')).toStrictEqual(before)
  })

  test('with --force replaces what the remote has, still fenced', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'new.txt'])
    await anna.commit('new.txt', 'one\n')
    await anna.json(['push', 'origin', 'main'])
    await anna.git(['reset', '--quiet', '--hard', 'HEAD~1'])
    const commit = await anna.commit('new.txt', 'two\n')
    expect((await anna.dw(['push', 'origin', 'main'])).status).toBe(128)
    await anna.json(['push', 'origin', 'main', '--', '--force'])
    expect(await hub.git(['rev-parse', 'main'])).toBe(commit)
  })
})

describe('without a refspec', () => {
  test.for([
    ['simple', [], 'refs/heads/main'],
    ['current', [], 'refs/heads/main'],
    ['upstream', [], 'refs/heads/main'],
    ['matching', [], 'refs/heads/main'],
  ] as const)('push.default=%s goes where git would push', async ([rule, , ref], { hub }) => {
    const anna = await hub.clone('anna')
    await anna.git(['config', 'push.default', rule])
    await anna.json(['claim', 'new.txt'])
    const commit = await anna.commit('new.txt')
    expect((await anna.json(['push'])).pushed).toStrictEqual([{ ref, oid: commit }])
  })

  test('push.default=nothing, no upstream, or no branch is a clear error', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'new.txt'])
    await anna.git(['config', 'push.default', 'nothing'])
    expect(await anna.dw(['push'])).toMatchObject({ status: 129, stderr: expect.stringContaining('nothing') })
    await anna.git(['config', '--unset', 'push.default'])
    await anna.git(['checkout', '--quiet', '-b', 'other'])
    expect(await anna.dw(['push'])).toMatchObject({
      status: 129,
      stderr: expect.stringContaining('git dw push -u origin other'),
    })
    await anna.git(['checkout', '--quiet', '--detach'])
    expect(await anna.dw(['push'])).toMatchObject({
      status: 129,
      stderr: expect.stringContaining('no branch'),
    })
  })

  test('-u lets a branch follow what landed, and nothing that was refused or only tried', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.git(['checkout', '--quiet', '-b', 'feature/T.1'])
    const settings = () => anna.git(['config', '--local', '--list'])
    const before = await settings()
    await ben.json(['claim', 'new.txt'])
    await anna.json(['init'])
    await anna.commit('new.txt')
    expect((await anna.dw(['push', '-u', 'origin', 'HEAD'])).status).toBe(1)
    await ben.json(['release', 'new.txt'])
    await anna.json(['push', 'origin', 'HEAD', '--', '-nu'])
    expect(await settings()).toBe(before)
    const { pushed, upstreams } = await anna.json(['push', '-u', 'origin', 'HEAD'])
    expect(pushed).toHaveLength(1)
    expect(upstreams).toStrictEqual([
      { branch: 'feature/T.1', remote: 'origin', merge: 'refs/heads/feature/T.1' },
    ])
    // as git push -u would, but for the remote-tracking branch, which is left to git fetch
    await anna.git(['fetch', '--quiet'])
    expect(await anna.git(['rev-parse', '--abbrev-ref', 'feature/T.1@{upstream}'])).toBe('origin/feature/T.1')
    const commit = await anna.commit('new.txt', 'more\n')
    expect((await anna.json(['push'])).pushed).toStrictEqual([{ ref: 'refs/heads/feature/T.1', oid: commit }])
  })

  test('a fork in remote.pushDefault is not fenced, and is refused without --unfenced', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const fork = join(hub.sandbox.root, 'fork.git')
    await hub.sandbox.git(['clone', '--quiet', '--bare', hub.path, fork])
    await anna.git(['remote', 'add', 'fork', fork])
    await anna.git(['config', 'remote.pushDefault', 'fork'])
    await anna.json(['claim', 'new.txt'])
    const commit = await anna.commit('new.txt')
    const refused = await anna.dw(['push'])
    expect(refused.status).toBe(128)
    expect(refused.stderr).toContain('git dw push origin')
    const log = join(hub.sandbox.root, 'hook-log')
    const hook = join(anna.path, '.git/hooks/pre-push')
    writeFileSync(hook, `#!/bin/sh\necho ran >>"${log}"\n`, { mode: 0o755 })
    const { pushed } = await anna.json(['push', '--unfenced'])
    expect(pushed).toStrictEqual([{ ref: 'refs/heads/main', oid: null }])
    // to see what is pushed, and by git's own push
    expect(readFileSync(log, 'utf8')).toBe('ran\nran\n')
    expect(await hub.sandbox.git(['rev-parse', 'main'], { cwd: fork })).toBe(commit)
    expect(await hub.git(['rev-parse', 'main'])).not.toBe(commit)
  })
})
