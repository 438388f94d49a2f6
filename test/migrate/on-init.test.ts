import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { dwHere } from '../harness/in-process.ts'
import type { Sandbox } from '../harness/sandbox.ts'
import { Terminal } from '../harness/terminal.ts'
import { test } from '../harness/transcript.ts'
import { OldFiles } from './old-files.ts'

const ANNA = { agent: 'anna' }
const sessions = async (sandbox: Sandbox) =>
  (await sandbox.refs('refs/dw/active')).map((line) => line.split(' ')[0]?.slice('refs/dw/active/'.length))

test('the first init brings over what an older dw left in the repository, and says what it did', async ({
  sandbox,
  transcript,
}) => {
  new OldFiles(join(sandbox.repo, 'state')).session('SESS-one').v1('SESS-two', null)
  const api = { id: 'PROJ-1', name: 'api', path: '../api' }
  mkdirSync(join(sandbox.root, 'api'))
  new OldFiles(join(sandbox.repo, '.dw')).v1('SESS-three', null).session('SESS-four', { project: api })
  await transcript.run('git dw init', ANNA)
  await transcript.run('git dw init', ANNA)
  expect(await sessions(sandbox)).toEqual(expect.arrayContaining(['sess-one', 'sess-three', 'sess-two']))
  await dwHere(sandbox, ['migrate', '.dw', '--undo'])
  expect(await sessions(sandbox)).not.toContain('sess-three')
  await transcript.matches('migrate-init')
})

test('damaged files do not stop init: it names the next command, every time, until they are left for good', async ({
  sandbox,
  transcript,
}) => {
  const old = new OldFiles(join(sandbox.repo, 'state')).session('SESS-one').write('locks.json', '{"locks":[{')
  await transcript.run('git dw init', ANNA)
  const { migrations } = JSON.parse((await dwHere(sandbox, ['init', '--json'], ANNA)).stdout)
  expect(migrations).toStrictEqual([
    { state: old.directory, outcome: 'stopped', code: null, sessions: 0, locks: 0, left: 1 },
  ])
  await sandbox.git(['config', 'dw.legacyState', ''])
  await transcript.run('git dw init', ANNA)
  await transcript.matches('migrate-init-damaged')
})

test('init looks in the main worktree alone, follows no link, and takes no directory for another', async ({
  sandbox,
}) => {
  const elsewhere = new OldFiles(join(sandbox.root, 'elsewhere')).v1('SESS-x', null)
  symlinkSync(elsewhere.directory, join(sandbox.repo, 'state'))
  mkdirSync(join(sandbox.repo, '.dw'))
  const tree = join(sandbox.root, 'tree')
  await sandbox.git(['worktree', 'add', '-q', tree])
  new OldFiles(join(tree, 'state')).v1('SESS-y', null)
  const first = JSON.parse((await dwHere(sandbox, ['init', '--json'], { ...ANNA, cwd: tree })).stdout)
  expect(first.migrations).toBeUndefined()
  renameSync(join(tree, 'state'), join(sandbox.repo, '.dw/state'))
  await sandbox.git(['config', 'dw.legacyState', '.dw/state'])
  const second = JSON.parse((await dwHere(sandbox, ['init', '--json'], { ...ANNA, cwd: tree })).stdout)
  expect(second.migrations).toMatchObject([{ outcome: 'migrated', sessions: 1 }])
  expect(await sessions(sandbox)).toContain('sess-y')
})

test('while locks are shared, init brings over nothing and says how it is done', async ({ sandbox }) => {
  new OldFiles(join(sandbox.repo, 'state')).session('SESS-one')
  const hub = join(sandbox.root, 'hub.git')
  await sandbox.git(['init', '-q', '--bare', hub])
  await sandbox.git(['remote', 'add', 'origin', hub])
  await sandbox.git(['config', 'dw.backgroundSync', 'false'])
  expect((await dwHere(sandbox, ['share'])).status).toBe(0)
  const { status, stderr } = await dwHere(sandbox, ['init'], ANNA)
  expect(status).toBe(0)
  expect(stderr).toContain('git dw share --off && git dw migrate')
  expect(await sessions(sandbox)).toHaveLength(1)
  // as the hint says, and then the records go out
  await dwHere(sandbox, ['share', '--off'])
  expect((await dwHere(sandbox, ['migrate'])).status).toBe(0)
  expect((await dwHere(sandbox, ['share', 'origin'])).status).toBe(0)
  expect(
    await sandbox.git(['for-each-ref', '--format=%(refname)', 'refs/dw/active'], { cwd: hub }),
  ).toContain('refs/dw/active/sess-one')
})

test('thousands of entries come over whole, and a terminal shows how far it is', async ({ sandbox }) => {
  const count = 1200
  const old = new OldFiles(join(sandbox.repo, 'state'))
  const life = { status: 'ended', createdAt: '2026-01-01T00:00:00Z', lastActivity: '2026-01-02T00:00:00Z' }
  const entries = Array.from({ length: count }, (_, at) => ({ id: `SESS-${at}`, ...life }))
  old.write('sessions.json', { sessions: entries, version: '2.0' })
  for (const entry of entries) old.write(`sessions/${entry.id}.json`, entry)
  const terminal = new Terminal(sandbox, 'git dw migrate --json >/dev/null; git dw migrate --undo >/dev/null')
  const quiet = await terminal.ended()
  expect(quiet.screen).not.toMatch(/reading|writing/)
  const { status, screen } = await new Terminal(sandbox, 'git dw migrate >/dev/null').ended()
  expect(status).toBe(0)
  expect(screen).toMatch(/reading 250 of 1,200 sessions/)
  expect(screen).toMatch(/writing 1,000 of 1,201 records/)
  expect(screen).toContain('brought over 1200 sessions')
  expect(await sandbox.refs('refs/dw/ended')).toHaveLength(count)
  // the blobs are in one pack, and sound
  expect(await sandbox.git(['count-objects', '-v'])).toMatch(/^packs: [12]$/m)
  await sandbox.git(['fsck', '--no-dangling'])
})
