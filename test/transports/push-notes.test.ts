import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { hasSentNothing, whatIsShown } from '../../src/git/push-notes.ts'
import { ended, Sandbox } from '../harness/sandbox.ts'
import { CAN_MOUNT, Disk } from '../proof/fault-run/disk.ts'

interface Notes {
  readonly notes: string
  readonly pid: number
  readonly status: number | null
}

/** Pushes `args`, and returns what git noted of it; with `kill` git is killed once it has noted that. */
async function push(
  sandbox: Sandbox,
  args: readonly string[],
  kill?: string,
  more: NodeJS.ProcessEnv = {},
): Promise<Notes> {
  const file = join(sandbox.root, 'notes')
  // an ssh that is connected and says nothing, until nobody listens any more
  const env = { GIT_TRACE2_EVENT: file, GIT_SSH_COMMAND: 'cat >/dev/null #', ...more }
  const child = sandbox.start('git', ['push', '--quiet', ...args], { env })
  const over = ended(child)
  const noted = () => (existsSync(file) ? readFileSync(file, 'utf8') : '')
  if (kill !== undefined) {
    while (!noted().includes(kill)) await sleep(5)
    child.kill('SIGKILL')
  }
  const { status } = await over
  return { notes: noted(), pid: child.pid ?? 0, status }
}

async function withRemote(): Promise<Sandbox> {
  const sandbox = await Sandbox.create()
  onTestFinished(() => sandbox.dispose())
  await sandbox.git(['init', '--quiet', '--bare', '../remote.git'])
  return sandbox
}

describe('what git noted of a push', () => {
  test('shows that nothing was sent to a remote that cannot be reached, whatever was to be sent', async () => {
    const sandbox = await withRemote()
    const { notes, pid, status } = await push(sandbox, ['../nowhere.git', 'main'])
    for (const packs of [true, false])
      expect(whatIsShown(notes, { status, pid: pid + 1, packs })).toBe('not sent')
  })

  test('shows that nothing was sent where git itself stopped before it packed, unless it was a deletion', async () => {
    const sandbox = await withRemote()
    await sandbox.git(['config', 'receive.advertiseAtomic', 'false'], {
      cwd: join(sandbox.root, 'remote.git'),
    })
    const { notes, pid, status } = await push(sandbox, ['--atomic', '../remote.git', 'main'])
    expect(whatIsShown(notes, { status, pid, packs: true })).toBe('not sent')
    expect(whatIsShown(notes, { status, pid, packs: false })).toBe('nothing')
  })

  test('shows nothing of the kind of one that landed, or only deleted', async () => {
    const sandbox = await withRemote()
    for (const [spec, packs] of [
      ['main', true],
      [':main', false],
    ] as const) {
      const { notes, pid, status } = await push(sandbox, ['../remote.git', spec])
      expect(whatIsShown(notes, { status, pid, packs }), spec).toBe('nothing')
    }
  })

  test('shows that a killed one had sent nothing, where it was git itself that was killed', async () => {
    const sandbox = await withRemote()
    const { notes, pid, status } = await push(sandbox, ['ssh://nowhere/at-all', 'main'], 'get_refs_list')
    for (const packs of [true, false]) {
      expect(whatIsShown(notes, { status, pid, packs })).toBe('not yet')
      expect(whatIsShown(notes, { status, pid: pid + 1, packs })).toBe('nothing')
      expect(whatIsShown(notes, { status, pid: undefined, packs })).toBe('nothing')
    }
  })

  test('shows nothing of the kind wherever it is cut off, once the remote had answered', async () => {
    const sandbox = await withRemote()
    const { notes, pid } = await push(sandbox, ['../remote.git', 'main'])
    const answered = notes.indexOf('\n', notes.search(/"region_leave".*"get_refs_list"/)) + 1
    expect(answered).toBeGreaterThan(0)
    for (let at = answered; at <= notes.length; at += 1) {
      for (const status of [null, 128]) {
        const shown = whatIsShown(notes.slice(0, at), { status, pid, packs: true })
        expect(shown, `${at}`).toBe('nothing')
      }
    }
  })

  test('shows nothing of the kind where it is not whole, or of two pushes, or of none', async () => {
    const sandbox = await withRemote()
    const { notes, pid } = await push(sandbox, ['../nowhere.git', 'main'])
    const end = { pid, status: 128, packs: true }
    expect(whatIsShown(notes, end)).toBe('not sent')
    const lines = notes.split('\n')
    const cut = [
      ...lines.slice(0, 3),
      ...lines.slice(3).map((line, at) => (at === 0 ? line.slice(0, 20) : line)),
    ]
    expect(whatIsShown(cut.join('\n'), end)).toBe('nothing')
    expect(whatIsShown(notes.trimEnd(), end)).toBe('nothing')
    expect(whatIsShown('', end)).toBe('nothing')
    // somebody in git's place was killed, or says that git was
    expect(whatIsShown(notes, { ...end, status: null, pid: pid + 1 })).toBe('nothing')
    const withoutEnd = lines.filter((line) => !line.includes('"atexit"')).join('\n')
    expect(whatIsShown(withoutEnd, end)).toBe('nothing')
    expect(whatIsShown(withoutEnd, { ...end, status: null })).toBe('not yet')
    const { notes: both } = await push(sandbox, ['../nowhere.git', 'main'])
    expect(both.length).toBeGreaterThan(notes.length)
    expect(whatIsShown(both, end)).toBe('nothing')
  })

  test('shows nothing of what another helper than those of git sent', async () => {
    const sandbox = await withRemote()
    // it takes what is to be pushed, and dies before it says what became of that
    const helper = join(sandbox.root, 'git-remote-other')
    writeFileSync(
      helper,
      `#!/bin/sh
while read -r line; do
  case $line in
    capabilities) printf 'push\\n\\n' ;;
    list*) echo ;;
    push*) exit 1 ;;
  esac
done
`,
    )
    chmodSync(helper, 0o755)
    const PATH = `${sandbox.root}:${sandbox.env()['PATH']}`
    const { notes, pid, status } = await push(sandbox, ['other::somewhere', 'main'], undefined, { PATH })
    expect(status).not.toBe(0)
    expect(notes).toContain('"region_leave"')
    expect(notes).not.toContain('"pack-objects"')
    expect(whatIsShown(notes, { status, pid, packs: true })).toBe('nothing')
  })

  test.runIf(CAN_MOUNT)('proves nothing of a killed one on a disk that is full', async () => {
    const sandbox = await withRemote()
    const { notes, pid, status } = await push(sandbox, ['ssh://nowhere/at-all', 'main'], 'get_refs_list')
    const disk = new Disk(join(sandbox.root, 'disk'))
    onTestFinished(() => disk.unmount())
    const file = join(disk.path, 'notes')
    writeFileSync(file, notes)
    expect(disk.fill(3)).toBe(true)
    expect(await hasSentNothing(file, { status, pid, packs: true })).toBe(false)
    disk.makeRoom()
    writeFileSync(file, notes)
    expect(await hasSentNothing(file, { status, pid, packs: true })).toBe(true)
  })
})
