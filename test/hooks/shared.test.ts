import { renameSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Outcome } from '../harness/sandbox.ts'
import type { Clone, Hub } from '../share/hub.ts'
import { test } from '../share/hub-test.ts'

/** As long after the last exchange as makes it count no more. */
const LATER = { DW_TEST_CLOCK: '+10m' }

/** A clone with hooks whose last exchange with the hub is too old, and another that has claimed since. */
async function staleAndBusy(hub: Hub): Promise<{ stale: Clone; busy: Clone }> {
  const busy = await hub.clone('busy')
  const stale = await hub.clone('stale')
  await stale.dw(['hooks', 'install'])
  await stale.json(['new'])
  await busy.json(['claim', 'README.md', '-m', 'rewrite'])
  utimesSync(join(stale.path, '.git/dw/exchange.json'), new Date(0), new Date(0))
  return { stale, busy }
}

async function push(hub: Hub, clone: Clone, args = ['origin', 'HEAD']): Promise<Outcome> {
  return hub.sandbox.run('git', ['push', ...args], { cwd: clone.path, agent: clone.agent, env: LATER })
}

test('a push asks the remote what is held there when the last look is too old', async ({ hub }) => {
  const { stale } = await staleAndBusy(hub)
  await stale.commit('README.md')
  const before = await hub.refs('refs/heads')
  const refused = await push(hub, stale)
  expect(refused.status).not.toBe(0)
  expect(refused.stderr).toMatch(/"README\.md" is held by SESS-\w+ \(ann@.*: rewrite/)
  expect(await hub.refs('refs/heads')).toStrictEqual(before)
})

test('a push of what nobody holds goes through after such a look', async ({ hub }) => {
  const { stale } = await staleAndBusy(hub)
  const commit = await stale.commit('src/b.ts')
  const pushed = await push(hub, stale)
  expect(pushed.status, pushed.stderr).toBe(0)
  expect(await hub.git(['rev-parse', 'main'])).toBe(commit)
})

test('where the remote does not answer, a push is judged by what is known, or refused, as is set', async ({
  hub,
}) => {
  const { stale } = await staleAndBusy(hub)
  const other = join(hub.sandbox.root, 'other.git')
  await hub.sandbox.git(['init', '--quiet', '--bare', other])
  await stale.git(['remote', 'add', 'other', other])
  await stale.git(['config', 'dw.hookTimeout', '1s'])
  renameSync(hub.path, `${hub.path}.away`)
  await stale.commit('README.md')
  const passed = await push(hub, stale, ['other', 'HEAD:refs/heads/a'])
  expect(passed.status, passed.stderr).toBe(0)
  expect(passed.stderr).toContain(
    '"origin" did not answer within 1s; the push is checked by what is known here',
  )
  await stale.git(['config', 'dw.prePushOffline', 'deny'])
  const denied = await push(hub, stale, ['other', 'HEAD:refs/heads/b'])
  expect(denied.status).not.toBe(0)
  expect(denied.stderr).toContain('the push is refused')
})

test('a push asks the remote, too, in a clone that has never exchanged anything with it', async ({ hub }) => {
  const busy = await hub.clone('busy')
  await busy.json(['claim', 'README.md'])
  const fresh = await hub.clone('fresh', { shares: false })
  // sharing is on by settings alone, as those of a user or a machine may have it
  await fresh.git(['config', 'dw.share', 'true'])
  await fresh.dw(['hooks', 'install'])
  await fresh.commit('README.md')
  const refused = await push(hub, fresh)
  expect(refused.stderr).toMatch(/"README\.md" is held by SESS-/)
  expect(refused.status).not.toBe(0)
})

test('when sharing stops, no push looks at the remote any more', async ({ hub }) => {
  const { stale } = await staleAndBusy(hub)
  await stale.json(['share', '--off'])
  renameSync(hub.path, `${hub.path}.away`)
  const other = join(hub.sandbox.root, 'other.git')
  await hub.sandbox.git(['init', '--quiet', '--bare', other])
  await stale.commit('README.md')
  const pushed = await push(hub, stale, [other, 'HEAD:refs/heads/a'])
  expect(pushed.status, pushed.stderr).toBe(0)
  expect(pushed.stderr).not.toContain('did not answer')
})
