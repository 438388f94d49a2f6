import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dwHere } from '../harness/in-process.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { SavedState } from '../kills/saved-state.ts'
import { LAUNCHER } from '../races/meeting.ts'
import { OldFiles } from './old-files.ts'

const FAULTS = join(import.meta.dirname, '../kills/fault-points.mjs')
const A = 'SESS-20260101-a1'

let sandbox: Sandbox
let old: OldFiles
let worktree: string
let start: SavedState

beforeAll(async () => {
  // without git's samples there is less to copy
  sandbox = await Sandbox.create({ init: ['--template='] })
  worktree = join(sandbox.root, 'trees', 'login')
  await sandbox.git(['worktree', 'add', '-q', '-b', 'feature/login', worktree])
  const shop = { id: 'PROJ-1', name: 'shop', path: sandbox.repo }
  old = new OldFiles(join(sandbox.repo, 'state'))
    .project('PROJ-1', 'shop', sandbox.repo)
    .session(A, { project: shop, task: 'login', worktree, locks: ['LOCK-1'] })
    .session('SESS-b2', { status: 'ended' })
    .lock('LOCK-1', A, 'PROJ-1', 'login')
    .events([-50, 'session_started', A])
  await here('status')
  start = new SavedState(sandbox, 'start')
})
afterAll(() => sandbox.dispose())

const dw = (...parts: string[]) => join(sandbox.repo, '.git/dw', ...parts)
const stamp = () => join(sandbox.repo, '.git/worktrees/login/dw-stamp.json')
const names = async () => (await sandbox.refs('refs/dw')).map((line) => line.split(' ')[0])

/** A command on the machine whose process was killed, which is how it is known to be dead. */
const here = (...words: string[]) => dwHere(sandbox, words, { around: { host: hostname() } })

/** What a migration made: refs, the stamp, and the marker of a migration that is done. */
async function made() {
  const markers = existsSync(dw('migrations')) ? readdirSync(dw('migrations')).length : 0
  return { refs: await names(), stamped: existsSync(stamp()), markers }
}

const NOTHING = { refs: [], stamped: false, markers: 0 }
const ALL = {
  refs: [
    'refs/dw/active/sess-20260101-a1',
    'refs/dw/ended/sess-b2',
    'refs/dw/locks/task/shop/login',
    'refs/dw/log/sess-20260101-a1',
    'refs/dw/meta',
    'refs/dw/projects/shop',
  ],
  ...{ stamped: true, markers: 1 },
}

/** A migration that has written everything, and not yet turned its journal into the marker. */
async function migrateUnfinished(): Promise<void> {
  start.restore()
  await here('migrate')
  const [marker = ''] = readdirSync(dw('migrations'))
  renameSync(dw('migrations', marker), dw('migrating.json'))
}

/** Runs the command and kills it before its step `at`, counted from 1; 0 lets it come to its end. */
async function killedAt(words: readonly string[], at: number): Promise<string[]> {
  const log = join(sandbox.root, 'steps')
  writeFileSync(log, '')
  const env = {
    DW_BUILD: 'node',
    NODE_OPTIONS: `--import=${FAULTS}`,
    DW_FAULT_AT: String(at),
    DW_FAULT_LOG: log,
  }
  await sandbox.run(LAUNCHER, words, { env })
  const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
  const pid = lines.at(-1)?.split(' ')[0] ?? '0'
  // a git that outlives it comes to its end by itself
  while (pid !== '0' && existsSync(`/proc/${pid}/stat`)) await sleep(2)
  return lines.map((line) => line.slice(line.indexOf(' ') + 1))
}

/** Kills the command at each step from its first change on: any command after it sees all or nothing. */
async function expectAllOrNothing(words: readonly string[], from: SavedState, change: RegExp): Promise<void> {
  const bytes = old.bytes()
  from.restore()
  const steps = await killedAt(words, 0)
  const first = steps.findIndex((step) => change.test(step))
  expect(first).toBeGreaterThan(0)
  const seen = new Set<string>()
  for (let at = first; at < steps.length; at += 1) {
    from.restore()
    await killedAt(words, at + 1)
    const moment = `before step ${at + 1} of ${steps.length}, "${steps[at]}"`
    const { status, stderr } = await here('status')
    expect(status, `${moment}: ${stderr}`).toBe(0)
    const left = await made()
    expect([NOTHING, ALL], `${moment}: ${stderr}`).toContainEqual(left)
    expect(existsSync(dw('migrating.json')), moment).toBe(false)
    if (seen.has(JSON.stringify(left))) continue
    seen.add(JSON.stringify(left))
    const again = await here(...words)
    expect([0, 1], `${moment}, again: ${again.stderr}`).toContain(again.status)
    expect(await made(), moment).toStrictEqual(words.includes('--undo') ? NOTHING : ALL)
  }
  expect(seen.size).toBe(2)
  expect(old.bytes()).toStrictEqual(bytes)
}

test('a migration that is killed before any of its steps leaves all of it or nothing', async () => {
  await expectAllOrNothing(['migrate'], start, /migrating\.json\.tmp/)
})

test('an undo that is killed before any of its steps leaves all of it or nothing', async () => {
  start.restore()
  await here('migrate')
  await expectAllOrNothing(['migrate', '--undo'], new SavedState(sandbox, 'migrated'), /rename .*state\.json/)
})

test('of a transaction that git was killed in the middle of, nothing is left, wherever it was cut', async () => {
  await migrateUnfinished()
  rmSync(dw('migrations'), { recursive: true })
  const whole = new SavedState(sandbox, 'whole')
  for (let length = 0; length < ALL.refs.length; length += 1) {
    whole.restore()
    for (const ref of ALL.refs.slice(length)) await sandbox.git(['update-ref', '-d', ref ?? ''])
    const { stdout, stderr } = await here('locks')
    expect(stderr).toContain('was cut short, and taken back')
    expect(stdout, 'what was read before is not shown').not.toContain('shop')
    expect(await made()).toStrictEqual(NOTHING)
  }
})

test('what a power cut leaves of a migration, refs without their bytes too, is taken back', async () => {
  await migrateUnfinished()
  rmSync(dw('migrations'), { recursive: true })
  const whole = new SavedState(sandbox, 'written')
  for (const empty of [ALL.refs, ALL.refs.slice(0, 2), ALL.refs.slice(3)]) {
    whole.restore()
    for (const [at, ref] of empty.entries()) {
      writeFileSync(join(sandbox.repo, '.git', ref), at % 2 === 0 ? '' : Buffer.alloc(41))
    }
    const { status, stderr } = await here('status')
    expect(status, stderr).toBe(0)
    expect(stderr).toContain('was cut short, and taken back')
    expect(await made()).toStrictEqual(NOTHING)
    expect(ALL.refs.filter((ref) => existsSync(join(sandbox.repo, '.git', ref)))).toStrictEqual([])
    expect((await here('migrate')).status).toBe(0)
    expect(await made()).toStrictEqual(ALL)
  }
})

test('a git that outlives a killed migration writes nothing once that was taken back', async () => {
  start.restore()
  const transaction = join(sandbox.root, 'transaction')
  const real = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  const shim = join(sandbox.root, 'shim')
  await sandbox.run('mkdir', ['-p', shim])
  // keeps what the big transaction was sent, and lets go of it; then the migration is killed
  const script = `#!/bin/sh
case "$*" in *update-ref*)
  input=$(mktemp); cat >"$input"
  if grep -aq locks/task "$input"; then cp "$input" '${transaction}'; kill -9 $PPID; exit 1; fi
  exec '${real}' "$@" <"$input";;
esac
exec '${real}' "$@"
`
  writeFileSync(join(shim, 'git'), script, { mode: 0o755 })
  const env = { PATH: `${shim}:${sandbox.env()['PATH']}` }
  await sandbox.run(LAUNCHER, ['migrate'], { env })
  const sent = readFileSync(transaction, 'latin1')
  expect(sent).toContain('refs/dw-local/migration')
  expect((await here('status')).stderr).toContain('was cut short, and taken back')
  const late = await sandbox.run('git', ['update-ref', '--no-deref', '--stdin', '-z'], { input: sent })
  expect(late.status).not.toBe(0)
  expect(await made()).toStrictEqual(NOTHING)
  expect(await sandbox.refs('refs/dw-local')).toStrictEqual([])
})

test('a migration whose process is at work is left alone by other commands, and a second one waits its turn', async () => {
  await migrateUnfinished()
  const { stdout } = await sandbox.run('cat', ['/proc/sys/kernel/random/boot_id'])
  const fields = readFileSync(`/proc/${process.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  const holder = { pid: process.pid, start: `${stdout.trim().slice(0, 8)}:${fields[19]}` }
  writeFileSync(dw('migrating-mutex.json'), JSON.stringify({ host: hostname(), ...holder, token: 'ours' }))
  expect((await sandbox.dw(['status'])).status).toBe(0)
  expect(await names()).toStrictEqual(ALL.refs)
  expect(existsSync(dw('migrating.json'))).toBe(true)
  const second = await sandbox.dw(['migrate', '--json'])
  expect(JSON.parse(second.stderr).error.code).toBe('DW_BUSY')
  rmSync(dw('migrating-mutex.json'))
  expect((await sandbox.dw(['status'])).stderr).toContain('was cut short, and taken back')
  expect(await made()).toStrictEqual(NOTHING)
})
