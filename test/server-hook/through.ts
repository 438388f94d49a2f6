import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { active, type Clone, dropPreparedHubs, type Hub } from '../share/hub.ts'
import { HOOK } from './guarded.ts'

/** Installs the hook as docs/server-hook.md says. */
function install(hub: Hub): void {
  mkdirSync(join(hub.path, 'hooks'), { recursive: true })
  copyFileSync(HOOK, join(hub.path, 'hooks/pre-receive'))
}

/** The same checks for every transport: `create` makes the hub that is spoken to through it. */
export function describeGuard(transport: string, create: () => Promise<Hub>): void {
  describe(`a server with the hook, over ${transport}`, () => {
    let hub: Hub
    let anna: Clone
    let ben: Clone
    beforeAll(async () => {
      hub = await create()
      install(hub)
      anna = await hub.clone('anna', { shares: false })
      // what was claimed before is put there by share
      await anna.json(['claim', 'src'])
      await anna.json(['share'])
      ben = await hub.clone('ben')
      await ben.json(['init'])
    })
    afterAll(async () => {
      hub.sandbox.dispose()
      await dropPreparedHubs()
    })

    test('takes what git dw does, from the first claim to the last clean-up', async () => {
      await anna.json(['claim', 'docs', 'lib/a', 'lib/b'])
      await anna.json(['claim', 'lib'])
      await anna.json(['release', 'lib'])
      expect((await ben.dw(['claim', 'docs'])).status).toBe(1)
      await ben.json(['claim', 'docs/one', '--steal', '-m', 'release day'])
      await anna.commit('src/new.ts')
      await anna.json(['push', 'origin', 'HEAD:refs/heads/anna'])
      const { worktree } = await ben.json(['claim', '--task', 'T', '--project', 'app'])
      await hub.sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'x'], { cwd: worktree.path })
      await ben.json(['push', 'origin', 'feature/T'], { cwd: worktree.path })
      await ben.json(['record-result', '--task', 'T', '--project', 'app', '--status', 'passed'])
      expect((await ben.dw(['project', 'add', 'web', '--path', 'packages/web'])).status).toBe(0)
      await ben.json(['claim', '--project', 'web'])
      await ben.json(['claim', 'offline', '--offline'])
      await ben.json(['sync'])
      await anna.json(['heartbeat', '--force'])
      // long after: what is expired is taken over, and cleaned up
      const later = { env: { DW_TEST_CLOCK: '+90h' } }
      const carl = await hub.clone('carl', { shares: false })
      await carl.json(['share'], later)
      await carl.json(['claim', 'src/new.ts'], later)
      await carl.json(['cleanup'], later)
      await carl.json(['end'], later)
      expect(await hub.refs('refs/dw/locks')).toStrictEqual([])
      expect(await hub.refs('refs/dw/active')).toStrictEqual([])
    })

    test('refuses what goes around git dw, and says who holds it', async () => {
      await anna.json(['init', '--new'])
      const { session } = await anna.json(['claim', 'held', '-m', 'mine'])
      await ben.git(['fetch', '--quiet'])
      await ben.commit('held/file')
      const before = await hub.refs('refs/')
      const plain = await hub.sandbox.run('git', ['push', hub.url, 'HEAD:refs/heads/ben'], { cwd: ben.path })
      expect(plain.status).not.toBe(0)
      expect(plain.stderr).toContain(`git dw: "held/file" is held by ${session} (ann@`)
      // deletes the lock, leased on nothing; a mirror of a clone without the records would do so too
      const lock = 'refs/dw/locks/path/held'
      const deleted = await hub.sandbox.run('git', ['push', hub.url, `:${lock}`], { cwd: ben.path })
      expect(deleted.stderr).toContain(`"${lock}" is held by ${session}`)
      const mirrored = await hub.sandbox.run('git', ['push', '--mirror', hub.url], { cwd: hub.sandbox.repo })
      expect(mirrored.stderr).toContain('"refs/dw/meta" is not deleted')
      expect(await hub.refs('refs/')).toStrictEqual(before)
      await ben.git(['checkout', '--quiet', '-B', 'free', 'origin/main'])
      await ben.commit('free/file')
      await ben.git(['push', '--quiet', hub.url, 'HEAD:refs/heads/free'])
      const fence = (await hub.record(active(session))).fence
      await anna.commit('held/mine')
      await anna.json(['push', 'origin', 'HEAD:refs/heads/anna-held'])
      expect((await hub.record(active(session))).fence).toBeGreaterThan(fence)
    })
  })
}
