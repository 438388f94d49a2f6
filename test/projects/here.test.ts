import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { RunOptions, Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

/** Projects in one another, with their directories. */
async function registered(sandbox: Sandbox): Promise<void> {
  mkdirSync(join(sandbox.repo, 'web/admin/deep'), { recursive: true })
  await sandbox.dw(['project', 'add', 'web', '--path', 'web'])
  await sandbox.dw(['project', 'add', 'admin', '--path', 'web/admin'])
}

/** The key that a claim of task T takes there; it is given back. */
async function taskAt(sandbox: Sandbox, cwd: string, options: RunOptions = {}): Promise<string> {
  const { stdout } = await sandbox.dw(['claim', '--task', 'T', '--no-worktree'], { ...ANNA, ...options, cwd })
  expect((await sandbox.dw(['release', '--task', 'T'], { ...ANNA, ...options, cwd })).stdout).toBe(stdout)
  return stdout.trim()
}

test('the deepest project that the current directory is in is that of a task', async ({ sandbox }) => {
  await registered(sandbox)
  await sandbox.run('ln', ['-s', 'web/admin', 'link'])
  for (const [directory, key] of [
    ['.', 'task:repo/T'],
    ['src', 'task:repo/T'],
    ['web', 'task:web/T'],
    ['web/admin/deep', 'task:admin/T'],
    ['link', 'task:admin/T'],
    ['.git', 'task:repo/T'],
  ] as const) {
    expect(await taskAt(sandbox, join(sandbox.repo, directory)), directory).toBe(key)
  }
  const explicit = ['claim', '--task', 'T', '--project', 'repo', '--no-worktree']
  expect((await sandbox.dw(explicit, { ...ANNA, cwd: join(sandbox.repo, 'web') })).stdout).toBe(
    'task:repo/T\n',
  )
})

test('in a linked worktree the directory counts from its own top, and a bare repository has none', async ({
  sandbox,
}) => {
  await registered(sandbox)
  const linked = join(sandbox.root, 'linked')
  await sandbox.git(['worktree', 'add', '--quiet', linked, '-b', 'side'])
  mkdirSync(join(linked, 'web/admin'), { recursive: true })
  expect(await taskAt(sandbox, join(linked, 'web/admin'))).toBe('task:admin/T')
  expect(await taskAt(sandbox, linked)).toBe('task:repo/T')
  const bare = join(sandbox.root, 'bare.git')
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, bare])
  await sandbox.dw(['project', 'add', 'top', '--path', '.'], { cwd: bare })
  // the default, by its remote
  expect(await taskAt(sandbox, bare)).toBe('task:repo/T')
})

test('a session that new, init or a claim starts works on the project of its directory', async ({
  sandbox,
}) => {
  await registered(sandbox)
  const cwd = join(sandbox.repo, 'web')
  const projectOf = async (args: readonly string[], agent: string) => {
    const { session } = await sandbox.json(args, { agent, cwd })
    return (await sandbox.record(`refs/dw/active/${session.toLowerCase()}`)).project
  }
  expect(await projectOf(['new'], 'a')).toBe('web')
  expect(await projectOf(['init'], 'b')).toBe('web')
  expect(await projectOf(['claim', 'x'], 'c')).toBe('web')
  expect(await projectOf(['claim', '--project', 'admin'], 'd')).toBe('admin')
  expect(await projectOf(['new', '--project', 'other'], 'e')).toBe('other')
})

test('a release in another project than the task says which one it is of', async ({
  sandbox,
  transcript,
}) => {
  await registered(sandbox)
  await sandbox.dw(['claim', '--task', 'T', '--project', 'web', '--no-worktree'], ANNA)
  await transcript.run('git dw release --task T', ANNA)
  await transcript.matches('project-release')
})

test('base and branch: the option counts, then the project, then dw.base and dw.branch, then the default', async ({
  sandbox,
}) => {
  await registered(sandbox)
  const main = await sandbox.git(['rev-parse', 'main'])
  const commit = async (name: string) => {
    const oid = await sandbox.git(['commit-tree', '-m', name, '-p', main, `${main}^{tree}`])
    await sandbox.git(['branch', name, oid])
    return oid
  }
  const [ofProject, ofConfig, ofOption] = [await commit('p'), await commit('c'), await commit('o')]
  const claim = async (...args: string[]) => {
    const { worktree } = await sandbox.json(['claim', '--project', 'web', ...args], ANNA)
    return [worktree.branch, worktree.base]
  }
  expect(await claim('--task', 'A')).toStrictEqual(['feature/A', main])
  await sandbox.git(['config', 'dw.base', 'c'])
  await sandbox.git(['config', 'dw.branch', 'cfg/{project}/{task}'])
  expect(await claim('--task', 'B')).toStrictEqual(['cfg/web/B', ofConfig])
  const terms = ['--path', 'web', '--base', 'p', '--branch', '{project}-{task}', '--replace']
  await sandbox.dw(['project', 'add', 'web', ...terms])
  expect(await claim('--task', 'C')).toStrictEqual(['web-C', ofProject])
  expect(await claim('--task', 'D', '--base', 'o')).toStrictEqual(['web-D', ofOption])
  expect(await claim('--task', 'E', '--branch', 'mine')).toStrictEqual(['mine', ofProject])
  const others = ['--path', 'web', '--no-base', '--branch', 'w/{task}', '--replace']
  await sandbox.dw(['project', 'add', 'web', ...others])
  expect(await claim('--task', 'F')).toStrictEqual(['w/F', ofConfig])
})

test.for([
  ['branch', '{user}/{task}', 'DW_CONFIG'],
  ['branch', 'a..{task}', 'DW_CONFIG'],
  ['branch', '--upload-pack=touch pwned', 'DW_CONFIG'],
  ['base', '$(touch pwned)', 'DW_NOT_FOUND'],
  ['base', 'main\nmain', 'DW_NOT_FOUND'],
  ['base', '--batch', 'DW_NOT_FOUND'],
] as const)(
  'a record whose %s is %j is an error that names the project, and nothing is claimed',
  async ([field, value, code], { sandbox }) => {
    await registered(sandbox)
    const record = await sandbox.record('refs/dw/projects/web')
    const input = JSON.stringify({ ...record, [field]: value })
    const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input })
    await sandbox.git(['update-ref', 'refs/dw/projects/web', blob])
    const before = await sandbox.refs()
    const refused = await sandbox.dw(['claim', '--task', 'T', '--project', 'web', '--json'], ANNA)
    expect(JSON.parse(refused.stderr).error).toMatchObject({ code, project: 'web' })
    expect(await sandbox.refs()).toStrictEqual(before)
    expect((await sandbox.run('sh', ['-c', 'test -e pwned'])).status).toBe(1)
    const own = ['claim', '--task', 'T', '--project', 'web', '--base', 'main', '--branch', 'mine']
    expect((await sandbox.dw(own, BEN)).status).toBe(0)
  },
)

test('of many that register a name at once, one does, and those who meant the same are content', async ({
  sandbox,
}) => {
  const paths = ['a', 'b', 'a', 'b', 'a', 'b']
  const outcomes = await Promise.all(
    paths.map((path) => sandbox.dw(['project', 'add', 'web', '--path', path, '--json'])),
  )
  const { path: winner } = await sandbox.record('refs/dw/projects/web')
  const ends = outcomes.map(({ status, stdout, stderr }) =>
    status === 0 ? JSON.parse(stdout).outcome : JSON.parse(stderr).error.code,
  )
  expect(ends.filter((end) => end === 'added')).toHaveLength(1)
  paths.forEach((path, at) => {
    expect(path === winner ? ['added', 'already'] : ['DW_EXISTS']).toContain(ends[at])
  })
})

test('of many that rename or remove a project at once, one does, and it is never there twice', async ({
  sandbox,
}) => {
  await sandbox.dw(['project', 'add', 'web', '--path', 'web'])
  const commands = [
    ['rename', 'web', 'x'],
    ['rename', 'web', 'y'],
    ['remove', 'web'],
    ['rename', 'web', 'z'],
  ]
  const outcomes = await Promise.all(commands.map((words) => sandbox.dw(['project', ...words, '--json'])))
  const done = outcomes.filter(({ status }) => status === 0)
  expect(done).toHaveLength(1)
  for (const { status, stderr } of outcomes) {
    if (status !== 0) expect(JSON.parse(stderr).error).toMatchObject({ code: 'DW_NOT_FOUND', project: 'web' })
  }
  const { outcome, project } = JSON.parse(done[0]?.stdout ?? '')
  const refs = (await sandbox.refs('refs/dw/projects')).map((line) => line.split(' ')[0])
  expect(refs).toStrictEqual(outcome === 'removed' ? [] : [`refs/dw/projects/${project.name}`])
})
