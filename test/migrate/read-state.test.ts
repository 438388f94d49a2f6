import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OldState } from '../../src/domain/migration/old-state.ts'
import { isOldState, readOldState } from '../../src/legacy/read-state.ts'
import { OldFiles } from './old-files.ts'

let root: string
let old: OldFiles

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'git-dw-old-'))
  old = new OldFiles(join(root, 'state'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const read = async (): Promise<OldState> =>
  readOldState(old.directory, { now: Date.now(), signal: new AbortController().signal })

const problemsOf = async () =>
  (await read()).problems.map(({ file, entry, reason }) => `${file} "${entry}": ${reason}`)

const PROJECT = { id: 'PROJ-1', name: 'shop', path: '/srv/shop' }
const [A, B] = ['SESS-20260101-a1', 'SESS-20260101-b2']

test('every format is read, with the fields that come over', async () => {
  old
    .v1('SESS-old', 'shop')
    .v1('SESS-older', 'shop', {}, 'active.json.v1-backup')
    .session(A, { project: PROJECT, task: 'login', worktree: '/w', locks: ['LOCK-1'] })
    .lock('LOCK-1', A, 'PROJ-1', 'login')
    .project('PROJ-1', 'shop', '/srv/shop')
    .events([-9, 'lock_acquired', A, { taskId: 'login' }], [-8, 'tick', null])
  const state = await read()
  expect(state.problems).toStrictEqual([])
  expect(state.states).toStrictEqual({ registry: 'read', locks: 'read', projects: 'read' })
  expect(state.v1.map(({ id, file, project }) => [id, file, project?.id])).toStrictEqual([
    ['SESS-old', 'active.json', 'shop'],
    ['SESS-older', 'active.json.v1-backup', 'shop'],
  ])
  expect(state.registry[0]).toMatchObject({
    id: A,
    task: 'login',
    worktree: { path: '/w' },
    status: 'active',
  })
  expect(state.files[0]).toMatchObject({
    id: A,
    project: PROJECT,
    locks: ['LOCK-1'],
    file: `sessions/${A}.json`,
  })
  expect(state.locks[0]).toMatchObject({ id: 'LOCK-1', ownerId: A, status: 'active', entry: 'LOCK-1' })
  expect(state.projects).toMatchObject([PROJECT])
  expect(state.events).toMatchObject([
    { event: 'lock_acquired', session: A, data: '{"taskId":"login"}', entry: 'line 1' },
    { event: 'tick', session: null, data: null },
  ])
})

test('the register of projects is found beside the state directory, too', async () => {
  old.session(A).project('PROJ-1', 'shop', '/srv/shop', '../registry/projects.json')
  expect((await read()).projects).toMatchObject([{ ...PROJECT, file: '../registry/projects.json' }])
})

test('times are read with their zone, and one without a zone is a problem', async () => {
  old.v1(A, null, { startTime: '2026-01-02T04:04:05+01:00' })
  expect((await read()).v1[0]?.createdAt).toBe('2026-01-02T03:04:05.000Z')
  old.v1(A, null, { startTime: '2026-01-02T03:04:05' })
  expect(await problemsOf()).toStrictEqual([
    `active.json "${A}": startTime: expected a time such as 2026-01-02T03:04:05Z`,
  ])
})

test('each damaged entry is named with its file and reason, and the others are read', async () => {
  old.session(A).session(B)
  old.write(`sessions/${A}.json`, '{"id": "SESS-2026')
  old.write('sessions/SESS-c3.json', {
    id: 'SESS-other',
    status: 'active',
    createdAt: '2026-01-01T00:00:00Z',
    lastActivity: '2026-01-01T00:00:00Z',
  })
  old.lock('LOCK-1', A, 'PROJ-1', 'x', { status: 'lost' }).lock('LOCK-2', B, 'PROJ-1', 'y')
  old.lock('LOCK-3', B, 'PROJ-1', 'z', { acquiredAt: '2199-01-01T00:00:00Z' })
  old.write('registry/projects.json', { projects: [{ id: 'PROJ-1' }, 'PROJ-2', PROJECT] })
  old.write('audit.log', '{"timestamp":"2026-01-01T00:00:00Z","event":"a"}\n\nnot json\n{"event":"b"}\n')
  const state = await read()
  expect(await problemsOf()).toStrictEqual([
    `sessions/${A}.json "${A}": it is not JSON, or only the first part of it`,
    'sessions/SESS-c3.json "SESS-c3": it says that it is of "SESS-other"',
    expect.stringMatching(/^locks\.json "LOCK-1": status: /),
    'locks.json "LOCK-3": acquiredAt: 2199-01-01T00:00:00Z is still to come',
    expect.stringMatching(/^registry\/projects\.json "PROJ-1": name: /),
    'registry/projects.json "#2": expected an object (got "PROJ-2")',
    'audit.log "line 3": it is not JSON, or only the first part of it',
    expect.stringMatching(/^audit\.log "line 4": timestamp: /),
  ])
  expect(state.files.map(({ id }) => id)).toStrictEqual([B])
  expect(state.locks.map(({ id }) => id)).toStrictEqual(['LOCK-2'])
  expect(state.projects.map(({ id }) => id)).toStrictEqual(['PROJ-1'])
  expect(state.events).toHaveLength(1)
})

test.each([
  ['SESS-', 'does not start with "SESS-"'],
  ['session-1', 'does not start with "SESS-"'],
  ['SESS-a b', 'has characters other than letters, digits, ".", "_" and "-"'],
  ['SESS-../../x', 'has characters other than letters, digits, ".", "_" and "-"'],
  ['SESS-\u001b[31m', 'has characters other than letters, digits, ".", "_" and "-"'],
  [`SESS-${'x'.repeat(100)}`, 'has 105 characters; 100 is the most'],
])('the id %j is a problem', async (id, reason) => {
  old.v1(id, null)
  expect((await read()).problems).toStrictEqual([
    { file: 'active.json', entry: id, reason: `"${id}" cannot be a session's id: it ${reason}` },
  ])
})

test.each([
  ['half of it', '{"sessions": [', 'it is not JSON, or only the first part of it'],
  ['nothing', '', 'it is not JSON, or only the first part of it'],
  ['another version', '{"sessions":[],"version":"3.0"}', 'its version is "3.0", not "2.0"'],
  ['no version', '{"sessions":[]}', 'its version is missing, not "2.0"'],
  ['no list', '{"version":"2.0","sessions":{}}', 'it has no list "sessions"'],
])('a registry with %s is one problem', async (_, text, reason) => {
  old.write('sessions.json', text)
  expect(await read()).toMatchObject({
    problems: [{ file: 'sessions.json', entry: '', reason }],
    states: { registry: 'damaged' },
  })
})

test('what is no regular file, too large or no text is not read', async () => {
  old.write('real.json', '{"locks":[]}')
  symlinkSync(join(old.directory, 'real.json'), join(old.directory, 'locks.json'))
  execFileSync('mkfifo', [join(old.directory, 'sessions.json')])
  old.write(`sessions/${A}.json`, ' '.repeat(256 * 1024 + 1))
  writeFileSync(join(old.directory, 'active.json'), Buffer.from([0x7b, 0xff, 0x7d]))
  const { problems } = await read()
  expect(problems.map(({ file, reason }) => `${file}: ${reason}`)).toStrictEqual([
    'active.json: it is not UTF-8',
    'sessions.json: it is no regular file',
    `sessions/${A}.json: it is larger than 256 KiB`,
    'locks.json: it is no regular file',
  ])
})

test('a directory is an old state by its sessions or locks alone', () => {
  expect(isOldState(old.directory)).toBe(false)
  old.write('audit.log', '').write('sessions/notes.json', '{}')
  expect(isOldState(old.directory)).toBe(false)
  old.write(`sessions/${A}.json`, '{}')
  expect(isOldState(old.directory)).toBe(true)
  symlinkSync(old.directory, join(root, 'link'))
  expect(isOldState(join(root, 'link'))).toBe(false)
  expect(isOldState(join(root, 'nowhere'))).toBe(false)
})
