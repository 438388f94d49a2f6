import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { ended, type Outcome } from '../harness/sandbox.ts'
import { LAUNCHER } from '../process/counted-git.ts'
import { interruptedOnTerminal } from '../process/interrupts.ts'
import type { Clone, Hub } from '../share/hub.ts'
import { test } from '../share/hub-test.ts'

/** Puts the clone's remote behind an ssh that is connected and hears nothing; returns how to find its processes. */
async function silence(hub: Hub, clone: Clone, timeout: string): Promise<() => number[]> {
  const [script, pids] = ['ssh-of-silence', 'its-pids'].map((name) => join(hub.sandbox.root, name)) as [
    string,
    string,
  ]
  writeFileSync(pids, '')
  writeFileSync(script, `#!/bin/sh\necho $$ >>'${pids}'\nexec sleep 3600\n`)
  chmodSync(script, 0o755)
  const settings = {
    'remote.origin.url': 'ssh://localhost/nobody',
    'core.sshCommand': script,
    'ssh.variant': 'ssh',
    'dw.remoteTimeout': timeout,
  }
  for (const [name, value] of Object.entries(settings)) await clone.git(['config', name, value])
  return () =>
    readFileSync(pids, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map(Number)
}

/** Whether the process is there and has not ended: nobody may have asked yet how it did. */
function isRunning(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Runs `args`, interrupts once a hook of the hub's has made `begun`, and returns how it ended. */
async function calledOff(hub: Hub, clone: Clone, args: readonly string[], begun: string): Promise<Outcome> {
  const child = hub.sandbox.start(LAUNCHER, args, { cwd: clone.path, agent: clone.agent })
  const over = ended(child)
  while (!existsSync(begun)) await sleep(20)
  child.kill('SIGINT')
  return over
}

describe('a remote that says nothing', () => {
  test.for([
    [['sync'], 'SIGINT'],
    [['claim', 'docs'], 'SIGINT'],
    [['claim', 'docs'], 'SIGTERM'],
    [['claim', '--task', 'T'], 'SIGINT'],
    [['claim', 'src', '--steal', '-m', 'why'], 'SIGINT'],
    [['release', 'src'], 'SIGINT'],
    [['end'], 'SIGINT'],
    [['push'], 'SIGINT'],
  ] as const)('does not hold up %j after %s', async ([args, signal], { hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'src'])
    await anna.commit('src/a')
    const before = await anna.refs('refs/dw')
    const heads = await anna.refs('refs/heads')
    const started = await silence(hub, anna, '1h')
    const child = hub.sandbox.start(LAUNCHER, args, { cwd: anna.path, agent: 'anna' })
    const over = ended(child)
    while (started().length === 0) await sleep(20)
    child.kill(signal)
    const { status, stdout, stderr } = await over
    expect([status, stdout], stderr).toEqual([130, ''])
    expect(stderr).toContain('git dw: interrupted')
    expect(await anna.refs('refs/dw')).toEqual(before)
    expect(await anna.refs('refs/heads')).toEqual(heads)
    // a pre-push hook of the user's may be at work beside git's first call of a push: that one is git's own to end
    if (args[0] === 'push') for (const pid of started()) process.kill(pid)
    await expect.poll(() => started().filter(isRunning)).toEqual([])
  })

  test.for([
    [['sync']],
    [['claim', 'docs']],
    [['claim', '--task', 'T']],
    [['release', 'src']],
    [['push']],
  ] as const)('does not hold up %j after Ctrl-C on a terminal', async ([args], { hub }) => {
    const anna = await hub.clone('anna')
    await anna.json(['claim', 'src'])
    await anna.commit('src/a')
    const before = await anna.refs()
    const started = await silence(hub, anna, '1h')
    const connected = (async () => {
      while (started().length === 0) await sleep(20)
    })()
    const how = { cwd: anna.path, agent: 'anna' }
    const { status, stdout, screen } = await interruptedOnTerminal(hub.sandbox, args, connected, how)
    expect([status, stdout], screen).toEqual([130, ''])
    expect(screen).toContain('interrupted; nothing is left half done')
    expect(await anna.refs()).toEqual(before)
    expect(await anna.refs('refs/heads/feature')).toEqual([])
    await expect.poll(() => started().filter(isRunning)).toEqual([])
  })

  test('is one that cannot be reached, after its time, and nothing that spoke to it goes on', async ({
    hub,
  }) => {
    const anna = await hub.clone('anna')
    const started = await silence(hub, anna, '1s')
    const { status, stderr } = await anna.dw(['claim', 'docs'])
    expect(status).toBe(75)
    expect(stderr).toContain('the remote "origin" cannot be reached: it did not answer in time')
    expect(stderr).toContain('git dw claim --offline')
    expect(started()).toHaveLength(1)
    await expect.poll(() => started().filter(isRunning)).toEqual([])
    expect(await anna.refs('refs/dw/locks')).toEqual([])
  })

  test('to what was sent leaves it open what became of it, and a sync finds out', async ({ hub }) => {
    const [anna, ben] = [await hub.clone('anna'), await hub.clone('ben')]
    await anna.git(['config', 'dw.remoteTimeout', '1h'])
    const begun = join(hub.sandbox.root, 'begun')
    hub.hook('pre-receive', `: >'${begun}'\nexec sleep 20`)
    const { status, stderr } = await calledOff(hub, anna, ['claim', 'src'], begun)
    expect(status, stderr).toBe(75)
    expect(stderr).toContain('interrupted; waiting a moment for what "origin" says to what was sent')
    expect(stderr).toContain('the remote "origin" did not say what became of the change')
    expect(await anna.refs('refs/dw/locks')).toEqual([])
    await hub.isLeft()
    hub.hook('pre-receive', 'exit 0')
    for (const each of [anna, ben]) {
      await each.json(['sync'])
      expect(await each.refs()).toEqual(await hub.refs())
    }
  })

  test('to a claim that is called off, and then answers, has nothing of it in the end', async ({ hub }) => {
    const anna = await hub.clone('anna')
    const begun = join(hub.sandbox.root, 'begun')
    hub.hook('pre-receive', `if mkdir '${begun}' 2>/dev/null; then sleep 15; fi`)
    const { status, stderr } = await calledOff(hub, anna, ['claim', 'src'], begun)
    expect(status, stderr).toBe(130)
    await hub.isLeft()
    await anna.json(['sync'])
    expect(await hub.refs('refs/dw/locks')).toEqual([])
    expect(await anna.refs()).toEqual(await hub.refs())
    // the session that keeps it from landing is the agent's next one
    expect((await anna.json(['claim', 'docs'])).started).toBe(false)
  })

  test('to a push without a fence leaves it to git what is said of it', async ({ hub }) => {
    const anna = await hub.clone('anna', { shares: false })
    const commit = await anna.commit('src/a')
    const begun = join(hub.sandbox.root, 'begun')
    hub.hook('post-receive', `: >'${begun}'\nexec sleep 15`)
    const args = ['push', '--unfenced', 'origin', 'main']
    const { status, stderr } = await calledOff(hub, anna, args, begun)
    expect(status).toBe(128)
    expect(stderr).toContain('git push was ended by a signal')
    expect(await hub.git(['rev-parse', 'main'])).toBe(commit)
    await hub.isLeft()
  })
})
