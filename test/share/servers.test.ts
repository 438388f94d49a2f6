import { existsSync, renameSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { dyingAt, LAUNCHER } from '../races/meeting.ts'
import { TRANSPORT } from '../transports/transport.ts'
import { active } from './hub.ts'
import { test } from './hub-test.ts'

const SETTINGS = [
  ['push.recurseSubmodules', 'only'],
  ['push.followTags', 'true'],
  ['push.gpgSign', 'true'],
  ['push.pushOption', 'ci.skip'],
  ['push.negotiate', 'true'],
  ['remote.origin.mirror', 'true'],
  ['fetch.pruneTags', 'true'],
  ['fetch.recurseSubmodules', 'true'],
  ['core.logAllRefUpdates', 'always'],
  ['core.hooksPath', 'nowhere'],
] as const

/** Each by itself; over a server all at once, which takes a tenth of the time. */
const TRIED = TRANSPORT === 'file' ? SETTINGS.map((each) => [each]) : [SETTINGS]

describe("the user's settings", () => {
  test.for(TRIED.map((settings) => ({ settings, name: settings.map(([name]) => name).join(', ') })))(
    '$name: what they say changes nothing of how records travel',
    async ({ settings }, { hub }) => {
      const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
      await anna.git(['tag', '-a', '-m', 'mine', 'only-here'])
      for (const [name, value] of settings) await anna.git(['config', name, value])
      const { session } = await anna.json(['claim', 'new.txt'])
      expect(await anna.refs()).toStrictEqual(await hub.refs())
      await ben.json(['init'])
      await ben.json(['sync'])
      expect((await anna.dw(['sync'])).status).toBe(0)
      const commit = await anna.commit('new.txt')
      await anna.json(['push', 'origin', 'main'])
      expect(await hub.git(['rev-parse', 'main'])).toBe(commit)
      expect((await hub.record(active(session))).fence).toBeGreaterThan(1)
      expect(await hub.refs('refs/tags')).toStrictEqual([])
      expect(await anna.refs('refs/tags')).toHaveLength(1)
      expect((await anna.dw(['release', '--all'])).status).toBe(0)
      expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
      expect(existsSync(join(anna.path, '.git/logs/refs/dw'))).toBe(false)
    },
  )

  test('a push URL of its own is where records are written and read, and what push is fenced at', async ({
    hub,
  }) => {
    const anna = await hub.clone('anna', { shares: false })
    const mirror = join(hub.sandbox.root, 'mirror.git')
    await hub.sandbox.git(['clone', '--quiet', '--bare', hub.path, mirror])
    await anna.git(['remote', 'set-url', 'origin', mirror])
    await anna.git(['remote', 'set-url', '--push', 'origin', hub.url])
    await anna.json(['share'])
    await anna.json(['claim', 'new.txt'])
    const ben = await hub.clone('ben')
    expect((await ben.dw(['claim', 'new.txt'])).status).toBe(1)
    await ben.json(['claim', 'lib'])
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    const commit = await anna.commit('new.txt')
    await anna.json(['push', 'origin', 'main'])
    expect(await hub.git(['rev-parse', 'main'])).toBe(commit)
    expect(await hub.sandbox.git(['for-each-ref', 'refs/dw'], { cwd: mirror })).toBe('')
  })

  test('url.*.insteadOf and pushInsteadOf are followed once', async ({ hub }) => {
    const anna = await hub.clone('anna', { shares: false })
    await anna.git(['config', 'url.file:///nowhere/.insteadOf', 'read:'])
    await anna.git(['config', `url.${hub.urlOf(hub.sandbox.root)}/.pushInsteadOf`, 'read:'])
    await anna.git(['config', 'url.file:///elsewhere/.pushInsteadOf', `${hub.urlOf(hub.sandbox.root)}/`])
    await anna.git(['remote', 'set-url', 'origin', 'read:hub.git'])
    await anna.json(['share'])
    await anna.json(['claim', 'src'])
    await anna.json(['sync'])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test('a git that dies when it is asked for the URL is told as that, not as a remote that is not there', async ({
    hub,
  }) => {
    const anna = await hub.clone('anna')
    await anna.git(['config', 'url.file:///nowhere/.insteadOf', 'read:'])
    const env = dyingAt(hub.sandbox, 'get-url')
    const run = async (command: string) =>
      hub.sandbox.run(LAUNCHER, command.split(' '), { cwd: anna.path, agent: 'anna', env })
    for (const command of ['claim src', 'sync', 'share']) {
      const dead = await run(command)
      expect([command, dead.status]).toStrictEqual([command, 128])
      expect(dead.stderr).toContain('git remote was ended by a signal')
    }
    // what needs no remote goes on
    expect((await run('status')).status).toBe(0)
    expect((await anna.dw(['claim', 'src'])).status).toBe(0)
  })

  test('a remote that was renamed is a clear error, and sharing through the new name puts nothing back', async ({
    hub,
  }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await ben.json(['claim', 'src'])
    await anna.json(['sync'])
    await ben.json(['release', 'src'])
    await anna.git(['remote', 'rename', 'origin', 'upstream'])
    const gone = await anna.dw(['claim', 'lib'])
    expect(gone.status).toBe(128)
    expect(gone.stderr).toContain('there is no remote "origin"')
    expect((await anna.dw(['locks'])).status).toBe(0)
    await anna.json(['share', 'upstream'])
    expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    await anna.git(['remote', 'remove', 'upstream'])
    expect((await anna.dw(['sync'])).status).toBe(128)
    expect((await anna.dw(['share', '--off'])).status).toBe(0)
    expect((await anna.dw(['claim', 'lib'])).status).toBe(0)
  })

  test('dw.sharePaths=false keeps paths of worktrees and the host at home', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const { hostname } = await import('node:os')
    await anna.git(['config', 'dw.sharePaths', 'false'])
    await anna.json(['init'])
    await anna.json(['claim', '--task', 'T'])
    await anna.json(['heartbeat', '--force'])
    await anna.json(['sync'])
    for (const line of await hub.refs()) {
      const text = await hub.git(['cat-file', 'blob', line.split(' ')[1] ?? ''])
      expect(text).not.toContain(hub.sandbox.root)
      expect(text).not.toContain(`"${hostname()}"`)
    }
  })
})

describe('a server', () => {
  test('that refuses refs/dw/* cannot be shared through, and nothing is left of the try', async ({ hub }) => {
    const anna = await hub.clone('anna', { shares: false })
    await hub.git(['update-ref', '-d', 'refs/dw/meta'])
    hub.hook('update', 'case "$1" in refs/dw/*) exit 1;; esac')
    const refused = await anna.dw(['share'])
    expect(refused.status).toBe(128)
    expect(refused.stderr).toContain('takes no records')
    expect((await anna.json(['share', '--status'])).sharing).toBe(false)
    expect((await anna.dw(['claim', 'src'])).status).toBe(0)
    expect(await hub.refs()).toStrictEqual([])
  })

  test('that refuses deletions cannot be shared through', async ({ hub }) => {
    const anna = await hub.clone('anna', { shares: false })
    // receive.denyDeletes itself knows branches only
    hub.hook('update', 'case "$1 $3" in "refs/dw/"*" 0000"*) exit 1;; esac')
    const refused = await anna.dw(['share'])
    expect(refused.status).toBe(128)
    expect(refused.stderr).toContain('no lock could be released there')
  })

  test('that hides refs/dw from those who read cannot be shared through', async ({ hub }) => {
    const anna = await hub.clone('anna', { shares: false })
    await hub.git(['config', 'uploadpack.hideRefs', 'refs/dw'])
    expect(await anna.dw(['share'])).toMatchObject({
      status: 128,
      stderr: expect.stringContaining('hides them'),
    })
  })

  test('that begins to hide refs/dw is a reset, and nothing here is taken for released', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'src'])
    await hub.git(['config', 'transfer.hideRefs', 'refs/dw'])
    const before = await anna.refs('refs/dw/')
    expect(await anna.dw(['sync'])).toMatchObject({
      status: 128,
      stderr: expect.stringContaining('git dw share --again'),
    })
    expect((await anna.dw(['claim', 'lib'])).status).toBe(128)
    expect(await anna.refs('refs/dw/')).toStrictEqual(before)
  })

  test('without --atomic takes advisory locks, and no fenced push', async ({ hub }) => {
    await hub.git(['config', 'receive.advertiseAtomic', 'false'])
    const [anna, ben] = [await hub.clone('anna', { shares: false }), await hub.clone('ben')]
    const shared = await anna.dw(['share'])
    expect(shared.status).toBe(0)
    expect(shared.stdout).toContain('advisory')
    const claim = await anna.dw(['claim', 'new.txt'])
    expect(claim).toMatchObject({ status: 0, stderr: expect.stringContaining('advisory') })
    expect((await ben.dw(['claim', 'new.txt'])).status).toBe(1)
    expect((await anna.dw(['locks'])).stderr).toContain('advisory')
    await anna.commit('new.txt')
    expect((await anna.dw(['push', 'origin', 'main'])).status).toBe(128)
    await anna.json(['release', '--all'])
    expect((await ben.dw(['claim', 'new.txt'])).status).toBe(0)
  })

  test('that hangs ends a claim after dw.remoteTimeout, and leaves no lock here', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const server = createServer(() => undefined)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    try {
      await anna.git(['config', 'dw.remoteTimeout', '1s'])
      const scheme = TRANSPORT === 'file' ? 'git' : TRANSPORT
      await anna.git(['remote', 'set-url', 'origin', `${scheme}://127.0.0.1:${port}/hub.git`])
      expect((await anna.dw(['claim', 'src'])).status).toBe(75)
      const sync = await anna.dw(['sync'])
      expect(sync.status).toBe(75)
      expect(sync.stderr).toContain('git config dw.remoteTimeout')
      expect(await anna.refs('refs/dw/locks')).toStrictEqual([])
    } finally {
      server.close()
    }
  })
})

describe('an arbiter that was reset', () => {
  test('by a push --mirror of a clone that knows no records: all put their own back', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.json(['claim', 'src', 'docs'])
    await ben.json(['claim', 'lib', 'bin'])
    await anna.json(['sync'])
    await anna.json(['release', 'docs'])
    const careless = await hub.clone('careless', { shares: false })
    await careless.git(['push', '--quiet', '--mirror', 'origin'])
    expect(await hub.refs()).toStrictEqual([])
    for (const clone of [anna, ben]) expect((await clone.dw(['sync'])).status).toBe(128)
    expect((await ben.dw(['claim', 'src'])).status).toBe(128)
    await ben.json(['release', 'bin'], {}).catch(() => undefined)
    const put = await anna.dw(['share', '--again'])
    expect(put).toMatchObject({ status: 0, stderr: 'put back what this clone knows\n' })
    // the new id tells ben, whose own records are not all there
    expect((await ben.dw(['sync'])).status).toBe(128)
    await ben.json(['share', '--again'])
    await anna.json(['sync'])
    const names = (await hub.refs('refs/dw/locks')).map((line) => line.split(' ')[0])
    expect(names).toContain('refs/dw/locks/path/src')
    expect(names).toContain('refs/dw/locks/path/lib')
    expect(names).not.toContain('refs/dw/locks/path/docs')
    expect(await anna.refs()).toStrictEqual(await hub.refs())
    expect(await ben.refs()).toStrictEqual(await hub.refs())
  })

  test('to an older copy is noticed by its fences', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'src'])
    const old = `${hub.path}.old`
    await hub.sandbox.run('cp', ['-r', hub.path, old])
    await anna.json(['claim', 'lib'])
    rmSync(hub.path, { recursive: true })
    renameSync(old, hub.path)
    expect(await anna.dw(['sync'])).toMatchObject({ status: 128, stderr: expect.stringContaining('older') })
    await anna.json(['share', '--again'])
    expect(await hub.refs('refs/dw/locks')).toHaveLength(2)
    expect(await anna.refs()).toStrictEqual(await hub.refs())
  })

  test('share --again does a plain sync where nothing was lost', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await ben.json(['claim', 'src'])
    await anna.json(['sync'])
    await ben.json(['release', 'src'])
    expect((await anna.dw(['share', '--again'])).stderr).toBe('nothing was lost at the remote\n')
    expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
  })
})
