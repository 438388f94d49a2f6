import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { RunOptions, Sandbox } from '../harness/sandbox.ts'
import { KEY, Terminal } from '../harness/terminal.ts'
import { FORMAT, test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const RESULT = 'refs/dw/results/repo/t'
const LOCK = 'refs/dw/locks/task/repo/t'
const active = (session: string) => `refs/dw/active/${session.toLowerCase()}`

/** Claims the task T, and commits `files` on its branch. */
async function worked(
  sandbox: Sandbox,
  files: Readonly<Record<string, string>> = {},
): Promise<{ readonly session: string; readonly path: string; readonly head: string }> {
  const { session, worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  const cwd: string = worktree.path
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(cwd, name, '..'), { recursive: true })
    writeFileSync(join(cwd, name), text)
    await sandbox.git(['add', name], { cwd })
    await sandbox.git(['commit', '-qm', name], { cwd })
  }
  return { session, path: cwd, head: await sandbox.git(['rev-parse', 'HEAD'], { cwd }) }
}

const record = (sandbox: Sandbox, args: readonly string[], options: RunOptions = ANNA) =>
  sandbox.dw(['record-result', '--task', 'T', ...args], options)

const errorOf = async (sandbox: Sandbox, args: readonly string[], options: RunOptions = ANNA) => {
  const { stderr, status } = await record(sandbox, [...args, '--json'], options)
  return { ...JSON.parse(stderr).error, status }
}

test('tells what was recorded, and what is wrong with the command', async ({ sandbox, transcript }) => {
  await worked(sandbox, { 'src/parser.ts': 'x' })
  const run = (args: string) => transcript.run(`git dw record-result ${args}`, ANNA)
  await run('')
  await run('--status passed')
  await run('--task T')
  await run('--task T --status won')
  await run('--task T --status passed --pr pull/7')
  await run('--task T --status passed --pr ftp://example.com/7')
  await run('--task T --status passed --pr https://ann:secret@example.com/pull/7')
  await run('--task T --status passed --summary " "')
  await run('--task T --status passed src/a.ts')
  await run('--task T --status passed --keep-worktree --remove-worktree')
  await run('--task T --status passed --files ../elsewhere')
  await run('--task T --status passed --pr https://example.com/pull/7 --summary "the parser reads all"')
  await run('--task T --status passed')
  await transcript.run('git dw status', ANNA)
  await transcript.run('git dw log', ANNA)
  await transcript.matches('record-result')
})

test('result, pull request and release are one transaction, logged as one event', async ({ sandbox }) => {
  const { session, head } = await worked(sandbox, { 'src/parser.ts': 'x', 'docs/ä.md': 'y' })
  const before = await sandbox.record(active(session))
  const base = await sandbox.git(['rev-parse', 'main'])
  const answer = await sandbox.json(
    [
      'record-result',
      '--task',
      'T',
      '--status',
      'passed',
      '--pr',
      'https://example.com/7',
      '--summary',
      'ok',
    ],
    ANNA,
  )
  expect(answer.released).toStrictEqual(['task:repo/T'])
  expect(await sandbox.record(RESULT)).toMatchObject({
    ...{ v: 1, kind: 'result', project: 'repo', task: 'T', status: 'passed', session },
    ...{ branch: 'feature/T', head, base, pr: 'https://example.com/7', summary: 'ok' },
    ...{ files: ['docs/ä.md', 'src/parser.ts'], at: expect.stringMatching(FORMAT.time) },
  })
  expect(await sandbox.refs(LOCK)).toStrictEqual([])
  const after = await sandbox.record(active(session))
  expect(after).toMatchObject({
    pr: 'https://example.com/7',
    fence: before.fence + 1,
    task: 'T',
    revoked: [],
  })
  const { items } = await sandbox.json(['log'], ANNA)
  expect(items.at(-1)).toMatchObject({
    ...{ event: 'result', session, keys: ['task:repo/T'], why: 'passed: ok' },
  })
})

describe('the files of a result', () => {
  test('are those that were named, from the top, however they are written', async ({ sandbox }) => {
    await worked(sandbox, { 'src/parser.ts': 'x' })
    const cwd = join(sandbox.repo, 'src')
    const outcome = await record(
      sandbox,
      ['--status', 'partial', '--files', 'a.ts', '../README.md', './a.ts', '--files', 'new/b.ts'],
      { ...ANNA, cwd },
    )
    expect(outcome.status, outcome.stderr).toBe(0)
    expect((await sandbox.record(RESULT)).files).toStrictEqual(['README.md', 'src/a.ts', 'src/new/b.ts'])
  })

  test('are a part of very many, with the number of the others', async ({ sandbox }) => {
    const { path } = await worked(sandbox)
    for (let at = 0; at < 510; at += 1) writeFileSync(join(path, `file-${at}`), '')
    await sandbox.git(['add', '.'], { cwd: path })
    await sandbox.git(['commit', '-qm', 'many'], { cwd: path })
    await record(sandbox, ['--status', 'passed'])
    const { files, omitted } = await sandbox.record(RESULT)
    expect(files).toHaveLength(500)
    expect(omitted).toBe(10)
  })

  test('are those of the branch also when the base has it all by now', async ({ sandbox }) => {
    await worked(sandbox, { 'src/parser.ts': 'x' })
    await sandbox.git(['merge', '-q', '--no-ff', '-m', 'merge', 'feature/T'])
    await record(sandbox, ['--status', 'passed'])
    expect((await sandbox.record(RESULT)).files).toStrictEqual(['src/parser.ts'])
  })
})

test('a task without a worktree has a result without a branch', async ({ sandbox }) => {
  await sandbox.dw(['claim', '--task', 'T', '--no-worktree'], ANNA)
  expect((await record(sandbox, ['--status', 'failed'])).status).toBe(0)
  const result = await sandbox.record(RESULT)
  expect(result).toMatchObject({ status: 'failed', files: [] })
  expect(Object.keys(result)).not.toEqual(expect.arrayContaining(['branch']))
})

test("branch and head are the worktree's own, whatever the records say", async ({ sandbox }) => {
  const { session, path } = await worked(sandbox, { a: '1' })
  await sandbox.git(['checkout', '-q', '-b', 'renamed'], { cwd: path })
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'more'], { cwd: path })
  const lie = { ...(await sandbox.record(active(session))), worktree: undefined }
  const text = JSON.stringify({
    ...lie,
    worktree: { path: '/etc', branch: 'other', base: '', createdAt: lie.createdAt },
  })
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: `${text}\n` })
  await sandbox.git(['update-ref', active(session), blob])
  await record(sandbox, ['--status', 'passed'])
  const head = await sandbox.git(['rev-parse', 'HEAD'], { cwd: path })
  expect(await sandbox.record(RESULT)).toMatchObject({ branch: 'renamed', head })
})

test('a project lock covers its tasks, and stays', async ({ sandbox }) => {
  await sandbox.dw(['claim', '--project', 'repo'], ANNA)
  const outcome = await record(sandbox, ['--status', 'passed'])
  expect(outcome.stderr).toContain('your project lock stays')
  expect(await sandbox.refs('refs/dw/locks/task/repo')).toHaveLength(1)
  expect((await sandbox.record(RESULT)).status).toBe('passed')
})

test('work that is not committed is told and no part of the result', async ({ sandbox }) => {
  const { path, head } = await worked(sandbox, { a: '1' })
  writeFileSync(join(path, 'draft'), '')
  const { stderr } = await record(sandbox, ['--status', 'passed'])
  expect(stderr).toContain('1 path is changed in its worktree and not committed')
  expect(await sandbox.record(RESULT)).toMatchObject({ head, files: ['a'] })
})

describe('a task that is not mine', () => {
  test('is DW_NOT_OWNER when nobody or somebody else holds it, and changes nothing', async ({ sandbox }) => {
    await sandbox.dw(['new'], BEN)
    expect(await errorOf(sandbox, ['--status', 'passed'], BEN)).toMatchObject({
      ...{ code: 'DW_NOT_OWNER', status: 1, keys: ['task:repo/T'] },
    })
    const { session } = await worked(sandbox)
    const before = await sandbox.refs()
    expect(await errorOf(sandbox, ['--status', 'passed'], BEN)).toMatchObject({
      ...{ code: 'DW_NOT_OWNER', holders: [{ session }] },
    })
    expect(await sandbox.refs()).toStrictEqual(before)
  })

  test('is DW_LOST when it was taken', async ({ sandbox }) => {
    await worked(sandbox)
    await sandbox.dw(['claim', '--task', 'T', '--no-worktree', '--steal', '-m', 'mine'], BEN)
    expect(await errorOf(sandbox, ['--status', 'passed'])).toMatchObject({ code: 'DW_LOST', status: 4 })
    expect(await sandbox.refs(RESULT)).toStrictEqual([])
  })

  test('is no longer mine when its result is recorded', async ({ sandbox }) => {
    await worked(sandbox)
    await record(sandbox, ['--status', 'passed'])
    expect(await errorOf(sandbox, ['--status', 'failed'])).toMatchObject({ code: 'DW_NOT_OWNER' })
  })

  test('wants a session', async ({ sandbox }) => {
    expect(await errorOf(sandbox, ['--status', 'passed'], {})).toMatchObject({ code: 'DW_NO_SESSION' })
  })
})

test('an expired lock that nobody took is still good enough', async ({ sandbox }) => {
  await worked(sandbox, { a: '1' })
  const outcome = await record(sandbox, ['--status', 'passed'], { ...ANNA, env: { DW_TEST_CLOCK: '+5h' } })
  expect(outcome.status, outcome.stderr).toBe(0)
})

test('a result that cannot be read is never overwritten', async ({ sandbox }) => {
  await worked(sandbox)
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: 'not json\n' })
  await sandbox.git(['update-ref', RESULT, blob])
  const before = await sandbox.refs()
  expect(await errorOf(sandbox, ['--status', 'passed'])).toMatchObject({
    code: 'DW_CORRUPT_STATE',
    ref: RESULT,
  })
  expect(await sandbox.refs()).toStrictEqual(before)
})

test('the next result takes the place of the last, and the next task has its own pull request', async ({
  sandbox,
}) => {
  const { session } = await worked(sandbox, { a: '1' })
  await record(sandbox, ['--status', 'failed', '--pr', 'https://example.com/1'])
  await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect((await sandbox.record(active(session))).pr).toBe('https://example.com/1')
  const { before } = await sandbox.json(['record-result', '--task', 'T', '--status', 'partial'], ANNA)
  expect(before).toMatchObject({ status: 'failed', pr: 'https://example.com/1' })
  expect(await sandbox.record(RESULT)).toMatchObject({ status: 'partial', rev: 2 })
  await sandbox.dw(['claim', '--task', 'U', '--no-worktree'], ANNA)
  expect(await sandbox.record(active(session))).not.toHaveProperty('pr')
})

describe('the worktree', () => {
  test('goes with --remove-worktree, through every gate', async ({ sandbox }) => {
    const { session, path } = await worked(sandbox, { a: '1' })
    writeFileSync(join(path, 'draft'), '')
    const kept = await record(sandbox, ['--status', 'failed', '--remove-worktree'])
    expect(kept.status).toBe(0)
    expect(kept.stderr).toContain('the worktree stays: "')
    expect(existsSync(join(path, 'draft'))).toBe(true)
    await sandbox.dw(['claim', '--task', 'T'], ANNA)
    await sandbox.git(['clean', '-fdq'], { cwd: path })
    const { worktrees } = await sandbox.json(
      ['record-result', '--task', 'T', '--status', 'passed', '--remove-worktree'],
      ANNA,
    )
    expect(worktrees).toMatchObject({ removed: [{ path, branch: 'feature/T' }], kept: [] })
    expect(existsSync(path)).toBe(false)
    // the session does not send anybody to what is gone
    expect(await sandbox.record(active(session))).not.toHaveProperty('worktree')
  })

  test('stays where nobody can be asked', async ({ sandbox }) => {
    const { path } = await worked(sandbox, { a: '1' })
    const { worktrees } = await sandbox.json(['record-result', '--task', 'T', '--status', 'passed'], ANNA)
    expect(worktrees).toStrictEqual({ removed: [], kept: [path] })
    expect(existsSync(path)).toBe(true)
  })
})

describe('at a terminal', () => {
  const command = 'git dw record-result --task T --status passed'

  test.for([100, 40])(
    'a task that passed is asked about, and a yes removes its worktree (%i columns)',
    async (cols, { sandbox }) => {
      const { path } = await worked(sandbox, { a: '1' })
      const terminal = new Terminal(sandbox, command, { ...ANNA, cols })
      await terminal.sees(/Remove its worktree/)
      terminal.type('y')
      const { status, screen } = await terminal.ended()
      expect(status, screen).toBe(0)
      expect(existsSync(path)).toBe(false)
      expect((await sandbox.record(RESULT)).status).toBe('passed')
    },
  )

  test('Enter alone keeps it', async ({ sandbox }) => {
    const { path } = await worked(sandbox, { a: '1' })
    const terminal = new Terminal(sandbox, command, ANNA)
    await terminal.sees(/Remove its worktree/)
    terminal.type(KEY.enter)
    expect((await terminal.ended()).status).toBe(0)
    expect(existsSync(path)).toBe(true)
  })

  test('Ctrl-C leaves everything as it was', async ({ sandbox }) => {
    await worked(sandbox, { a: '1' })
    const before = await sandbox.refs()
    const terminal = new Terminal(sandbox, command, ANNA)
    await terminal.sees(/Remove its worktree/)
    terminal.type(KEY.interrupt)
    expect((await terminal.ended()).status).toBe(130)
    expect(await sandbox.refs()).toStrictEqual(before)
  })

  test.for([
    [`${command} --keep-worktree`, {}],
    [`${command} --json`, {}],
    [command, { CI: '1' }],
    ['git dw record-result --task T --status partial', {}],
  ] as const)('nothing is asked with %s %o', async ([words, env], { sandbox }) => {
    const { path } = await worked(sandbox, { a: '1' })
    const { status, screen } = await new Terminal(sandbox, words, { ...ANNA, env }).ended()
    expect(status, screen).toBe(0)
    expect(screen).not.toContain('Remove its worktree')
    expect(existsSync(path)).toBe(true)
  })
})
