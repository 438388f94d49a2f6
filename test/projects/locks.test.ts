import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

/** The keys that are locked, by who holds them. */
const held = async (sandbox: Sandbox) => {
  const { items } = await sandbox.json(['locks'])
  return items.map(({ key }: { key: string }) => key).sort()
}

async function registered(sandbox: Sandbox): Promise<void> {
  await sandbox.dw(['project', 'add', 'web', '--path', 'web'])
  await sandbox.dw(['project', 'add', 'admin', '--path', 'web/admin'])
}

test('a project lock is shown by claim, check, locks, status and release', async ({
  sandbox,
  transcript,
}) => {
  await registered(sandbox)
  await transcript.run('git dw claim --project web -m "spring clean"', ANNA)
  await transcript.run('git dw claim --project web', ANNA)
  await transcript.run('git dw claim --project web', BEN)
  await transcript.run('git dw check project:web project:admin web/x task:web/T lib', BEN)
  await transcript.run('git dw check project:web', ANNA)
  await transcript.run('git dw locks project:web')
  await transcript.run('git dw status', ANNA)
  await transcript.run('git dw project list', ANNA)
  await transcript.run('git dw release web', ANNA)
  await transcript.run('git dw release --project web', ANNA)
  await transcript.matches('project-claim')
})

test('a project lock excludes its tasks, its paths and what is above, and not the tasks of a project inside', async ({
  sandbox,
}) => {
  await registered(sandbox)
  await sandbox.dw(['claim', '--project', 'web'], ANNA)
  for (const key of ['task:web/T', 'web/x', 'web', '.', 'project:web', 'project:admin', 'project:repo']) {
    expect((await sandbox.dw(['claim', key], BEN)).status, key).toBe(1)
  }
  for (const key of ['task:admin/T', 'task:repo/T', 'website', 'lib/x']) {
    expect((await sandbox.dw(['claim', key], BEN)).status, key).toBe(0)
  }
})

test.for([
  ['a task', 'task:web/T'],
  ['a path in its directory', 'web/deep/x'],
  ['its directory', 'web'],
  ['what is above', '.'],
  ['a project inside', 'project:admin'],
] as const)(
  'a project is not to be had while another holds %s, and then neither key is taken',
  async ([, key], { sandbox }) => {
    await registered(sandbox)
    await sandbox.dw(['claim', key], ANNA)
    const before = await sandbox.refs('refs/dw/locks')
    const refused = await sandbox.dw(['claim', '--project', 'web', '--json'], BEN)
    expect(JSON.parse(refused.stderr).error).toMatchObject({ code: 'DW_LOCKED' })
    expect(await sandbox.refs('refs/dw/locks')).toStrictEqual(before)
  },
)

test('the default project that is not registered is the whole repository', async ({ sandbox }) => {
  const { keys } = await sandbox.json(['claim', '--project', 'Repo'], ANNA)
  expect(keys).toMatchObject([{ key: 'project:Repo' }, { key: '.' }])
  expect((await sandbox.dw(['claim', 'src/a.ts'], BEN)).status).toBe(1)
  expect((await sandbox.dw(['claim', '--task', 'T'], BEN)).status).toBe(1)
  expect((await sandbox.dw(['release', 'project:repo'], ANNA)).status).toBe(0)
  expect(await held(sandbox)).toStrictEqual([])
})

test('own locks on tasks and paths give way to the project, and nothing is told as lost', async ({
  sandbox,
}) => {
  await registered(sandbox)
  await sandbox.dw(['claim', 'task:web/T', 'web/x', 'web/y', 'lib'], ANNA)
  const upgraded = await sandbox.dw(['claim', '--project', 'web'], ANNA)
  expect(upgraded).toMatchObject({ status: 0, stdout: 'project:web\nweb\n', stderr: '' })
  expect(await held(sandbox)).toStrictEqual(['lib', 'project:web', 'web'])
  expect((await sandbox.json(['status'], ANNA)).session.revoked).toStrictEqual([])
})

test('a directory that was mine before becomes half of the project lock', async ({ sandbox }) => {
  await registered(sandbox)
  await sandbox.dw(['claim', 'web'], ANNA)
  const { keys } = await sandbox.json(['claim', 'lib', 'project:web'], ANNA)
  expect(keys).toMatchObject([
    { key: 'lib', already: false },
    { key: 'project:web', already: false },
    { key: 'web', already: true },
  ])
  expect(await sandbox.record('refs/dw/locks/path/web')).toMatchObject({ with: 'project:web' })
  expect(await sandbox.record('refs/dw/locks/task/web')).toMatchObject({ with: 'web' })
  expect((await sandbox.dw(['release', '--project', 'web'], ANNA)).stdout).toBe('project:web\nweb\n')
  expect(await held(sandbox)).toStrictEqual(['lib'])
})

test('under a directory of mine the project takes its own key alone', async ({ sandbox }) => {
  await registered(sandbox)
  await sandbox.dw(['claim', '.'], ANNA)
  expect((await sandbox.dw(['claim', '--project', 'web'], ANNA)).status).toBe(0)
  expect(await held(sandbox)).toStrictEqual(['.', 'project:web'])
  expect((await sandbox.dw(['release', '--project', 'web'], ANNA)).stdout).toBe('project:web\n')
  expect(await held(sandbox)).toStrictEqual(['.'])
})

test('a steal takes both keys, and the old holder is told of each', async ({ sandbox }) => {
  await registered(sandbox)
  await sandbox.dw(['claim', '--project', 'web'], ANNA)
  await sandbox.dw(['claim', '--project', 'web', '--steal', '-m', 'release day'], BEN)
  const { session } = await sandbox.json(['status'], ANNA)
  expect(session.locks).toStrictEqual([])
  expect(
    session.revoked.map(({ key, why }: { key: string; why: string }) => [key, why]).sort(),
  ).toStrictEqual([
    ['project:web', 'stolen: release day'],
    ['web', 'stolen: release day'],
  ])
  const late = await sandbox.dw(['release', '--project', 'web', '--json'], ANNA)
  expect(late.status).toBe(4)
  expect(JSON.parse(late.stderr).error.hints[0]).toContain('git dw claim project:web')
  // who claims it again is told that others had it, and not that it is lost
  await sandbox.dw(['release', '--project', 'web'], BEN)
  const again = await sandbox.dw(['claim', '--project', 'web'], ANNA)
  expect(again.stdout).toBe('project:web\nweb\n')
  const told = again.stderr.trimEnd().split('\n').sort()
  expect(told).toStrictEqual([
    expect.stringMatching(/^yours again: "project:web" was taken by SESS-.*: stolen: release day$/),
    expect.stringMatching(/^yours again: "web" was taken by SESS-.*: stolen: release day$/),
  ])
  expect((await sandbox.dw(['locks'], ANNA)).stderr).toBe('')
})

test('a project lock that has expired is taken over by any claim, of a task or of the project', async ({
  sandbox,
}) => {
  await registered(sandbox)
  await sandbox.dw(['claim', '--project', 'web'], ANNA)
  const later = { env: { DW_TEST_CLOCK: '+3h' } }
  expect((await sandbox.dw(['claim', 'task:web/T'], { ...BEN, ...later })).status).toBe(0)
  expect((await sandbox.dw(['claim', '--project', 'web'], { agent: 'cleo', ...later })).status).toBe(1)
  await sandbox.dw(['release', '--all'], { ...BEN, ...later })
  expect((await sandbox.dw(['claim', '--project', 'web'], { agent: 'cleo', ...later })).status).toBe(0)
  const { session } = await sandbox.json(['status'], { ...ANNA, ...later })
  expect(
    session.revoked.map(({ key, why }: { key: string; why: string }) => [key, why]).sort(),
  ).toStrictEqual([
    ['project:web', 'expired'],
    ['web', 'expired'],
  ])
})

test('claimed again, a project takes the directory that it has by now', async ({ sandbox }) => {
  await registered(sandbox)
  await sandbox.dw(['claim', '--project', 'web'], ANNA)
  await sandbox.dw(['project', 'add', 'web', '--path', 'site', '--replace'])
  await sandbox.dw(['claim', '--project', 'web'], ANNA)
  expect(await held(sandbox)).toStrictEqual(['project:web', 'site', 'web'])
  expect((await sandbox.dw(['release', 'site'], ANNA)).status).toBe(1)
  expect((await sandbox.dw(['release', 'web'], ANNA)).stdout).toBe('web\n')
  expect((await sandbox.dw(['release', '--project', 'web'], ANNA)).stdout).toBe('project:web\nsite\n')
  expect(await held(sandbox)).toStrictEqual([])
})

test('of many that claim a project, a task of it and a path in it at once, the winners do not overlap', async ({
  sandbox,
}) => {
  await registered(sandbox)
  const keys = ['project:web', 'task:web/T', 'web/x', 'project:web', 'project:admin', 'web']
  const outcomes = await Promise.all(
    keys.map((key, at) => sandbox.dw(['claim', key], { agent: `agent-${at}` })),
  )
  expect(outcomes.filter(({ status }) => status !== 0 && status !== 1)).toStrictEqual([])
  const locked = await held(sandbox)
  const won = (key: string) => locked.includes(key)
  expect(locked.length).toBeGreaterThan(0)
  if (won('project:web')) expect(locked).toStrictEqual(['project:web', 'web'])
  if (won('project:admin')) expect(locked).toContain('web/admin')
  if (won('web')) expect(locked.filter((key: string) => key.startsWith('web/'))).toStrictEqual([])
  const { items } = await sandbox.json(['locks'])
  const pairs = items.filter(({ with: other }: { with: string | null }) => other !== null)
  for (const { session, with: other } of pairs) {
    expect(items).toContainEqual(expect.objectContaining({ session, key: other }))
  }
})
