import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Outcome } from '../harness/sandbox.ts'
import { LAUNCHER } from '../process/counted-git.ts'
import type { Clone, Hub } from '../share/hub.ts'
import { test } from '../share/hub-test.ts'

/** Claims `src` by a program that calls `script` in place of git; `$git` is the real one. */
async function claimBy(hub: Hub, clone: Clone, script: string): Promise<Outcome> {
  const path = hub.sandbox.env()['PATH'] ?? ''
  const git = (await hub.sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  const directory = join(hub.sandbox.root, 'in-place-of-git')
  mkdirSync(directory)
  writeFileSync(join(directory, 'git'), `#!/bin/sh\ngit='${git}'\n${script}\n`)
  chmodSync(join(directory, 'git'), 0o755)
  const env = { PATH: `${directory}:${path}` }
  return hub.sandbox.run(LAUNCHER, ['claim', 'src'], { cwd: clone.path, agent: clone.agent, env })
}

/** The claim has landed, its user was not told that it did not, and nobody finds half of one. */
async function hasLanded(hub: Hub, clone: Clone, { status, stderr }: Outcome): Promise<void> {
  await hub.isLeft()
  hub.hook('pre-receive', 'exit 0')
  await clone.git(['config', '--unset-all', 'dw.remoteTimeout'])
  expect((await hub.refs('refs/dw/locks')).length, stderr).toBe(1)
  if (status !== 0) expect(stderr).toContain('did not say what became of the change')
  await clone.json(['sync'])
  expect(await clone.refs()).toEqual(await hub.refs())
}

// what git notes of a push tells whether it came so far as to send something: only where it is all that git did
describe('a push that takes too long', () => {
  test('may land where git could note nothing of it, for its disk is full', async ({ hub }) => {
    const anna = await hub.clone('anna')
    await anna.git(['config', 'dw.remoteTimeout', '5s'])
    const begun = join(hub.sandbox.root, 'begun')
    hub.hook('pre-receive', `: >'${begun}'; sleep 12`)
    const isPush = 'case " $* " in *" push "*) ;; *) exec "$git" "$@" ;; esac'
    const full = ': >"$GIT_TRACE2_EVENT"; export GIT_TRACE2_EVENT=/dev/full'
    const told = await claimBy(hub, anna, `${isPush}\n${full}\nexec "$git" "$@"`)
    expect(existsSync(begun)).toBe(true)
    await hasLanded(hub, anna, told)
  })

  test('may land where it is not git that was ended, but what stands in for it', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const slow = join(hub.sandbox.root, 'slow-receive-pack')
    writeFileSync(slow, '#!/bin/sh\nsleep 5\nexec git-receive-pack "$@"\n')
    chmodSync(slow, 0o755)
    const url = await anna.git(['remote', 'get-url', '--push', 'origin'])
    await anna.git(['config', `remote.${url}.receivepack`, slow])
    await anna.git(['config', 'dw.remoteTimeout', '2s'])
    const told = await claimBy(hub, anna, '"$git" "$@"')
    await hasLanded(hub, anna, told)
  })
})
