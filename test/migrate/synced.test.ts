import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from '../races/meeting.ts'
import { OldFiles } from './old-files.ts'

/** A sandbox with so many old sessions, and a `sync` that notes its calls and ends as `exit` says. */
async function withSync(sessions: number, exit: string) {
  const sandbox = await Sandbox.create()
  const old = new OldFiles(join(sandbox.repo, 'state'))
  for (let at = 0; at < sessions; at += 1) old.session(`SESS-${at}`)
  const [shim, log] = [join(sandbox.root, 'shim'), join(sandbox.root, 'log')]
  mkdirSync(shim)
  const real = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  writeFileSync(join(shim, 'sync'), `#!/bin/sh\necho "sync $*" >>'${log}'\n${exit}\n`)
  // of git, how the refs are written
  const note = `case "$*" in *update-ref*) echo "$*" | grep -o 'core.fsync[^ ]*' >>'${log}';; esac`
  writeFileSync(join(shim, 'git'), `#!/bin/sh\n${note}\nexec '${real}' "$@"\n`)
  for (const name of ['sync', 'git']) chmodSync(join(shim, name), 0o755)
  const env = { PATH: `${shim}:${sandbox.env()['PATH']}` }
  // by itself: git would put its own directory before ours
  const migrated = await sandbox.run(LAUNCHER, ['migrate'], { env })
  const refs = await sandbox.refs('refs/dw/active')
  return { sandbox, migrated, refs, log: readFileSync(log, 'utf8') }
}

const LATER = 'core.fsync=none\n'
const WRITTEN_OUT = 'core.fsync=loose-object,reference\ncore.fsyncMethod=writeout-only\n'

test('the refs of many records are synced once, after the last of them', async ({ onTestFinished }) => {
  const { sandbox, migrated, refs, log } = await withSync(300, 'exit 0')
  onTestFinished(() => sandbox.dispose())
  expect(migrated.status, migrated.stderr).toBe(0)
  expect(refs).toHaveLength(300)
  const sync = `sync -f ${join(sandbox.repo, '.git')}\n`
  expect(log).toContain(`${sync}${LATER}${sync}`)
  expect(log).not.toContain(WRITTEN_OUT)
})

test('each is written out where sync(1) cannot do that, and where there are few', async ({
  onTestFinished,
}) => {
  const unable = await withSync(300, 'exit 1')
  onTestFinished(() => unable.sandbox.dispose())
  expect(unable.migrated.status, unable.migrated.stderr).toBe(0)
  expect(unable.refs).toHaveLength(300)
  expect(unable.log).toContain(WRITTEN_OUT)
  expect(unable.log).not.toContain(LATER)
  const few = await withSync(3, 'exit 0')
  onTestFinished(() => few.sandbox.dispose())
  expect(few.refs).toHaveLength(3)
  expect(few.log).toContain(WRITTEN_OUT)
  expect(few.log).not.toContain('sync -f')
})

test('what cannot be synced at the end is taken back', async ({ onTestFinished }) => {
  const failing = '[ -e "$0.once" ] && exit 1; : >"$0.once"; exit 0'
  const { sandbox, migrated, refs } = await withSync(300, failing)
  onTestFinished(() => sandbox.dispose())
  expect(migrated.stderr).toContain('could not be synced to disk; nothing was brought over')
  expect(migrated.status).toBe(75)
  expect(refs).toStrictEqual([])
  const again = await sandbox.dw(['migrate'])
  expect(again.status, again.stderr).toBe(0)
  expect(await sandbox.refs('refs/dw/active')).toHaveLength(300)
})

test('an interrupt while all is synced takes it back, and is told as one', async ({ onTestFinished }) => {
  const interrupting = '[ -e "$0.once" ] && { kill -INT "$PPID"; sleep 0.3; exit 0; }; : >"$0.once"; exit 0'
  const { sandbox, migrated, refs } = await withSync(300, interrupting)
  onTestFinished(() => sandbox.dispose())
  expect(migrated.status, migrated.stderr).toBe(130)
  expect(refs).toStrictEqual([])
})
