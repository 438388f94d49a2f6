import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const ANNA = { agent: 'anna' }

/** The keys that a claim of `paths` comes to. */
async function claimed(sandbox: Sandbox, paths: readonly string[], cwd = sandbox.repo): Promise<string[]> {
  const { keys } = await sandbox.json(['claim', ...paths], { ...ANNA, cwd })
  return keys.map(({ key }: { key: string }) => key)
}

/** Expects `path` to be refused with exit status 129, and nothing to be written. */
async function refused(sandbox: Sandbox, path: string, saying: string, cwd = sandbox.repo): Promise<void> {
  const before = await sandbox.refs()
  const { status, stderr, stdout } = await sandbox.dw(['claim', path], { ...ANNA, cwd })
  expect([status, stdout]).toEqual([129, ''])
  expect(stderr).toContain(saying)
  expect(await sandbox.refs()).toEqual(before)
}

test('a path counts from the subdirectory that the command runs in', async ({ sandbox }) => {
  const src = join(sandbox.repo, 'src')
  expect(await claimed(sandbox, ['a.ts', './b.ts', '../top.md', 'deep/../c.ts'], src)).toEqual([
    'src/a.ts',
    'src/b.ts',
    'top.md',
    'src/c.ts',
  ])
})

test('an absolute path is that of the worktree it lies in, whatever the current directory', async ({
  sandbox,
}) => {
  const other = join(sandbox.root, 'other')
  await sandbox.git(['worktree', 'add', '--quiet', '-b', 'other', other])
  const paths = [join(sandbox.repo, 'src/a.ts'), join(other, 'docs/new.md')]
  expect(await claimed(sandbox, paths, join(sandbox.repo, 'src'))).toEqual(['src/a.ts', 'docs/new.md'])
  expect(await claimed(sandbox, ['../repo/lib', 'own'], other)).toEqual(['lib', 'own'])
})

test('a claim from one worktree stands in the way of the same path in another', async ({ sandbox }) => {
  const other = join(sandbox.root, 'other')
  await sandbox.git(['worktree', 'add', '--quiet', '-b', 'other', other])
  await claimed(sandbox, ['src/a.ts'], other)
  expect((await sandbox.dw(['claim', 'src/a.ts'], { agent: 'ben' })).status).toBe(1)
})

test('a path need not exist, nor the directories above it', async ({ sandbox }) => {
  expect(await claimed(sandbox, ['not/yet/there.ts', ':/from/the/top.ts'])).toEqual([
    'not/yet/there.ts',
    'from/the/top.ts',
  ])
})

test('links inside the repository are resolved, in the middle, at the end and one after another', async ({
  sandbox,
}) => {
  symlinkSync('src', join(sandbox.repo, 'one'))
  symlinkSync('one', join(sandbox.repo, 'two'))
  symlinkSync('src/a.ts', join(sandbox.repo, 'file'))
  const given = ['two/new.ts', 'file', 'one/../README.md']
  expect(await claimed(sandbox, given)).toEqual(['src/new.ts', 'src/a.ts', 'README.md'])
  expect(await claimed(sandbox, ['two'])).toEqual(['src'])
})

test('a link to what does not exist yet is resolved, too', async ({ sandbox }) => {
  symlinkSync('later/on.ts', join(sandbox.repo, 'dangling'))
  expect(await claimed(sandbox, ['dangling', 'dangling/below'])).toEqual(['later/on.ts'])
})

test('the repository can be entered through a link', async ({ sandbox }) => {
  symlinkSync(sandbox.repo, join(sandbox.root, 'alias'))
  const alias = join(sandbox.root, 'alias')
  expect(await claimed(sandbox, ['src/a.ts', join(alias, 'src/b.ts')], alias)).toEqual([
    'src/a.ts',
    'src/b.ts',
  ])
})

test('a link that leads out of the repository is an error, also to what does not exist', async ({
  sandbox,
}) => {
  symlinkSync(sandbox.home, join(sandbox.repo, 'out'))
  symlinkSync('../nowhere/x', join(sandbox.repo, 'lost'))
  await refused(sandbox, 'out', '"out" is outside this repository')
  await refused(sandbox, 'out/a.ts', '"out/a.ts" is outside this repository')
  await refused(sandbox, 'lost', '"lost" is outside this repository')
})

test('links that lead to each other in a loop are an error', async ({ sandbox }) => {
  symlinkSync('pong', join(sandbox.repo, 'ping'))
  symlinkSync('ping', join(sandbox.repo, 'pong'))
  symlinkSync('self', join(sandbox.repo, 'self'))
  await refused(sandbox, 'ping', 'lead to each other in a loop')
  await refused(sandbox, 'pong/below.ts', 'lead to each other in a loop')
  await refused(sandbox, 'self', 'lead to each other in a loop')
})

test('in a bare repository paths count from the top, and cannot leave it', async ({ sandbox }) => {
  const bare = join(sandbox.root, 'bare.git')
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, bare])
  const inBare = { ...ANNA, cwd: bare }
  const { keys } = await sandbox.json(['claim', 'src/a.ts', './docs', ':/lib', 'x/../y'], inBare)
  expect(keys.map(({ key }: { key: string }) => key)).toEqual(['src/a.ts', 'docs', 'lib', 'y'])
  const before = await sandbox.git(['for-each-ref'], { cwd: bare })
  for (const [path, saying] of [
    ['../x', '"../x" is outside this repository'],
    ['a/../../x', 'is outside this repository'],
    [':(glob)**/*.ts', 'pathspecs need a worktree'],
    ['.git/config', 'is inside a git directory'],
  ] as const) {
    const { status, stderr } = await sandbox.dw(['claim', path], inBare)
    expect([path, status, stderr]).toEqual([path, 129, expect.stringContaining(saying)])
  }
  expect(await sandbox.git(['for-each-ref'], { cwd: bare })).toBe(before)
})

test('a submodule is a path of this repository, what is in it is not', async ({ sandbox }) => {
  const library = join(sandbox.root, 'library')
  await sandbox.git(['clone', '--quiet', sandbox.repo, library])
  await sandbox.git([
    '-c',
    'protocol.file.allow=always',
    'submodule',
    '--quiet',
    'add',
    library,
    'vendor/lib',
  ])
  expect(await claimed(sandbox, ['vendor/lib'])).toEqual(['vendor/lib'])
  await refused(sandbox, 'vendor/lib/src/a.ts', 'is inside the submodule or repository "vendor/lib"')
})

test('a submodule whose name starts with two dots is inside all the same', async ({ sandbox }) => {
  const nested = join(sandbox.repo, '..lib')
  mkdirSync(nested)
  await sandbox.git(['init', '--quiet', nested])
  await refused(sandbox, '..lib/x', 'is inside the submodule or repository "..lib"')
})

test('what a nested repository holds is none of this one', async ({ sandbox }) => {
  await sandbox.git(['init', '--quiet', join(sandbox.repo, 'nested')])
  await refused(sandbox, 'nested/x', 'is inside the submodule or repository "nested"')
  expect(await claimed(sandbox, ['nested'])).toEqual(['nested'])
})

test('a file that a sparse checkout leaves out is claimed like any other', async ({ sandbox }) => {
  sandbox.write('docs/guide.md', 'x\n')
  await sandbox.git(['add', '.'])
  await sandbox.git(['commit', '--quiet', '-m', 'docs'])
  await sandbox.git(['sparse-checkout', 'set', '--cone', '--sparse-index', 'src'])
  expect(await sandbox.git(['ls-files', '-t', 'docs'])).toBe('S docs/guide.md')
  expect(await claimed(sandbox, ['docs/guide.md'])).toEqual(['docs/guide.md'])
  expect(await claimed(sandbox, [':(glob)**/*.md'])).toEqual(['README.md', 'docs/guide.md'])
})
