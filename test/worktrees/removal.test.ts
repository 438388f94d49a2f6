import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ended, type Sandbox } from '../harness/sandbox.ts'
import { type Transcript, test } from '../harness/transcript.ts'
import { imageOf } from './worktree-image.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

async function taskOf(sandbox: Sandbox, task = 'T', options = ANNA): Promise<string> {
  return (await sandbox.json(['claim', '--task', task], options)).worktree.path
}

/** The error of a removal that is refused, which is written down, after a look that the worktree is as it was. */
async function refusal(
  { sandbox, transcript }: { readonly sandbox: Sandbox; readonly transcript: Transcript },
  path: string,
  args: readonly string[],
  options = ANNA,
): Promise<object> {
  const before = [await imageOf(sandbox, path), await sandbox.refs('refs/dw-local')]
  await transcript.run(`git dw worktree remove ${args.join(' ')}`, options)
  const outcome = await sandbox.dw(['worktree', 'remove', ...args, '--json'], options)
  expect([await imageOf(sandbox, path), await sandbox.refs('refs/dw-local')]).toStrictEqual(before)
  return { ...JSON.parse(outcome.stderr).error, status: outcome.status }
}

test('a clean worktree goes without a trace but its branch', async ({ sandbox, transcript }) => {
  const path = await taskOf(sandbox)
  await transcript.run('git dw worktree remove T', ANNA)
  await transcript.run('git dw worktree remove T', ANNA)
  await transcript.run('git dw worktree create T', ANNA)
  await transcript.run('git dw worktree create U', ANNA)
  await transcript.matches('worktree-remove')
  expect(existsSync(path)).toBe(true)
  expect(await sandbox.refs('refs/dw-local')).toStrictEqual([])
  expect(await sandbox.refs('refs/heads/feature/T')).toHaveLength(1)
})

test('the main worktree is never removed', async ({ sandbox, transcript }) => {
  const error = await refusal({ sandbox, transcript }, sandbox.repo, ['--force', '.'])
  expect(error).toMatchObject({ code: 'DW_MAIN_WORKTREE', status: 1 })
})

test('a worktree that is locked stays, whatever --force says', async ({ sandbox, transcript }) => {
  const path = await taskOf(sandbox)
  await sandbox.git(['worktree', 'lock', path])
  expect(await refusal({ sandbox, transcript }, path, ['--force', 'T'])).toMatchObject({
    code: 'DW_WORKTREE_LOCKED',
  })
  await transcript.matches('removal/a-locked-worktree')
})

test('the worktree of another live session stays, and goes once that has ended', async ({
  sandbox,
  transcript,
}) => {
  const path = await taskOf(sandbox)
  await sandbox.dw(['new'], BEN)
  const error = await refusal({ sandbox, transcript }, path, ['--force', 'T'], BEN)
  expect(error).toMatchObject({ code: 'DW_ALIVE', session: expect.stringMatching(/^SESS-/) })
  await sandbox.dw(['end'], { ...ANNA, cwd: path })
  expect((await sandbox.dw(['worktree', 'remove', 'T'], BEN)).status).toBe(0)
})

test('a worktree that a process stands in stays', async ({ sandbox, transcript }) => {
  const path = await taskOf(sandbox)
  mkdirSync(join(path, 'deep'))
  const child = sandbox.start('cat', [], { cwd: join(path, 'deep') })
  try {
    const error = await refusal({ sandbox, transcript }, path, ['--force', 'T'])
    expect(error).toMatchObject({ code: 'DW_IN_USE', processes: [{ pid: child.pid, name: 'cat' }] })
    const told = String(transcript).replaceAll(String(child.pid), '<pid>')
    await expect(told).toMatchFileSnapshot('../transcripts/removal/a-process-in-it.txt')
  } finally {
    child.stdin?.end()
    await ended(child)
  }
})

test('repositories inside are never removed: nested, in an ignored directory, a worktree of this one', async ({
  sandbox,
  transcript,
}) => {
  sandbox.write('.gitignore', 'vendor/\n')
  await sandbox.git(['add', '.gitignore'])
  await sandbox.git(['commit', '-qm', 'ignore'])
  const path = await taskOf(sandbox)
  await sandbox.git(['init', '-q', join(path, 'vendor/lib')])
  expect(await refusal({ sandbox, transcript }, path, ['--force', 'T'])).toMatchObject({
    code: 'DW_NESTED',
    nested: ['vendor/lib/'],
  })
  const other = await taskOf(sandbox, 'U')
  await sandbox.git(['worktree', 'add', '-q', '-b', 'inner', join(other, 'inner')])
  expect(await refusal({ sandbox, transcript }, other, ['--force', 'U'])).toMatchObject({
    code: 'DW_NESTED',
    nested: ['inner/'],
  })
  await transcript.matches('removal/repositories-inside')
})

test('a submodule with changes or commits of its own keeps the worktree; a clean one does not', async ({
  sandbox,
  transcript,
}) => {
  await sandbox.git(['config', '--global', 'protocol.file.allow', 'always'])
  const library = join(sandbox.root, 'library')
  await sandbox.git(['init', '-q', library])
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'first'], { cwd: library })
  await sandbox.git(['submodule', 'add', '-q', library, 'lib'])
  await sandbox.git(['commit', '-qm', 'submodule'])
  const path = await taskOf(sandbox)
  const inside = join(path, 'lib')
  await sandbox.git(['submodule', 'update', '-q', '--init'], { cwd: path })
  writeFileSync(join(inside, 'new'), 'x')
  expect(await refusal({ sandbox, transcript }, path, ['--force', 'T'])).toMatchObject({
    code: 'DW_NESTED',
    nested: ['lib'],
  })
  await sandbox.git(['add', 'new'], { cwd: inside })
  await sandbox.git(['commit', '-qm', 'own'], { cwd: inside })
  await sandbox.git(['branch', 'kept'], { cwd: inside })
  await sandbox.git(['checkout', '-q', 'HEAD~1'], { cwd: inside })
  expect(await sandbox.git(['status', '--porcelain'], { cwd: path })).toBe('')
  expect(await refusal({ sandbox, transcript }, path, ['--force', 'T'])).toMatchObject({
    code: 'DW_NESTED',
    nested: ['lib'],
  })
  await sandbox.git(['branch', '-qD', 'kept'], { cwd: inside })
  expect((await transcript.run('git dw worktree remove T', ANNA)).status).toBe(0)
  await transcript.matches('removal/a-submodule')
  expect(existsSync(path)).toBe(false)
})

test('a link to a directory outside goes, and what it leads to survives', async ({ sandbox, transcript }) => {
  const outside = join(sandbox.root, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'precious'), 'x')
  const path = await taskOf(sandbox)
  symlinkSync(outside, join(path, 'link'))
  await transcript.run('git dw worktree remove T', ANNA)
  expect((await transcript.run('git dw worktree remove --force T', ANNA)).status).toBe(0)
  await transcript.matches('removal/a-link-to-a-directory-outside')
  expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('x')
})

test('worktrees are listed with their work, and with how that was merged', async ({
  sandbox,
  transcript,
}) => {
  const commit = async (path: string, file: string, text: string) => {
    writeFileSync(join(path, file), text)
    await sandbox.git(['add', '.'], { cwd: path })
    await sandbox.git(['commit', '-qm', `${file} ${text}`], { cwd: path })
  }
  const paths = new Map<string, string>()
  for (const task of ['fresh', 'merged', 'rebased', 'squashed', 'edited', 'open', 'gone']) {
    paths.set(task, await taskOf(sandbox, task))
  }
  const at = (task: string) => paths.get(task) ?? ''
  for (const task of ['merged', 'rebased', 'squashed', 'edited', 'open']) {
    await commit(at(task), task, 'one')
    await commit(at(task), task, 'two')
  }
  await sandbox.git(['merge', '-q', '--no-ff', '-m', 'merge', 'feature/merged'])
  await sandbox.git(['cherry-pick', 'main..feature/rebased'])
  await sandbox.git(['merge', '-q', '--squash', 'feature/squashed'])
  await sandbox.git(['commit', '-qm', 'squashed'])
  // squashed, and changed further since
  await sandbox.git(['merge', '-q', '--squash', 'feature/edited'])
  await sandbox.git(['commit', '-qm', 'edited'])
  await commit(sandbox.repo, 'edited', 'three')
  writeFileSync(join(at('open'), 'draft'), 'x')
  writeFileSync(join(at('open'), 'README.md'), 'x')
  await sandbox.run('mv', [at('gone'), `${at('gone')}-moved`])
  await transcript.run('git dw worktree list', ANNA)
  await transcript.matches('worktree-list')
  const { items } = await sandbox.json(['worktree', 'list'], ANNA)
  const merged = items.map(({ task, merged }: { task: string; merged: string }) => [task, merged])
  expect(Object.fromEntries(merged)).toMatchObject({
    fresh: null,
    merged: 'merged',
    rebased: 'rebased',
    squashed: 'squashed',
    edited: 'squashed',
    open: null,
    gone: null,
  })
})
