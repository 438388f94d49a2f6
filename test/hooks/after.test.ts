import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import type { RunOptions } from '../harness/sandbox.ts'
import { ANNA, BEN, type Pushing, QUIET, test, waitFor } from './pushing.ts'

/** What git and its hooks say on stderr. */
async function said(pushing: Pushing, args: readonly string[], options: RunOptions = BEN): Promise<string> {
  const outcome = await pushing.sandbox.run('git', args, options)
  expect(outcome.status, outcome.stderr).toBe(0)
  return outcome.stderr
}

const HELD =
  /^git dw: branch "feature\/T" is held by SESS-\w+ \(ann@\S+, claimed .*\): login; see git dw locks$/m

/** Anna's task has its branch checked out here, and no worktree any more. */
async function onAnnasBranch(pushing: Pushing): Promise<void> {
  const worktree = await pushing.dw(['claim', '--task', 'T', '-m', 'login'], ANNA)
  await pushing.sandbox.git(['worktree', 'remove', worktree])
}

describe('after a checkout, commit, merge or amend', () => {
  test('one line says that the branch is another session’s', async ({ pushing }) => {
    const { sandbox } = pushing
    await onAnnasBranch(pushing)
    expect(await said(pushing, ['checkout', '--quiet', 'feature/T'])).toMatch(HELD)
    expect((await said(pushing, ['commit', '--allow-empty', '-m', 'x'])).trim().split('\n')).toHaveLength(1)
    expect(await said(pushing, ['commit', '--allow-empty', '--amend', '-m', 'x'])).toMatch(HELD)
    await sandbox.git(['branch', 'other', 'main'])
    await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'theirs'], { env: QUIET })
    expect(await said(pushing, ['merge', '--no-ff', '-m', 'merge', 'feature/T~1'], BEN)).toBe('')
    await sandbox.git(['checkout', '--quiet', 'other'], { env: QUIET })
    await pushing.commit('o.ts', 'o')
    await sandbox.git(['checkout', '--quiet', 'feature/T'], { env: QUIET })
    expect(await said(pushing, ['merge', '--quiet', '-m', 'merge', 'other'])).toMatch(HELD)
    // not to its holder, not of files, not when it is off, and not of an expired lock
    expect(await said(pushing, ['commit', '--allow-empty', '-m', 'x'], ANNA)).toBe('')
    expect(await said(pushing, ['checkout', '--', 'README.md'])).toBe('')
    expect(await said(pushing, ['-c', 'dw.hooks=false', 'commit', '--allow-empty', '-m', 'x'])).toBe('')
    const later = { ...BEN, env: { DW_TEST_CLOCK: '+3h' } }
    expect(await said(pushing, ['commit', '--allow-empty', '-m', 'x'], later)).toBe('')
  })

  test('one line says that the worktree, or the whole repository, is another session’s', async ({
    pushing,
  }) => {
    const { sandbox } = pushing
    const worktree = await pushing.dw(['claim', '--task', 'T', '-m', 'login'], ANNA)
    await sandbox.git(['checkout', '--quiet', '-b', 'mine'], { cwd: worktree, env: QUIET })
    const there = { ...BEN, cwd: worktree }
    expect(await said(pushing, ['commit', '--allow-empty', '-m', 'x'], there)).toMatch(
      /^git dw: this worktree belongs to SESS-\w+ \(ann@\S+, since .*\), for task:remote\/T: see git dw status$/m,
    )
    expect(await said(pushing, ['commit', '--allow-empty', '-m', 'x'], { ...ANNA, cwd: worktree })).toBe('')
    // a person without a session acts for the worktree's
    expect(await said(pushing, ['commit', '--allow-empty', '-m', 'x'], { cwd: worktree })).toBe('')
    await pushing.dw(['claim', '.'], { agent: 'cleo' })
    expect(await said(pushing, ['commit', '--allow-empty', '-m', 'x'])).toMatch(
      /the whole repository is held by SESS-/,
    )
    await pushing.dw(['end', '--force'], ANNA)
    await pushing.dw(['end'], { agent: 'cleo' })
    expect(await said(pushing, ['commit', '--allow-empty', '-m', 'x'], there)).toBe('')
  })

  test('nothing is said during rebase, cherry-pick and bisect, and by worktree add', async ({ pushing }) => {
    const { sandbox } = pushing
    await onAnnasBranch(pushing)
    await sandbox.git(['checkout', '--quiet', 'feature/T'], { env: QUIET })
    for (const name of ['a', 'b', 'c']) await pushing.commit(name, name)
    const start = await sandbox.git(['rev-parse', 'HEAD'])
    expect(await said(pushing, ['rebase', '--quiet', '--force-rebase', 'HEAD~2'])).toBe('')
    await sandbox.git(['reset', '--quiet', '--hard', 'HEAD~2'], { env: QUIET })
    expect(await said(pushing, ['cherry-pick', `${start}~1`, start])).toBe('')
    await sandbox.git(['bisect', 'start', 'HEAD', 'HEAD~3'], { env: QUIET })
    expect(await said(pushing, ['bisect', 'good'])).not.toContain('git dw')
    await sandbox.git(['bisect', 'reset'], { env: QUIET })
    await sandbox.git(['checkout', '--quiet', 'main'], { env: QUIET })
    expect(await said(pushing, ['worktree', 'add', '--quiet', join(sandbox.root, 'w'), 'feature/T'])).toBe('')
    expect(await said(pushing, ['clone', '--quiet', sandbox.repo, join(sandbox.root, 'c')])).toBe('')
  })

  test('a branch with a quote in its name is told like any other', async ({ pushing }) => {
    await pushing.dw(['claim', '--task', 'T', '--branch', `it's"x`, '-m', 'login'], ANNA)
    await pushing.sandbox.git(['worktree', 'remove', join(pushing.sandbox.home, 'worktrees/remote/T')])
    expect(await said(pushing, ['checkout', '--quiet', `it's"x`])).toContain(
      `branch "it's"x" is held by SESS-`,
    )
  })

  test('a branch is found where HEAD is in no file, as in a reftable repository', async ({ pushing }) => {
    const { sandbox } = pushing
    await onAnnasBranch(pushing)
    await sandbox.git(['checkout', '--quiet', 'feature/T'], { env: QUIET })
    // what reftable leaves in the place of HEAD, and a git that looks for it elsewhere
    const stub = join(sandbox.root, 'stub')
    const programs = join(sandbox.root, 'programs')
    for (const directory of [stub, programs]) mkdirSync(directory)
    writeFileSync(join(stub, 'HEAD'), 'ref: refs/heads/.invalid\n')
    symlinkSync(join(sandbox.repo, '.git/dw'), join(stub, 'dw'))
    const git = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
    const mode = { mode: 0o755 }
    const root = `printf '*HEAD %s\\n' "$('${git}' symbolic-ref HEAD)"`
    const rest = 'for a; do shift; [ "$a" = --include-root-refs ] || set -- "$@" "$a"; done'
    writeFileSync(
      join(programs, 'git'),
      `#!/bin/sh\nunset GIT_DIR\n${root}\n${rest}\nexec '${git}' "$@"\n`,
      mode,
    )
    writeFileSync(join(programs, 'node'), '#!/bin/sh\necho "node $*" >&2\n', mode)
    const env = { GIT_DIR: stub, PATH: `${programs}:/usr/bin:/bin`, DW_BUILD: 'node' }
    const hook = join(import.meta.dirname, '../../hooks/post-commit')
    const started = async (agent: string) => (await sandbox.run('sh', [hook], { agent, env })).stderr
    expect(await started('ben')).toMatch(/^node .* hook after -- post-commit\n$/)
    expect(await started('anna')).toBe('')
    await sandbox.git(['checkout', '--quiet', 'main'], { env: QUIET })
    expect(await started('ben')).toBe('')
  })

  test('a commit keeps the session alive when a heartbeat is due, and nothing else does', async ({
    pushing,
  }) => {
    const { sandbox } = pushing
    const { session } = JSON.parse(await pushing.dw(['claim', 'src', '--json'], ANNA))
    const record = () => sandbox.record(`refs/dw/active/${session.toLowerCase()}`)
    const before = await record()
    await sandbox.git(['commit', '--allow-empty', '-m', 'fresh'], ANNA)
    const later = { ...ANNA, env: { DW_TEST_CLOCK: '+20m' } }
    const beat = join(sandbox.repo, '.git/dw/beats', `${session.toLowerCase()}.json`)
    const due = JSON.parse(readFileSync(beat, 'utf8')).due
    // the file's own time is when it is due
    const { stdout } = await sandbox.run('stat', ['-c', '%Y', beat])
    expect(Math.abs(Number(stdout) * 1000 - due)).toBeLessThan(2000)
    await sandbox.run('touch', ['-d', '2001-01-01', beat])
    await sandbox.git(['-c', 'dw.hooks=false', 'commit', '--allow-empty', '-m', 'off'], later)
    expect(await record()).toStrictEqual(before)
    await sandbox.git(['commit', '--allow-empty', '-m', 'due'], later)
    await waitFor(
      async () => Date.parse((await record()).lastActivity) > Date.parse(before.lastActivity) + 600_000,
    )
  })

  test('git goes on when the program hangs, fails or is gone', async ({ pushing }) => {
    const { sandbox } = pushing
    await onAnnasBranch(pushing)
    const slow = join(sandbox.root, 'slow')
    const marker = join(sandbox.root, 'started')
    writeFileSync(join(sandbox.root, 'node'), `#!/bin/sh\n: >'${marker}'\nexec sleep 300\n`, { mode: 0o755 })
    const path = `${sandbox.root}:/usr/bin:/bin`
    const env = { PATH: path, SLOW: slow, DW_BUILD: 'node' }
    const hung = await sandbox.run('git', ['checkout', '--quiet', 'feature/T'], { ...BEN, env })
    expect(hung.status).toBe(0)
    expect(existsSync(marker)).toBe(true)
    writeFileSync(join(sandbox.root, 'node'), '#!/bin/sh\nexit 70\n')
    chmodSync(join(sandbox.root, 'node'), 0o755)
    const failed = await sandbox.run('git', ['commit', '--quiet', '--allow-empty', '-m', 'x'], {
      ...BEN,
      env,
    })
    expect({ status: failed.status, stderr: failed.stderr }).toStrictEqual({ status: 0, stderr: '' })
  })
})
