import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { ownProcess } from '../../src/cli/terminal.ts'
import { dwHere } from '../harness/in-process.ts'
import type { RunOptions, Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

interface Finding {
  readonly check: string
  readonly state: string
  readonly what: string
  readonly meaning: string | null
  readonly hint: string | null
}

const active = (session: string) => `refs/dw/active/${session.toLowerCase()}`
const ended = (session: string) => `refs/dw/ended/${session.toLowerCase()}`

/** What is not well, and the exit status. */
async function doctor(sandbox: Sandbox, options: RunOptions & { readonly fix?: boolean } = {}) {
  const outcome = await sandbox.dw(['doctor', '--json', ...(options.fix ? ['--fix'] : [])], options)
  const { items } = JSON.parse(outcome.stdout) as { items: Finding[] }
  const found = items.filter(({ state }) => state !== 'ok')
  // each says what it means, and what is left to do
  for (const { meaning, hint, state, what } of found) {
    expect([what, meaning?.trim() ?? '', state === 'fixed' ? 'nothing' : (hint ?? '')]).not.toContain('')
  }
  return { status: outcome.status, found }
}

const states = ({ found }: { found: readonly Finding[] }) =>
  found.map(({ check, state }) => `${check} ${state}`)

async function writeBlob(sandbox: Sandbox, ref: string, input: string): Promise<void> {
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input })
  await sandbox.git(['update-ref', ref, blob])
}

/** Puts a record back that has changed. */
async function rewrite(sandbox: Sandbox, ref: string, change: object): Promise<void> {
  await writeBlob(sandbox, ref, JSON.stringify({ ...(await sandbox.record(ref)), ...change }))
}

/** A file of the repository that was written two hours ago. */
function oldFile(sandbox: Sandbox, path: string, text = ''): string {
  const file = join(sandbox.repo, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
  const then = new Date(Date.now() - 7_200_000)
  utimesSync(file, then, then)
  return file
}

/** Every file of the git directory but objects, with a digest of its content. */
function image(sandbox: Sandbox): string[] {
  const root = join(sandbox.repo, '.git')
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
  const files = names.filter((name) => !name.startsWith('objects') && statSync(join(root, name)).isFile())
  return files.map(
    (name) =>
      `${name} ${createHash('sha256')
        .update(readFileSync(join(root, name)))
        .digest('hex')}`,
  )
}

/** Neither doctor nor --fix changes anything, and both find the same. */
async function staysAsItIs(sandbox: Sandbox, options: RunOptions = {}) {
  // the first command here chooses the clone's id
  await sandbox.dw(['status'])
  const before = image(sandbox)
  const looked = await doctor(sandbox, options)
  expect(image(sandbox)).toStrictEqual(before)
  const fixed = await doctor(sandbox, { ...options, fix: true })
  expect(fixed).toStrictEqual(looked)
  expect(image(sandbox)).toStrictEqual(before)
  return looked
}

/** --fix puts it right: it is told once as fixed, and then all is well. */
async function isMended(sandbox: Sandbox, options: RunOptions = {}) {
  const before = image(sandbox)
  const looked = await doctor(sandbox, options)
  expect(image(sandbox)).toStrictEqual(before)
  const fixed = await doctor(sandbox, { ...options, fix: true })
  expect(fixed.found.map(({ state }) => state)).toStrictEqual(looked.found.map(() => 'fixed'))
  expect(fixed.status).toBe(0)
  expect(await doctor(sandbox, options)).toStrictEqual({ status: 0, found: [] })
  return { looked, fixed }
}

test('where all is well, doctor says so of each check, and --fix changes nothing', async ({
  sandbox,
  transcript,
}) => {
  await sandbox.dw(['claim', '--task', 'T'], ANNA)
  const before = image(sandbox)
  await transcript.run('git dw doctor | sed "s/git [0-9].*, schema/git …, schema/"', ANNA)
  await transcript.run('git dw doctor --fix >/dev/null', ANNA)
  await transcript.run('git dw doctor --mend', ANNA)
  await transcript.matches('doctor-well')
  expect(image(sandbox)).toStrictEqual(before)
})

test('what is wrong, what it means and what to do is told, and what --fix did', async ({
  sandbox,
  transcript,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  await sandbox.dw(['claim', 'docs'], BEN)
  await sandbox.git(['update-ref', '-d', active(session)])
  await writeBlob(sandbox, 'refs/dw/locks/path/lib', 'not json\n')
  oldFile(sandbox, '.git/refs/dw/meta.lock')
  await sandbox.git(['config', 'remote.up.fetch', '+refs/*:refs/*'])
  const quiet = '| sed "s/git [0-9].*, schema/git …, schema/"'
  await transcript.run(`git dw doctor ${quiet}`)
  await transcript.run(`git dw doctor --fix ${quiet}`)
  await transcript.matches('doctor')
})

test('a damaged record and a newer one are wrong, named, and left byte for byte', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  await writeBlob(sandbox, 'refs/dw/locks/path/damaged', 'not json\n')
  await writeBlob(sandbox, 'refs/dw/locks/path/newer', '{"v":99}\n')
  await writeBlob(sandbox, 'refs/dw/log/damaged', 'x\n')
  const { status, found } = await staysAsItIs(sandbox, ANNA)
  expect(status).toBe(1)
  expect(states({ found })).toStrictEqual(['records wrong', 'records wrong', 'records wrong'])
  expect(found.map(({ what }) => what)).toStrictEqual([
    'the record at "refs/dw/locks/path/damaged" is not a JSON object',
    'the record at "refs/dw/locks/path/newer" has version 99; this git dw reads 1',
    'the record at "refs/dw/log/damaged" line 1 is not a JSON object',
  ])
  expect(found[0]?.hint).toContain('git cat-file -p refs/dw/locks/path/damaged')
  expect(found[1]?.hint).toBe('install a newer git dw')
})

test('a damaged session is named with its locks, which stay', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  await writeBlob(sandbox, active(session), 'not json\n')
  const { status, found } = await staysAsItIs(sandbox)
  expect([status, states({ found })]).toStrictEqual([1, ['records wrong']])
  expect(found[0]?.meaning).toBe('the locks of that session count as held')
})

test('records of a newer layout are told, and nothing is put right in them', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  await sandbox.git(['update-ref', '-d', active(session)])
  await writeBlob(
    sandbox,
    'refs/dw/meta',
    '{"id":"x","kind":"meta","minReader":1,"nonce":"x","rev":1,"schema":2,"v":1}\n',
  )
  const before = await sandbox.refs()
  const { status, found } = await doctor(sandbox, { fix: true })
  expect(status).toBe(1)
  expect(found[0]).toMatchObject({ check: 'versions', what: 'the records here were written with schema 2' })
  expect(await sandbox.refs()).toStrictEqual(before)
})

test('a void lock is deleted by --fix, and the fence of its session moves', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const lock = await sandbox.git(['rev-parse', 'refs/dw/locks/path/src'])
  const revoked = [{ key: 'src', lock, by: 'SESS-0000000000', at: '2026-01-02T03:04:05.678Z', why: 'x' }]
  await rewrite(sandbox, active(session), { revoked })
  const { fence } = await sandbox.record(active(session))
  const { looked } = await isMended(sandbox, BEN)
  expect(states(looked)).toStrictEqual(['locks warning'])
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
  expect(await sandbox.record(active(session))).toMatchObject({ fence: fence + 1, revoked, status: 'active' })
})

test('a lock whose session has no record is deleted by --fix, and its holder is told', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  await sandbox.git(['update-ref', '-d', active(session)])
  const looked = await doctor(sandbox, BEN)
  expect(states(looked)).toStrictEqual(['locks warning', 'bindings warning'])
  // its record is there again, and tells it
  expect(states(await doctor(sandbox, { ...BEN, fix: true }))).toStrictEqual(['locks fixed'])
  expect(await doctor(sandbox, BEN)).toStrictEqual({ status: 0, found: [] })
  expect(looked.found[0]).toMatchObject({
    check: 'locks',
    what: `the lock of "src" of ${session} is worth nothing`,
  })
  expect(await sandbox.record(active(session))).toMatchObject({
    status: 'expired',
    revoked: [{ key: 'src' }],
  })
  const outcome = await sandbox.dw(['claim', 'docs'], ANNA)
  expect(outcome.status, outcome.stderr).toBe(4)
})

test('a lock whose session has ended is deleted by --fix', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src', 'docs'], ANNA)
  const lock = await sandbox.git(['rev-parse', 'refs/dw/locks/path/src'])
  await sandbox.dw(['end'], ANNA)
  await sandbox.git(['update-ref', 'refs/dw/locks/path/src', lock])
  const { looked } = await isMended(sandbox, BEN)
  expect(looked.found[0]?.meaning).toContain('its session has ended')
  expect(await sandbox.record(ended(session))).toMatchObject({ status: 'ended', revoked: [] })
})

test('live locks, and those that have only expired, stay', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  await sandbox.dw(['claim', 'docs', '--ttl', '60s'], { ...BEN, env: { DW_TEST_CLOCK: '-3h' } })
  expect(await staysAsItIs(sandbox, { agent: 'cleo' })).toStrictEqual({ status: 0, found: [] })
})

test('a session under active and ended has ended: --fix deletes the first', async ({ sandbox }) => {
  const { session } = await sandbox.json(['new'], ANNA)
  const record = await sandbox.git(['rev-parse', active(session)])
  await sandbox.dw(['end'], ANNA)
  await sandbox.git(['update-ref', active(session), record])
  await sandbox.dw(['new'], BEN)
  const { looked } = await isMended(sandbox, { env: { DW_SESSION: '' } })
  expect(states(looked)).toContain('records warning')
  expect((await sandbox.refs(active(session))).length).toBe(0)
})

test("old lock files under refs/dw go with --fix; git's own are named and stay, and young ones are no matter", async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', 'src'], ANNA)
  const mine = ['refs/dw/meta.lock', 'refs/dw/locks/path/a/b.lock', 'refs/dw-local/rescue/x.lock']
  const gits = ['index.lock', 'config.lock', 'packed-refs.lock', 'refs/heads/main.lock']
  for (const name of [...mine, ...gits]) oldFile(sandbox, `.git/${name}`)
  sandbox.write('.git/HEAD.lock', '')
  const looked = await doctor(sandbox)
  const paths = (state: string, found: readonly Finding[]) =>
    found
      .filter((each) => each.state === state)
      .map(({ what }) => /\.git\/(.*?)"/.exec(what)?.[1])
      .sort()
  expect(paths('warning', looked.found)).toStrictEqual([...mine].sort())
  expect(paths('wrong', looked.found)).toStrictEqual([...gits].sort())
  expect(looked.found.find(({ what }) => what.includes('index.lock'))?.hint).toContain('rm ')
  const fixed = await doctor(sandbox, { fix: true })
  expect(fixed.status).toBe(1)
  expect(paths('fixed', fixed.found)).toStrictEqual([...mine].sort())
  for (const name of mine) expect(existsSync(join(sandbox.repo, '.git', name))).toBe(false)
  for (const name of [...gits, 'HEAD.lock']) expect(existsSync(join(sandbox.repo, '.git', name))).toBe(true)
})

test('bindings to sessions that ended or have no record go with --fix', async ({ sandbox }) => {
  await sandbox.dw(['new'], ANNA)
  await sandbox.dw(['end'], ANNA)
  const { session } = await sandbox.json(['new'], BEN)
  await sandbox.git(['update-ref', '-d', active(session)])
  await sandbox.dw(['new'], { agent: 'cleo' })
  const { looked } = await isMended(sandbox, { agent: 'dora' })
  expect(looked.found.map(({ meaning }) => meaning).sort()).toStrictEqual([
    'that session has ended',
    'that session has no record',
  ])
  expect(readdirSync(join(sandbox.repo, '.git/dw/bindings'))).toHaveLength(1)
})

test('the binding of a terminal that has ended goes with --fix, also where its session was ended by others', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  const { session: taken } = await sandbox.json(['claim', 'docs'], BEN)
  await sandbox.dw(['end', taken, '--force'], ANNA)
  const bind = (name: string, id: string, leader: object) =>
    sandbox.write(`.git/dw/bindings/${name}.json`, JSON.stringify({ session: id, label: 'x', leader }))
  const gone = { pid: 2 ** 22 - 1, start: 'x:1' }
  bind('gone', session, gone)
  bind('told', taken, gone)
  bind('there', session, ownProcess(process.pid))
  const { looked } = await isMended(sandbox, ANNA)
  expect(looked.found.map(({ what }) => what).sort()).toStrictEqual(
    [session, taken].map((id) => `an agent or terminal is bound to ${id}`).sort(),
  )
  expect(looked.found[0]).toMatchObject({ check: 'bindings', state: 'warning', hint: 'git dw doctor --fix' })
  expect(looked.found[0]?.meaning).toContain('that terminal has ended')
  const left = readdirSync(join(sandbox.repo, '.git/dw/bindings'))
  expect(left.filter((name) => !name.startsWith('claude'))).toStrictEqual(['there.json'])
  // the other agent is still told what it lost
  expect((await sandbox.dw(['claim', 'lib'], BEN)).status).toBe(4)
})

test('a binding that cannot be read is named and stays', async ({ sandbox }) => {
  await sandbox.dw(['new'], ANNA)
  sandbox.write('.git/dw/bindings/x.json', '{"session":')
  const { status, found } = await staysAsItIs(sandbox, ANNA)
  expect([status, states({ found })]).toStrictEqual([0, ['bindings warning']])
})

test('a binding that tells its agent of a session it lost stays', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'src'], ANNA)
  await sandbox.dw(['end', session, '--force'], BEN)
  expect((await staysAsItIs(sandbox)).found).toStrictEqual([])
  expect((await sandbox.dw(['claim', 'docs'], ANNA)).status).toBe(4)
})

test('a stamp that names no session, or cannot be read, is told and stays', async ({ sandbox }) => {
  const one = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const two = await sandbox.json(['claim', '--task', 'U'], BEN)
  await sandbox.dw(['release', '--all'], ANNA)
  await sandbox.git(['update-ref', '-d', active(one.session)])
  const gitDir = await sandbox.git(['rev-parse', '--absolute-git-dir'], { cwd: two.worktree.path })
  // no task can have this name
  writeFileSync(join(gitDir, 'dw-stamp.json'), '{"session":"SESS-0000000000","key":"task:repo/a/b"}')
  rmSync(join(sandbox.repo, '.git/dw/bindings/claude-code%3aanna.json'))
  const { found } = await staysAsItIs(sandbox, BEN)
  expect(found.map(({ what }) => what)).toStrictEqual([
    `the worktree "${one.worktree.path}" was made for ${one.session}, which has no record`,
    `the stamp of the worktree "${two.worktree.path}" cannot be read`,
  ])
  // nor does it stand in the way of others
  const list = await sandbox.dw(['worktree', 'list'], BEN)
  expect([list.status, list.stderr]).toStrictEqual([0, ''])
  // the other one leads its task's next claim to the worktree
  const again = await sandbox.json(['claim', '--task', 'T'], BEN)
  expect(again.worktree.path).toBe(one.worktree.path)
})

test('a worktree that was moved or deleted by hand is told, and what git keeps of it stays', async ({
  sandbox,
}) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  renameSync(worktree.path, `${worktree.path}-moved`)
  const { status, found } = await staysAsItIs(sandbox, ANNA)
  expect([status, states({ found })]).toStrictEqual([0, ['worktrees warning']])
  expect(found[0]?.hint).toContain('git worktree repair <new path>')
  await sandbox.git(['worktree', 'repair', `${worktree.path}-moved`])
  expect((await doctor(sandbox, ANNA)).found).toStrictEqual([])
})

test('a worktree that a killed git never finished is told and stays', async ({ sandbox }) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const gitDir = await sandbox.git(['rev-parse', '--git-dir'], { cwd: worktree.path })
  oldFile(sandbox, `${gitDir.slice(sandbox.repo.length + 1)}/locked`, 'initializing\n')
  const { found } = await staysAsItIs(sandbox, ANNA)
  expect(found).toMatchObject([{ what: `the worktree "${worktree.path}" was not finished` }])
})

test('a record of which git cannot list worktrees any more is wrong, and goes with --fix', async ({
  sandbox,
}) => {
  await sandbox.dw(['claim', '--task', 'T'], ANNA)
  const record = join(sandbox.repo, '.git/worktrees/T')
  // as a git leaves it that is killed while it writes this file
  writeFileSync(join(record, 'commondir'), '')
  writeFileSync(join(record, 'locked'), 'initializing')
  utimesSync(join(record, 'locked'), new Date(0), new Date(0))
  const notes = join(sandbox.repo, '.git/dw/worktrees')
  mkdirSync(notes, { recursive: true })
  writeFileSync(join(notes, 'old.json'), '{"session":"SESS-0000000000","key":"task:repo/T"}')
  utimesSync(join(notes, 'old.json'), new Date(0), new Date(0))
  const list = await sandbox.dw(['worktree', 'list'], ANNA)
  expect([list.status, list.stderr]).toStrictEqual([128, expect.stringContaining('git dw doctor --fix')])

  const { found } = await doctor(sandbox, ANNA)
  expect(found).toContainEqual(
    expect.objectContaining({
      check: 'worktrees',
      state: 'wrong',
      what: `the record "${record}" was not written to its end`,
    }),
  )
  const { found: mended } = await doctor(sandbox, { ...ANNA, fix: true })
  expect(mended).toContainEqual(
    expect.objectContaining({
      check: 'worktrees',
      state: 'fixed',
      what: `the record "${record}" was dropped`,
    }),
  )
  expect(existsSync(record)).toBe(false)
  expect((await sandbox.dw(['worktree', 'list'], ANNA)).status).toBe(0)
})

test('notes of worktrees being made, and half-written files, go with --fix when they are old', async ({
  sandbox,
}) => {
  await sandbox.dw(['new'], ANNA)
  const intent = JSON.stringify({ session: 'SESS-0000000000', key: 'task:repo/T' })
  const old = oldFile(sandbox, '.git/dw/worktrees/old.json', intent)
  const half = oldFile(sandbox, '.git/dw/beats/x.json.1234.tmp', '{')
  sandbox.write('.git/dw/worktrees/young.json', intent)
  sandbox.write('.git/dw/beats/y.json.1234.tmp', '{')
  const { looked } = await isMended(sandbox, ANNA)
  expect(states(looked)).toStrictEqual(['leftovers warning', 'leftovers warning'])
  expect([old, half].map(existsSync)).toStrictEqual([false, false])
  expect(existsSync(join(sandbox.repo, '.git/dw/worktrees/young.json'))).toBe(true)
})

test('a note that may be all that tells whose a worktree is stays', async ({ sandbox }) => {
  await sandbox.dw(['new'], ANNA)
  await sandbox.git(['worktree', 'add', '-q', '--detach', join(sandbox.root, 'unstamped')])
  oldFile(
    sandbox,
    '.git/dw/worktrees/old.json',
    JSON.stringify({ session: 'SESS-0000000000', key: 'task:repo/T' }),
  )
  expect(states(await staysAsItIs(sandbox, ANNA))).toStrictEqual(['leftovers warning'])
})

test('refspecs that would write over or push our refs are wrong, and the configuration stays', async ({
  sandbox,
}) => {
  await sandbox.git(['config', 'remote.up.fetch', '+refs/*:refs/*'])
  await sandbox.git(['config', 'remote.up.push', 'refs/*:refs/*'])
  await sandbox.git(['config', 'remote.copy.mirror', 'true'])
  await sandbox.git(['config', 'remote.fine.fetch', '+refs/heads/*:refs/remotes/fine/*'])
  const { status, found } = await staysAsItIs(sandbox)
  expect(status).toBe(1)
  expect(found.map(({ what }) => what.split(' is ')[0])).toStrictEqual([
    'remote.up.fetch',
    'remote.up.push',
    'remote.copy.mirror',
  ])
  // the hint is what mends it
  for (const { hint } of found) await sandbox.run('sh', ['-c', (hint ?? '').replace(/^.*?: /, '')])
  expect(await doctor(sandbox)).toStrictEqual({ status: 0, found: [] })
})

test('a session that was heard from in the future is wrong', async ({ sandbox }) => {
  await sandbox.dw(['claim', 'src'], { ...ANNA, env: { DW_TEST_CLOCK: '+60h' } })
  const { status, found } = await staysAsItIs(sandbox, BEN)
  expect([status, states({ found })]).toStrictEqual([1, ['clocks wrong']])
  expect(found[0]?.what).toMatch(/was heard from 2d ahead of this clock/)
})

test('identity sources that disagree are told: wrong where nothing may be changed, else a warning', async ({
  sandbox,
}) => {
  const anna = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const ben = await sandbox.json(['new'], BEN)
  const { path } = anna.worktree
  const doubt = await staysAsItIs(sandbox, { ...BEN, cwd: path })
  expect(doubt).toMatchObject({ status: 1, found: [{ check: 'identity', state: 'wrong' }] })
  expect(doubt.found[0]?.meaning).toContain('DW_AMBIGUOUS')
  const outvoted = await staysAsItIs(sandbox, { ...ANNA, cwd: path, env: { DW_SESSION: ben.session } })
  expect(outvoted.status).toBe(0)
  expect(outvoted.found.map(({ what }) => what)).toStrictEqual([
    `you act for ${ben.session}, but this worktree belongs to ${anna.session}`,
    `you act for ${ben.session}, but this agent is bound to ${anna.session}`,
  ])
})

test('a git or a Node that is too old is wrong', async ({ sandbox }) => {
  const directory = join(sandbox.root, 'old')
  mkdirSync(directory)
  const real = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
  const script = `#!/bin/sh\n[ "$1" = version ] && echo git version 2.30.1 && exit\nexec ${real} "$@"\n`
  writeFileSync(join(directory, 'git'), script, { mode: 0o755 })
  const env = { PATH: `${directory}:${sandbox.env()['PATH']}` }
  const outcome = await sandbox.run('git-dw', ['doctor', '--json'], { env })
  expect(outcome.status).toBe(1)
  const wrong = JSON.parse(outcome.stdout).items.filter(({ state }: Finding) => state === 'wrong')
  expect(wrong).toMatchObject([{ check: 'versions', what: 'git 2.30.1 is too old' }])
  const here = await dwHere(sandbox, ['doctor'], {
    around: { versions: { program: '0.0.0', build: 'node', engine: '18.20.4' } },
  })
  expect([here.status, here.stdout]).toStrictEqual([
    1,
    expect.stringMatching(/node 18\.20\.4 is too old\n.*needs node 20\.19 or newer\n.*command -v node/),
  ])
})

test('doctor works in a bare repository, and where nothing was ever claimed', async ({ sandbox }) => {
  const bare = join(sandbox.root, 'bare.git')
  await sandbox.git(['init', '-q', '--bare', bare])
  expect(await doctor(sandbox, { cwd: bare, fix: true })).toStrictEqual({ status: 0, found: [] })
  rmSync(join(sandbox.repo, '.git/dw'), { recursive: true, force: true })
  expect(await doctor(sandbox)).toStrictEqual({ status: 0, found: [] })
})
