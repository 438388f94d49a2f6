import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { imageOf } from './worktree-image.ts'

const ANNA = { agent: 'anna' }

interface Work {
  readonly name: string
  /** Does it in the worktree at `path`. */
  readonly work: (sandbox: Sandbox, path: string) => Promise<unknown>
  /** What a removal without --force says of it. */
  readonly code: string
}

const git = (sandbox: Sandbox, path: string, ...args: string[]) => sandbox.run('git', args, { cwd: path })

/** Two branches that cannot be merged without a conflict; the worktree is on the first. */
async function conflict(sandbox: Sandbox, path: string): Promise<void> {
  writeFileSync(join(path, 'README.md'), 'ours\n')
  await git(sandbox, path, 'commit', '-qam', 'ours')
  await git(sandbox, path, 'branch', 'theirs', 'HEAD~1')
  await git(sandbox, path, 'checkout', '-q', 'theirs')
  writeFileSync(join(path, 'README.md'), 'theirs\n')
  await git(sandbox, path, 'commit', '-qam', 'theirs')
  await git(sandbox, path, 'checkout', '-q', '-')
}

const WORKS: readonly Work[] = [
  {
    name: 'a changed file',
    work: async (_, path) => writeFileSync(join(path, 'README.md'), 'changed\r\n\0bytes'),
    code: 'DW_DIRTY',
  },
  {
    name: 'untracked files with odd names',
    work: async (_, path) => {
      mkdirSync(join(path, 'new/deep'), { recursive: true })
      for (const name of [
        'new/deep/file',
        '"quoted"',
        "it's",
        'new\nline',
        '-dash',
        'ümläut',
        'tab\t',
        ' space ',
      ])
        writeFileSync(join(path, name), `content of ${name}`)
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'a staged rename, with a further change',
    work: async (sandbox, path) => {
      await git(sandbox, path, 'mv', 'README.md', 'READ.me')
      writeFileSync(join(path, 'READ.me'), '# readme\nmore\n')
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'a file that is staged one way and lies there in another',
    work: async (sandbox, path) => {
      writeFileSync(join(path, 'README.md'), 'staged\n')
      await git(sandbox, path, 'add', 'README.md')
      writeFileSync(join(path, 'README.md'), 'worked on\n')
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'deleted files, one of them staged as deleted, one staged as deleted but there',
    work: async (sandbox, path) => {
      rmSync(join(path, 'README.md'))
      await git(sandbox, path, 'rm', '-q', '--cached', 'src/a.ts')
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'a changed mode, and modes that git does not know',
    work: async (_, path) => {
      chmodSync(join(path, 'README.md'), 0o755)
      writeFileSync(join(path, 'secret'), 'x', { mode: 0o600 })
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'a conflict in the middle of a merge',
    work: async (sandbox, path) => {
      await conflict(sandbox, path)
      expect((await git(sandbox, path, 'merge', '-q', 'theirs')).status).toBe(1)
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'a rebase that stopped',
    work: async (sandbox, path) => {
      await conflict(sandbox, path)
      expect((await git(sandbox, path, 'rebase', '-q', 'theirs')).status).toBe(1)
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'commits on no branch',
    work: async (sandbox, path) => {
      await git(sandbox, path, 'checkout', '-q', '--detach')
      writeFileSync(join(path, 'README.md'), 'only here\n')
      await git(sandbox, path, 'commit', '-qam', 'only here')
    },
    code: 'DW_DETACHED',
  },
  {
    name: 'a branch without a commit',
    work: async (sandbox, path) => {
      await git(sandbox, path, 'checkout', '-q', '--orphan', 'fresh')
      writeFileSync(join(path, 'more'), 'more\n')
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'a path that is only intended to be added',
    work: async (sandbox, path) => {
      writeFileSync(join(path, 'soon'), 'soon\n')
      await git(sandbox, path, 'add', '--intent-to-add', 'soon')
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'a file that git was told not to look at',
    work: async (sandbox, path) => {
      await git(sandbox, path, 'update-index', '--assume-unchanged', 'README.md')
      await git(sandbox, path, 'update-index', '--skip-worktree', 'src/a.ts')
      writeFileSync(join(path, 'README.md'), 'hidden change\n')
      writeFileSync(join(path, 'src/a.ts'), 'hidden, too\n')
    },
    code: 'DW_DIRTY',
  },
  {
    name: 'a link that became a directory, and a file that became a link',
    work: async (sandbox, path) => {
      symlinkSync('src', join(path, 'link'))
      await git(sandbox, path, 'add', 'link')
      await git(sandbox, path, 'commit', '-qm', 'link')
      rmSync(join(path, 'link'))
      mkdirSync(join(path, 'link'))
      writeFileSync(join(path, 'link/inside'), 'x')
      rmSync(join(path, 'README.md'))
      symlinkSync('nowhere', join(path, 'README.md'))
    },
    code: 'DW_DIRTY',
  },
]

describe.each(WORKS)('$name', ({ name, work, code }) => {
  test('stops a removal, is kept by one with --force, and comes back byte for byte', async ({
    sandbox,
    transcript,
  }) => {
    const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
    await work(sandbox, worktree.path)
    const before = await imageOf(sandbox, worktree.path)

    const refused = await sandbox.dw(['worktree', 'remove', 'T', '--json'], ANNA)
    expect(JSON.parse(refused.stderr).error.code).toBe(code)
    expect(refused.status).toBe(1)
    await transcript.run('git dw worktree remove T', ANNA)
    await transcript.matches(`removal/${name.replaceAll(/[^a-z]+/gi, '-')}`)
    expect(await imageOf(sandbox, worktree.path)).toStrictEqual(before)

    const removed = await sandbox.json(['worktree', 'remove', '--force', 'T'], ANNA)
    expect(existsSync(worktree.path)).toBe(false)
    expect(await sandbox.git(['worktree', 'list', '--porcelain'])).not.toContain(worktree.path)
    expect(removed.rescue).toMatch(/^t-/)
    await sandbox.git(['gc', '-q', '--prune=now'])

    const restored = await sandbox.dw(['rescue', 'restore', removed.rescue], ANNA)
    expect(restored.stderr).toMatch(/^restored /)
    expect(restored.stdout).toBe(`${worktree.path}\n`)
    expect(await imageOf(sandbox, worktree.path)).toStrictEqual(before)
    expect(await sandbox.git(['fsck', '--no-dangling', '--no-progress'])).toBe('')
  })
})

test('a merge that was under way can be finished after it was restored', async ({ sandbox }) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  await conflict(sandbox, worktree.path)
  await git(sandbox, worktree.path, 'merge', '-q', 'theirs')
  const { rescue } = await sandbox.json(['worktree', 'remove', '--force', 'T'], ANNA)
  await sandbox.dw(['rescue', 'restore', rescue], ANNA)
  writeFileSync(join(worktree.path, 'README.md'), 'both\n')
  await git(sandbox, worktree.path, 'commit', '-qam', 'merged')
  expect(await sandbox.git(['rev-list', '--parents', '-1', 'HEAD'], { cwd: worktree.path })).toMatch(
    /^\S+ \S+ \S+$/,
  )
})

test('small ignored files are kept without --force, large ignored directories are named', async ({
  sandbox,
  transcript,
}) => {
  sandbox.write('.gitignore', '.env\nnode_modules/\n')
  await sandbox.git(['add', '.gitignore'])
  await sandbox.git(['commit', '-qm', 'ignore'])
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  writeFileSync(join(worktree.path, '.env'), 'KEY=1\n', { mode: 0o600 })
  mkdirSync(join(worktree.path, 'node_modules/p'), { recursive: true })
  for (let at = 0; at < 300; at += 1) writeFileSync(join(worktree.path, `node_modules/p/${at}`), 'x')
  const outcome = await transcript.run('git dw worktree remove T --json', ANNA)
  await transcript.matches('removal/ignored-files')
  const removed = JSON.parse(outcome.stdout)
  expect(removed.ignored).toStrictEqual(['node_modules/'])
  await sandbox.dw(['rescue', 'restore', removed.rescue], ANNA)
  const { files } = await imageOf(sandbox, worktree.path)
  expect(files['.env']).toBe(`600 ${Buffer.from('KEY=1\n').toString('base64')}`)
  expect(Object.keys(files).filter((path) => path.startsWith('node_modules'))).toStrictEqual([])
})

test('a rescue whose branch has moved since comes back detached, and says why', async ({ sandbox }) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  writeFileSync(join(worktree.path, 'draft'), 'x')
  const { rescue } = await sandbox.json(['worktree', 'remove', '--force', 'T'], ANNA)
  await sandbox.git(['commit', '-q', '--allow-empty', '-m', 'more'])
  await sandbox.git(['branch', '-f', 'feature/T', 'main'])
  const elsewhere = join(sandbox.root, 'else where')
  const outcome = await sandbox.dw(['rescue', 'restore', rescue, '--path', elsewhere], ANNA)
  expect(outcome.stderr).toContain('HEAD is detached: its branch "feature/T" has moved since')
  expect(outcome.stdout).toBe(`${elsewhere}\n`)
  expect((await imageOf(sandbox, elsewhere)).files['draft']).toBeDefined()
})

test('a rescue is listed, restored nowhere that is taken, and dropped for good', async ({
  sandbox,
  transcript,
}) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  writeFileSync(join(worktree.path, 'draft'), 'x')
  await transcript.run('git dw worktree remove T', ANNA)
  await transcript.run('git dw worktree remove T --force', ANNA)
  await transcript.run('git dw rescue list', ANNA)
  mkdirSync(worktree.path, { recursive: true })
  writeFileSync(join(worktree.path, 'mine'), 'x')
  await transcript.run('git dw rescue restore t', ANNA)
  await transcript.run('git dw rescue restore nothing', ANNA)
  await transcript.run('git dw rescue drop t', ANNA)
  await transcript.run('git dw rescue list', ANNA)
  await transcript.matches('rescue')
})

test('what was staged in a worktree whose directory was deleted is kept with --force', async ({
  sandbox,
  transcript,
}) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  writeFileSync(join(worktree.path, 'README.md'), 'staged\n')
  await git(sandbox, worktree.path, 'add', 'README.md')
  rmSync(worktree.path, { recursive: true })
  const refused = await transcript.run('git dw worktree remove T', ANNA)
  await transcript.matches('removal/a-directory-that-was-deleted')
  expect(refused.status).toBe(1)
  const removed = await sandbox.json(['worktree', 'remove', '--force', 'T'], ANNA)
  await sandbox.dw(['rescue', 'restore', removed.rescue], ANNA)
  expect(await sandbox.git(['show', ':README.md'], { cwd: worktree.path })).toBe('staged')
})

test('a worktree that was moved by hand and is clean loses only its record, and repairs', async ({
  sandbox,
  transcript,
}) => {
  const { worktree } = await sandbox.json(['claim', '--task', 'T'], ANNA)
  writeFileSync(join(worktree.path, 'draft'), 'x')
  const moved = join(sandbox.root, 'moved')
  renameSync(worktree.path, moved)
  expect((await transcript.run('git dw worktree remove T', ANNA)).status).toBe(0)
  await transcript.matches('removal/a-directory-that-was-moved')
  expect(existsSync(join(moved, 'draft'))).toBe(true)
})
