import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

/** A task of anna's with two commits whose result is `status`. */
async function finished(sandbox: Sandbox, status = 'passed'): Promise<string> {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  for (const name of ['one', 'two']) {
    writeFileSync(join(worktree.path, name), `${name}\n`)
    await sandbox.git(['add', name], { cwd: worktree.path })
    await sandbox.git(['commit', '-qm', name], { cwd: worktree.path })
  }
  const pr = ['--pr', 'https://example.com/pull/7']
  await sandbox.dw(['record-result', '--task', 'T', '--status', status, ...pr], ANNA)
  return worktree.path
}

async function commitOn(sandbox: Sandbox, message: string): Promise<void> {
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', message])
}

test('a task that passed and is not merged is claimed only with --again', async ({ sandbox, transcript }) => {
  await finished(sandbox)
  await transcript.run('git dw claim --task T', BEN)
  await transcript.run('git dw claim --task T --no-worktree -m "one more"', BEN)
  await transcript.run('git dw claim task:repo/T docs', BEN)
  await transcript.run('git dw claim docs --again', BEN)
  await transcript.run('git dw claim --task T --again', BEN)
  await transcript.run('git dw claim --task T', BEN)
  await transcript.matches('finished')
})

test('the refusal tells the result, and leaves no lock', async ({ sandbox }) => {
  await finished(sandbox)
  const { result } = await sandbox.record('refs/dw/results/repo/t').then((each) => ({ result: each }))
  const { stderr, status } = await sandbox.dw(['claim', '--task', 'T', '--json'], BEN)
  expect(status).toBe(1)
  const { error } = JSON.parse(stderr)
  expect(error).toMatchObject({ code: 'DW_FINISHED', result: { status: 'passed', head: result.head } })
  expect(error.hints).toContain('work on it all the same: git dw claim --task T --again')
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
})

test('a live holder is named before the result', async ({ sandbox }) => {
  await finished(sandbox)
  await sandbox.dw(['claim', '--task', 'T', '--again'], ANNA)
  const { stderr } = await sandbox.dw(['claim', '--task', 'T', '--json'], BEN)
  expect(JSON.parse(stderr).error.code).toBe('DW_LOCKED')
  const steal = ['claim', '--task', 'T', '--no-worktree', '--steal', '-m', 'why']
  expect(JSON.parse((await sandbox.dw([...steal, '--json'], BEN)).stderr).error.code).toBe('DW_FINISHED')
  expect((await sandbox.dw([...steal, '--again'], BEN)).status).toBe(0)
})

describe('a task whose work is merged is free, and that is told', () => {
  test.for([
    ['by a merge', [['merge', '-q', '--no-ff', '-m', 'merge', 'feature/T']]],
    ['by fast-forward', [['merge', '-q', '--ff-only', 'feature/T']]],
    [
      'squashed',
      [
        ['merge', '-q', '--squash', 'feature/T'],
        ['commit', '-qm', 'squashed'],
      ],
    ],
    ['commit by commit', [['cherry-pick', 'main..feature/T']]],
  ] as const)('%s', async ([how, commands], { sandbox }) => {
    await finished(sandbox)
    if (how !== 'by fast-forward') await commitOn(sandbox, 'something else')
    for (const args of commands) await sandbox.git(args)
    const outcome = await sandbox.dw(['claim', '--task', 'T', '--no-worktree'], BEN)
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(outcome.stderr).toMatch(/"T" passed .* and is merged/)
  })
})

test("it counts what is merged into the remote's HEAD", async ({ sandbox }) => {
  await finished(sandbox)
  const upstream = join(sandbox.root, 'upstream.git')
  await sandbox.git(['clone', '-q', '--bare', sandbox.repo, upstream])
  await sandbox.git(['remote', 'add', 'origin', upstream])
  await sandbox.git(['push', '-q', 'origin', 'feature/T:main'])
  await sandbox.git(['fetch', '-q'])
  await sandbox.git(['remote', 'set-head', 'origin', 'main'])
  const args = ['claim', '--task', 'T', '--project', 'repo', '--no-worktree']
  expect((await sandbox.dw(args, BEN)).status).toBe(0)
})

test('a merge of a part is none', async ({ sandbox }) => {
  await finished(sandbox)
  await sandbox.git(['cherry-pick', 'feature/T~1'])
  expect((await sandbox.dw(['claim', '--task', 'T'], BEN)).status).toBe(1)
})

test('a task that passed without a commit is finished, and nothing of it is merged', async ({ sandbox }) => {
  await sandbox.dw(['claim', '--task', 'T'], ANNA)
  await sandbox.dw(['record-result', '--task', 'T', '--status', 'passed'], ANNA)
  const { stderr, status } = await sandbox.dw(['claim', '--task', 'T'], BEN)
  expect([status, stderr]).toEqual([1, expect.stringContaining('is not merged')])
})

test('a second stay on a branch does not hide that its first part is not merged', async ({ sandbox }) => {
  await finished(sandbox)
  await sandbox.dw(['claim', '--task', 'T', '--again'], BEN)
  await sandbox.dw(['record-result', '--task', 'T', '--status', 'passed'], BEN)
  expect((await sandbox.dw(['claim', '--task', 'T'], BEN)).status).toBe(1)
  await sandbox.git(['merge', '-q', 'feature/T'])
  expect((await sandbox.dw(['claim', '--task', 'T'], BEN)).status).toBe(0)
})

test.for(['failed', 'partial', 'blocked'])(
  'a task that %s is free, and that is told',
  async (status, { sandbox }) => {
    await finished(sandbox, status)
    const outcome = await sandbox.dw(['claim', '--task', 'T'], BEN)
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(outcome.stderr).toContain(`"T" ${status} `)
  },
)

test('the result of one task says nothing of the same name in another project', async ({ sandbox }) => {
  await finished(sandbox)
  const args = ['claim', '--task', 'T', '--project', 'web', '--branch', 'web-T']
  expect((await sandbox.dw(args, BEN)).status).toBe(0)
})

test('a result that cannot be read is named, and the task can be claimed', async ({ sandbox }) => {
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: 'not json\n' })
  await sandbox.git(['update-ref', 'refs/dw/results/repo/t', blob])
  const outcome = await sandbox.dw(['claim', '--task', 'T'], BEN)
  expect(outcome.status, outcome.stderr).toBe(0)
  expect(outcome.stderr).toContain('warning: the record at "refs/dw/results/repo/t" is not a JSON object')
})

test('a lock given up for a project that was lost comes back, also of a finished task', async ({
  sandbox,
}) => {
  await finished(sandbox)
  await sandbox.dw(['claim', '--task', 'T', '--again'], ANNA)
  // ben holds another task of the project, which the project's lock cannot stand above
  await sandbox.dw(['claim', '--task', 'U', '--no-worktree'], BEN)
  expect((await sandbox.dw(['claim', '--project', 'repo'], ANNA)).status).toBe(1)
  expect((await sandbox.record('refs/dw/locks/task/repo/t')).key).toBe('task:repo/T')
})
