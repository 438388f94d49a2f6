import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { RunOptions, Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { CountedGit } from '../process/counted-git.ts'
import { leftovers } from '../process/interrupts.ts'

const ANNA = { agent: 'anna' }

/** Commits a `.gitignore`, writes a `.worktreeinclude`, and fills the main worktree with files. */
async function prepare(
  sandbox: Sandbox,
  content: { ignore: string; include?: string; files?: readonly string[] },
): Promise<void> {
  sandbox.write('.gitignore', content.ignore)
  await sandbox.git(['add', '.gitignore'])
  await sandbox.git(['commit', '--quiet', '-m', 'ignore'])
  if (content.include !== undefined) sandbox.write('.worktreeinclude', content.include)
  for (const path of content.files ?? []) sandbox.write(path, `${path} of main\n`)
}

/** Claims the task T; the worktree's path. */
async function claim(sandbox: Sandbox, options: RunOptions = ANNA): Promise<string> {
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], options)
  expect(status, stderr).toBe(0)
  return stdout.trimEnd()
}

const CHECKED_OUT = ['.gitignore', 'README.md', 'src/a.ts']

/** Every file and link of a worktree but `.git`. */
function filesOf(top: string): string[] {
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length + 1))
    .filter((path) => path !== '.git')
    .sort()
}

const added = (top: string) => filesOf(top).filter((path) => !CHECKED_OUT.includes(path))

test('ignored files that .worktreeinclude lists are copied into a new worktree, and told', async ({
  sandbox,
  transcript,
}) => {
  await prepare(sandbox, {
    ignore: '.env*\n/cache/\n*.log\n',
    include: '.env\ncache/\n',
    files: ['.env', '.env.local', 'cache/a/b', 'cache/c', 'x.log', 'pkg/.env'],
  })
  await transcript.run('w=$(git dw claim --task T) && cd "$w" && cat .env && git status --short', ANNA)
  await transcript.matches('worktree-include')
  expect(added(join(sandbox.home, 'worktrees/repo/T'))).toStrictEqual([
    '.env',
    'cache/a/b',
    'cache/c',
    'pkg/.env',
  ])
})

test('a file that is tracked, or untracked and not ignored, is never copied', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '.env\n', include: '*\n', files: ['.env', 'notes', 'src/new.ts'] })
  sandbox.write('src/a.ts', 'changed in main\n')
  const worktree = await claim(sandbox)
  expect(added(worktree)).toStrictEqual(['.env'])
  expect(readFileSync(join(worktree, 'src/a.ts'), 'utf8')).toBe('export {}\n')
})

test('the list is in the syntax of gitignore: comments, negation, anchors, CRLF', async ({ sandbox }) => {
  await prepare(sandbox, {
    ignore: '.env*\n/data/\n\\#odd\n',
    include: '# secrets\r\n.env*\r\n!.env.local\r\n\r\n/data/*\r\n!/data/keep/\r\n\\#odd\r\n',
    files: ['.env', '.env.local', 'data/x', 'data/keep/y', 'sub/.env', '#odd'],
  })
  expect(added(await claim(sandbox))).toStrictEqual(['#odd', '.env', 'data/x', 'sub/.env'])
})

test('what the user ignores everywhere, or in this clone alone, counts as ignored', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '', include: '*\n', files: ['mine', 'ours', 'theirs'] })
  writeFileSync(join(sandbox.home, 'ignore'), 'mine\n.worktreeinclude\n')
  await sandbox.git(['config', '--global', 'core.excludesFile', join(sandbox.home, 'ignore')])
  mkdirSync(join(sandbox.repo, '.git/info'), { recursive: true })
  sandbox.write('.git/info/exclude', 'ours\n')
  expect(added(await claim(sandbox))).toStrictEqual(['.worktreeinclude', 'mine', 'ours'])
})

test('the list and the files are those of the main worktree, wherever the claim is given', async ({
  sandbox,
}) => {
  await prepare(sandbox, { ignore: '.env\n', include: '.env\n', files: ['.env', 'deep/down/x'] })
  const other = join(sandbox.root, 'other')
  await sandbox.git(['worktree', 'add', '--quiet', '-b', 'other', other])
  writeFileSync(join(other, '.env'), 'of other\n')
  writeFileSync(join(other, '.worktreeinclude'), '')
  const places = [other, join(sandbox.repo, 'deep/down'), join(sandbox.repo, '.git')]
  for (const [at, cwd] of places.entries()) {
    const { stdout, stderr } = await sandbox.dw(['claim', '--task', `T${at}`], { ...ANNA, cwd })
    expect(readFileSync(join(stdout.trimEnd(), '.env'), 'utf8'), stderr).toBe('.env of main\n')
  }
})

test('modes and times are kept, and a private directory stays private', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '/keys/\n', include: 'keys\n', files: ['keys/run', 'keys/secret'] })
  chmodSync(join(sandbox.repo, 'keys'), 0o700)
  chmodSync(join(sandbox.repo, 'keys/run'), 0o755)
  chmodSync(join(sandbox.repo, 'keys/secret'), 0o400)
  const then = new Date('2020-02-03T04:05:06.789Z')
  utimesSync(join(sandbox.repo, 'keys/secret'), then, then)
  symlinkSync('secret', join(sandbox.repo, 'keys/link'))
  const worktree = await claim(sandbox)
  const mode = (path: string) => statSync(join(worktree, path)).mode & 0o777
  expect([mode('keys'), mode('keys/run'), mode('keys/secret')]).toStrictEqual([0o700, 0o755, 0o400])
  expect(statSync(join(worktree, 'keys/secret')).mtime).toStrictEqual(then)
  expect(lstatSync(join(worktree, 'keys/link')).mtimeMs).toBeCloseTo(
    lstatSync(join(sandbox.repo, 'keys/link')).mtimeMs,
    0,
  )
})

test('links are copied as links, and what is behind one is not', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '/ig\n', include: 'ig\n', files: ['ig/file'] })
  const outside = join(sandbox.root, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'secret'), 'secret')
  symlinkSync(outside, join(sandbox.repo, 'ig/directory'))
  symlinkSync('../../outside/secret', join(sandbox.repo, 'ig/relative'))
  symlinkSync('nowhere', join(sandbox.repo, 'ig/dangling'))
  const worktree = await claim(sandbox)
  expect(added(worktree)).toStrictEqual(['ig/dangling', 'ig/directory', 'ig/file', 'ig/relative'])
  const links = ['dangling', 'directory', 'relative'].map((name) => readlinkSync(join(worktree, 'ig', name)))
  expect(links).toStrictEqual(['nowhere', outside, '../../outside/secret'])
})

test('nothing is written through a link that the new worktree has where main has a directory', async ({
  sandbox,
}) => {
  const outside = join(sandbox.root, 'outside')
  mkdirSync(join(outside, 'deep'), { recursive: true })
  await prepare(sandbox, { ignore: 'secret\n', include: 'secret\n' })
  await sandbox.git(['checkout', '--quiet', '-b', 'linked'])
  symlinkSync(outside, join(sandbox.repo, 'cache'))
  sandbox.write('flat', 'a file\n')
  await sandbox.git(['add', 'cache', 'flat'])
  await sandbox.git(['commit', '--quiet', '-m', 'link'])
  await sandbox.git(['checkout', '--quiet', 'main'])
  for (const path of ['cache/secret', 'cache/deep/secret', 'flat/secret', 'fine/secret'])
    sandbox.write(path, 'x')
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T', '--base', 'linked'], ANNA)
  expect(status, stderr).toBe(0)
  expect(filesOf(outside)).toStrictEqual([])
  expect(added(stdout.trimEnd())).toStrictEqual(['cache', 'fine/secret', 'flat'])
  expect(stderr).toContain('left out "cache/deep/secret", "cache/secret", "flat/secret": in the new worktree')
})

test('what is in the new worktree already is not written over', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '.env\nmade\n', include: '.env\nmade\n', files: ['made'] })
  await sandbox.git(['checkout', '--quiet', '-b', 'old'])
  sandbox.write('.env', 'tracked\n')
  await sandbox.git(['add', '--force', '.env'])
  await sandbox.git(['commit', '--quiet', '-m', 'env'])
  await sandbox.git(['checkout', '--quiet', 'main'])
  sandbox.write('.env', 'of main\n')
  const hook = join(sandbox.repo, '.git/hooks/post-checkout')
  mkdirSync(join(sandbox.repo, '.git/hooks'), { recursive: true })
  writeFileSync(hook, '#!/bin/sh\necho "of the hook" >made\n')
  chmodSync(hook, 0o755)
  const { stdout } = await sandbox.dw(['claim', '--task', 'T', '--base', 'old'], ANNA)
  const text = (path: string) => readFileSync(join(stdout.trimEnd(), path), 'utf8')
  expect([text('.env'), text('made')]).toStrictEqual(['tracked\n', 'of the hook\n'])
})

test('a file that the new branch does not ignore is left out, and named', async ({ sandbox }) => {
  const first = await sandbox.git(['rev-parse', 'HEAD'])
  await prepare(sandbox, { ignore: '.env\n', include: '.env\n', files: ['.env'] })
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T', '--base', first], ANNA)
  expect(status).toBe(0)
  expect(stderr).toContain('.worktreeinclude: left out ".env": not ignored in the new worktree')
  expect(await sandbox.git(['status', '--porcelain'], { cwd: stdout.trimEnd() })).toBe('')
})

test('a repository inside that is listed is left out, and named', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '/vendor/\n', include: 'vendor\n', files: ['vendor/file'] })
  await sandbox.git(['init', '--quiet', 'vendor/nested'])
  sandbox.write('vendor/nested/file', 'x')
  const { stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(added(stdout.trimEnd())).toStrictEqual(['vendor/file'])
  expect(stderr).toContain('.worktreeinclude: left out "vendor/nested/": a repository of its own')
})

test('worktrees inside the main one are not copied into each other', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '/trees/\n.env\n', include: '.env\ntrees/\n', files: ['.env'] })
  await sandbox.git(['config', 'dw.worktreePath', 'trees/{task}'])
  expect(added(await claim(sandbox))).toStrictEqual(['.env'])
  const { stdout } = await sandbox.dw(['claim', '--task', 'U'], ANNA)
  expect(added(stdout.trimEnd())).toStrictEqual(['.env'])
})

test('sockets and fifos are not copied, and nothing waits for them', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '/run/\n', include: 'run/\n', files: ['run/pid'] })
  expect((await sandbox.run('mkfifo', ['run/pipe'])).status).toBe(0)
  expect(added(await claim(sandbox))).toStrictEqual(['run/pid'])
})

test('odd names are copied byte for byte, also those that are not UTF-8', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '/ig/\n', include: 'ig/\n', files: ['ig/a b\n"c"', 'ig/ü', 'ig/-n'] })
  const odd = Buffer.concat([Buffer.from(`${sandbox.repo}/ig/`), Buffer.from([0xff, 0xfe, 0x41])])
  writeFileSync(odd, 'odd')
  const worktree = await claim(sandbox)
  const names = readdirSync(join(worktree, 'ig'), { encoding: 'buffer' }).map((name) => name.toString('hex'))
  const expected = readdirSync(join(sandbox.repo, 'ig'), { encoding: 'buffer' })
  expect(names.sort()).toStrictEqual(expected.map((name) => name.toString('hex')).sort())
  expect(names).toHaveLength(4)
})

test('an empty list, or one of comments, starts no git process, and no list neither', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: '.env\n', files: ['.env'] })
  const counted = new CountedGit(sandbox)
  const without = (await counted.run(['claim', '--task', 'T0'], ANNA)).calls.length
  for (const [at, include] of ['', '\n\n', '# nothing\n#\n'].entries()) {
    sandbox.write('.worktreeinclude', include)
    const { calls, stdout } = await counted.run(['claim', '--task', `T${at + 1}`], ANNA)
    expect(calls.length, calls.join('\n')).toBe(without)
    expect(added(stdout.trimEnd())).toStrictEqual([])
  }
})

test('a bare repository has no main worktree to copy from', async ({ sandbox }) => {
  const bare = join(sandbox.root, 'bare.git')
  await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, bare])
  writeFileSync(join(bare, '.worktreeinclude'), '*\n')
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], { ...ANNA, cwd: bare })
  expect(status, stderr).toBe(0)
  expect(filesOf(stdout.trimEnd())).toStrictEqual(['README.md', 'src/a.ts'])
})

test('20,000 files are copied whole, and told before and after', async ({ sandbox }) => {
  await prepare(sandbox, { ignore: 'node_modules\n', include: 'node_modules\n' })
  const modules = join(sandbox.repo, 'node_modules')
  for (let at = 0; at < 200; at += 1) {
    mkdirSync(join(modules, `p${at}/lib`), { recursive: true })
    for (let file = 0; file < 100; file += 1)
      writeFileSync(join(modules, `p${at}/lib/f${file}`), `${at} ${file}`)
  }
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(status, stderr).toBe(0)
  expect(stderr).toContain('.worktreeinclude: copying 20,000 files\n.worktreeinclude: copied 20,000 files\n')
  const copied = join(stdout.trimEnd(), 'node_modules')
  expect(filesOf(copied)).toStrictEqual(filesOf(modules))
  expect((await sandbox.run('diff', ['-r', modules, copied])).stdout).toBe('')
})

describe('a list that cannot be used takes the claim back', () => {
  test.for([
    ['a symbolic link', 'it is a symbolic link', (list: string) => symlinkSync('README.md', list)],
    ['a dangling link', 'it is a symbolic link', (list: string) => symlinkSync('nowhere', list)],
    ['a directory', 'it is no file', (list: string) => mkdirSync(list)],
  ] as const)('when it is %s', async ([, reason, make], { sandbox }) => {
    make(join(sandbox.repo, '.worktreeinclude'))
    const before = await leftovers(sandbox)
    const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T', '--json'], ANNA)
    expect([status, stdout]).toStrictEqual([128, ''])
    const { error } = JSON.parse(stderr)
    expect(error).toMatchObject({ code: 'DW_COPY', path: join(sandbox.repo, '.worktreeinclude') })
    expect(error.message).toContain(reason)
    expect(await leftovers(sandbox)).toStrictEqual(before)
  })

  test('when this user may not read it, or may not read a file on it', async ({ sandbox }) => {
    await prepare(sandbox, { ignore: '/ig/\n', include: 'ig/\n', files: ['ig/a', 'ig/b', 'ig/c'] })
    const before = await leftovers(sandbox)
    const under = process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--clear-groups'] : []
    if (under.length > 0) await sandbox.run('chown', ['-R', '65534', sandbox.root])
    const attempt = async () => sandbox.run('env', [...under, 'git', 'dw', 'claim', '--task', 'T'], ANNA)

    chmodSync(join(sandbox.repo, '.worktreeinclude'), 0)
    const list = await attempt()
    expect([list.status, list.stdout]).toStrictEqual([128, ''])
    expect(list.stderr).toMatch(/\.worktreeinclude" cannot be used: permission denied/)

    chmodSync(join(sandbox.repo, '.worktreeinclude'), 0o644)
    chmodSync(join(sandbox.repo, 'ig/b'), 0)
    const file = await attempt()
    expect([file.status, file.stdout]).toStrictEqual([128, ''])
    expect(file.stderr).toContain('"ig/b" cannot be copied to')
    expect(file.stderr).toContain('permission denied')

    if (under.length > 0) await sandbox.run('chown', ['-R', '0', sandbox.root])
    expect(await leftovers(sandbox)).toStrictEqual(before)
    chmodSync(join(sandbox.repo, 'ig/b'), 0o644)
    expect(added(await claim(sandbox))).toStrictEqual(['ig/a', 'ig/b', 'ig/c'])
    expect(existsSync(join(sandbox.home, 'worktrees/repo/T/ig/b'))).toBe(true)
  })
})
