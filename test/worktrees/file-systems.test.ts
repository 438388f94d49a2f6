import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, type TestContext } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { leftovers } from '../process/interrupts.ts'

const ANNA = { agent: 'anna' }

/** Ignored files of `bytes` bytes together, on the list of what is copied. */
async function addIgnored(sandbox: Sandbox, bytes: number): Promise<void> {
  sandbox.write('.gitignore', '/ig/\n')
  await sandbox.git(['add', '.gitignore'])
  await sandbox.git(['commit', '--quiet', '-m', 'ignore'])
  sandbox.write('.worktreeinclude', 'ig/\n')
  for (const name of ['a', 'b', 'c', 'd']) sandbox.write(`ig/${name}`, 'x'.repeat(bytes / 4))
}

/** A small file system of its own; the tests that need one run as root. */
function mountTiny(sandbox: Sandbox, size: string, onTestFinished: TestContext['onTestFinished']): string {
  const mount = join(sandbox.root, 'tiny')
  mkdirSync(mount)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', mount])
  onTestFinished(() => void execFileSync('umount', [mount]))
  return mount
}

test('a worktree on another file system than the repository gets everything', async ({
  sandbox,
  onTestFinished,
}) => {
  const place = mkdtempSync('/dev/shm/git-dw-test-')
  onTestFinished(() => rmSync(place, { recursive: true }))
  expect(statSync(place).dev).not.toBe(statSync(sandbox.repo).dev)
  await addIgnored(sandbox, 400)
  await sandbox.git(['config', 'dw.worktreePath', join(place, '{project}/{task}')])
  await sandbox.git(['config', 'dw.postCreate', 'pwd >ig/where'])
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect(status, stderr).toBe(0)
  const worktree = join(place, 'repo/T')
  expect(stdout).toBe(`${worktree}\n`)
  expect(readdirSync(join(worktree, 'ig'))).toStrictEqual(['a', 'b', 'c', 'd', 'where'])
  expect(readFileSync(join(worktree, 'ig/d'), 'utf8')).toBe('x'.repeat(100))
  expect(await sandbox.git(['status', '--porcelain'], { cwd: worktree })).toBe('')
  expect((await sandbox.dw(['status'], { cwd: worktree })).stdout).toContain('this worktree was made for it')
})

test('a disk that is full while files are copied: the file is named, and nothing is left', async ({
  sandbox,
  onTestFinished,
}) => {
  const mount = mountTiny(sandbox, '1m', onTestFinished)
  await addIgnored(sandbox, 4_000_000)
  await sandbox.git(['config', 'dw.worktreePath', join(mount, '{task}')])
  const before = await leftovers(sandbox)
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T', '--json'], ANNA)
  expect([status, stdout]).toStrictEqual([128, ''])
  const { error } = JSON.parse(stderr)
  expect(error).toMatchObject({ code: 'DW_COPY', path: expect.stringMatching(/^ig\/[abcd]$/) })
  expect(error.message).toMatch(/^"ig\/[abcd]" cannot be copied to ".*\/tiny\/T": no space left on device$/)
  expect(readdirSync(mount)).toStrictEqual([])
  expect(await leftovers(sandbox)).toStrictEqual(before)
  rmSync(join(sandbox.repo, 'ig'), { recursive: true })
  expect((await sandbox.dw(['claim', '--task', 'T'], ANNA)).status).toBe(0)
  await sandbox.git(['worktree', 'remove', join(mount, 'T')])
})

test('a disk that is full while git makes the worktree: nothing is left', async ({
  sandbox,
  onTestFinished,
}) => {
  sandbox.write('large', 'x'.repeat(4_000_000))
  await sandbox.git(['add', 'large'])
  await sandbox.git(['commit', '--quiet', '-m', 'large'])
  const mount = mountTiny(sandbox, '1m', onTestFinished)
  await sandbox.git(['config', 'dw.worktreePath', join(mount, '{task}')])
  const before = await leftovers(sandbox)
  const { status, stdout, stderr } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect([status, stdout], stderr).toStrictEqual([128, ''])
  expect(existsSync(join(mount, 'T'))).toBe(false)
  expect(await leftovers(sandbox)).toStrictEqual(before)
})

test('a postCreate that meets a full disk keeps what is there', async ({ sandbox, onTestFinished }) => {
  const mount = mountTiny(sandbox, '1m', onTestFinished)
  await sandbox.git(['config', 'dw.worktreePath', join(mount, '{task}')])
  writeFileSync(join(sandbox.home, 'large'), 'x'.repeat(4_000_000))
  await sandbox.git(['config', 'dw.postCreate', 'cp "$HOME/large" .'])
  const { status, stdout } = await sandbox.dw(['claim', '--task', 'T'], ANNA)
  expect([status, stdout]).toStrictEqual([1, `${join(mount, 'T')}\n`])
})
