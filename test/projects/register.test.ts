import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

test('project add, list, rename and remove say what they did', async ({ sandbox, transcript }) => {
  await sandbox.git(['branch', 'next'])
  await transcript.run('git dw project list')
  await transcript.run("git dw project add web --path packages/web --base next --branch 'web/{task}'")
  await transcript.run("git dw project add web --path packages/web --base next --branch 'web/{task}'")
  await transcript.run('git dw project add web --path src')
  await transcript.run('git dw project add web --path src --replace')
  await transcript.run('git dw project list', { cwd: join(sandbox.repo, 'src') })
  await transcript.run('git dw project add web --path src --branch {project}/{task} --no-base')
  await transcript.run('git dw project add web --path src --branch {project}/{task} --no-base --replace')
  await transcript.run('git dw project add web --path src')
  await transcript.run('git dw project rename web site')
  await transcript.run('git dw project rename site site')
  await transcript.run('git dw project remove site')
  await transcript.run('git dw project list --json')
  await transcript.matches('project')
})

test('project commands refuse what cannot be, and change nothing', async ({ sandbox, transcript }) => {
  await sandbox.dw(['project', 'add', 'web', '--path', 'web'])
  await sandbox.dw(['project', 'add', 'api', '--path', 'api'])
  mkdirSync(join(sandbox.repo, 'sub'))
  await sandbox.git(['init', '--quiet', 'sub'])
  const before = await sandbox.refs()
  for (const line of [
    'project',
    'project frobnicate',
    'projet list',
    'project add',
    'project add x',
    "project add '' --path x",
    'project add a/b --path x',
    'project add -- -x --path x',
    "project add x --path ''",
    'project add x --path ..',
    'project add x --path .git/hooks',
    'project add x --path sub/deep',
    'project add x --path README.md',
    'project add x --path project:web',
    "project add x --path ':(glob)*'",
    'project add x --path web',
    'project add x --path WEB',
    'project add x --path x --base nope',
    "project add x --path x --base ''",
    'project add x --path x --base main --no-base',
    'project add x --path x --branch {task} --no-branch',
    "project add x --path x --branch '{user}/{task}'",
    "project add x --path x --branch 'a..{task}'",
    'project add x --path x --branch main',
    'project add x --path x --session SESS-0000000000',
    'project rename nope other',
    'project rename web api',
    'project rename web a/b',
    'project remove nope',
    'claim --project nope',
    'claim project:nope',
    'claim --project web src',
    'release --project web --all',
  ]) {
    const { status } = await transcript.run(`git dw ${line}`, line.includes('--session') ? {} : ANNA)
    expect(status, line).not.toBe(0)
  }
  expect((await sandbox.dw(['project', 'list'], { cwd: sandbox.root })).status).toBe(128)
  expect(await sandbox.refs()).toStrictEqual(before)
  await transcript.matches('project-usage')
})

test('the hint of a refused add is a command that changes the project', async ({ sandbox }) => {
  await sandbox.dw(['project', 'add', 'my web', '--path', 'web'])
  const refused = await sandbox.dw(['project', 'add', 'my web', '--path', 'a b', '--json'], {
    cwd: join(sandbox.repo, 'src'),
  })
  const hint: string = JSON.parse(refused.stderr).error.hints.at(-1)
  expect(await sandbox.run('sh', ['-c', hint.slice(hint.indexOf(': ') + 2)])).toMatchObject({ status: 0 })
  expect(await sandbox.record('refs/dw/projects/my%20web')).toMatchObject({ path: 'src/a b', rev: 2 })
})

test('a project stands at its ref with what was said of it, and is logged in the session', async ({
  sandbox,
}) => {
  const { session } = await sandbox.json(['new'], ANNA)
  await sandbox.dw(['project', 'add', 'Web', '--path', 'src', '--base', 'main'], ANNA)
  expect(await sandbox.record('refs/dw/projects/web')).toStrictEqual({
    v: 1,
    kind: 'project',
    id: expect.stringMatching(/^PROJ-[0-9a-f]+$/),
    rev: 1,
    nonce: expect.any(String),
    name: 'Web',
    path: 'src',
    base: 'main',
  })
  await sandbox.dw(['project', 'add', 'web', '--path', 'src', '--branch', 'w/{task}', '--replace'], ANNA)
  await sandbox.dw(['project', 'rename', 'web', 'site'], ANNA)
  await sandbox.dw(['project', 'remove', 'site'], ANNA)
  const log = await sandbox.git(['cat-file', 'blob', `refs/dw/log/${session.toLowerCase()}`])
  const events = log.split('\n').map((line) => JSON.parse(line))
  expect(events.map(({ event, keys }) => [event, keys])).toStrictEqual([
    ['start', undefined],
    ['project-add', ['project:Web']],
    ['project-replace', ['project:web']],
    ['project-rename', ['project:web', 'project:site']],
    ['project-remove', ['project:site']],
  ])
  expect(await sandbox.refs('refs/dw/projects')).toStrictEqual([])
})

test('a project needs no session, but one in doubt is refused', async ({ sandbox }) => {
  expect((await sandbox.dw(['project', 'add', 'web', '--path', 'web'])).status).toBe(0)
  expect(await sandbox.refs('refs/dw/log')).toStrictEqual([])
  await sandbox.dw(['new'], ANNA)
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], BEN)
  const refused = await sandbox.dw(['project', 'remove', 'web', '--json'], { ...ANNA, cwd: worktree.path })
  expect(JSON.parse(refused.stderr).error.code).toBe('DW_AMBIGUOUS')
  expect(await sandbox.refs('refs/dw/projects')).toHaveLength(1)
})

test('a change of a project tells which locks stay, and touches none', async ({ sandbox, transcript }) => {
  await sandbox.dw(['project', 'add', 'web', '--path', 'web'])
  await sandbox.dw(['claim', '--project', 'web'], ANNA)
  const locks = await sandbox.refs('refs/dw/locks')
  await transcript.run('git dw project add web --path src --replace')
  await transcript.run('git dw project rename web site')
  await transcript.run('git dw project add web --path lib')
  await transcript.run('git dw project remove web')
  expect(await sandbox.refs('refs/dw/locks')).toStrictEqual(locks)
  // its directory by now
  await sandbox.dw(['project', 'add', 'site', '--path', 'web', '--replace'])
  await transcript.run('git dw release --project site', ANNA)
  await transcript.run('git dw release --project web', ANNA)
  await sandbox.dw(['claim', 'task:site/A', 'task:site/B'], BEN)
  await transcript.run('git dw project remove site')
  await transcript.matches('project-locks')
})

test('what a newer version wrote into a project survives a change', async ({ sandbox }) => {
  await sandbox.dw(['project', 'add', 'web', '--path', 'web', '--base', 'main'])
  const record = await sandbox.record('refs/dw/projects/web')
  const input = `${JSON.stringify({ ...record, colour: 'blue' })}\n`
  const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input })
  await sandbox.git(['update-ref', 'refs/dw/projects/web', blob])
  const change = async (...args: string[]) => {
    await sandbox.dw(['project', 'add', 'web', '--path', 'web', '--replace', ...args])
    return sandbox.record('refs/dw/projects/web')
  }
  expect(await change('--branch', 'w/{task}')).toMatchObject({
    ...{ colour: 'blue', rev: 2, id: record.id },
    ...{ base: 'main', branch: 'w/{task}' },
  })
  const changed = await change('--no-base')
  expect(changed).toMatchObject({ colour: 'blue', rev: 3, branch: 'w/{task}' })
  expect(changed).not.toHaveProperty('base')
})

test.for([
  ['that is no JSON', 'oops', 'DW_CORRUPT_STATE'],
  ['of another kind', '{"v":1,"kind":"lock"}', 'DW_CORRUPT_STATE'],
  [
    'that leads out of the repository',
    '{"v":1,"kind":"project","id":"x","rev":1,"nonce":"x","name":"web","path":"../x"}',
    'DW_CORRUPT_STATE',
  ],
  ['of a newer version', '{"v":2}', 'DW_SCHEMA'],
  ['without its blob', null, 'DW_CORRUPT_STATE'],
] as const)(
  'a record %s is named, left, and stops only what needs it',
  async ([, text, code], { sandbox }) => {
    const ref = 'refs/dw/projects/web'
    if (text === null) {
      await sandbox.dw(['project', 'add', 'web', '--path', 'web'])
      const blob = await sandbox.git(['rev-parse', ref])
      await sandbox.run('rm', ['-f', `.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`])
    } else {
      const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: text })
      await sandbox.git(['update-ref', ref, blob])
    }
    const before = await sandbox.git(['for-each-ref', '--format=%(objectname)', ref])
    const codeOf = async (...args: string[]) => {
      const { status, stderr } = await sandbox.dw([...args, '--json'], ANNA)
      return status === 0 ? 0 : JSON.parse(stderr).error.code
    }
    expect(await codeOf('claim', 'src')).toBe(0)
    const task = await sandbox.dw(['claim', '--task', 'T'], ANNA)
    expect(task.status).toBe(0)
    expect(task.stderr).toContain(`warning: the record at "${ref}"`)
    for (const args of [
      ['claim', '--project', 'web'],
      ['claim', '--task', 'U', '--project', 'web'],
      ['project', 'add', 'web', '--path', 'web', '--replace'],
      ['project', 'rename', 'web', 'site'],
      ['project', 'remove', 'web'],
    ]) {
      expect(await codeOf(...args), args.join(' ')).toBe(code)
    }
    expect(await codeOf('claim', '--task', 'U', '--project', 'web', '--no-worktree')).toBe(0)
    expect(await codeOf('release', '--task', 'U', '--project', 'web')).toBe(0)
    expect(await codeOf('project', 'add', 'api', '--path', 'api')).toBe(0)
    const { items } = await sandbox.json(['project', 'list'])
    expect(items).toContainEqual({ ref, state: 'damaged', problem: expect.any(String) })
    expect(await sandbox.git(['for-each-ref', '--format=%(objectname)', ref])).toBe(before)
  },
)

test('a directory may not exist yet, and may be given from a subdirectory or through a link', async ({
  sandbox,
}) => {
  const inSrc = { cwd: join(sandbox.repo, 'src') }
  const later = await sandbox.dw(['project', 'add', 'later', '--path', 'x/y'], inSrc)
  expect(later).toMatchObject({ status: 0, stdout: 'later\n' })
  expect(later.stderr).toContain('"x/y" does not exist here yet')
  mkdirSync(join(sandbox.repo, 'real'))
  writeFileSync(join(sandbox.repo, 'real/file'), '')
  await sandbox.run('ln', ['-s', 'real', 'link'])
  await sandbox.dw(['project', 'add', 'linked', '--path', '../link'], inSrc)
  await sandbox.dw(['project', 'add', 'top', '--path', ':/'], inSrc)
  const { items } = await sandbox.json(['project', 'list'])
  expect(items.map(({ name, path }: { name: string; path: string }) => [name, path])).toStrictEqual([
    ['later', 'src/x/y'],
    ['linked', 'real'],
    ['repo', '.'],
    ['top', '.'],
  ])
})
