import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect } from 'vitest'
import { ANNA, BEN, type Pushing, QUIET, test } from './pushing.ts'

/** Expects that ben's push is refused for what anna holds, and that nothing arrived. */
async function expectRefused(pushing: Pushing, said: RegExp, args?: readonly string[]): Promise<void> {
  const before = await pushing.remoteRefs()
  const outcome = await pushing.push(args)
  expect(outcome.stderr).toMatch(said)
  expect(outcome.status).toBe(1)
  expect(await pushing.remoteRefs()).toStrictEqual(before)
}

async function expectPushed(pushing: Pushing, args?: readonly string[], options = BEN): Promise<void> {
  const outcome = await pushing.push(args, options)
  expect(outcome.stderr).not.toContain('git dw:')
  expect(outcome.status, outcome.stderr).toBe(0)
}

describe('a push', () => {
  test('that adds, changes, deletes or renames what another holds is refused and names each', async ({
    pushing,
  }) => {
    const { sandbox } = pushing
    await pushing.commit('lib/old.ts', 'a file that is long enough to be seen as renamed\n')
    await sandbox.git(['push', '--quiet', '--no-verify', 'origin', 'main'])
    const session = JSON.parse(
      await pushing.dw(['claim', 'src', 'lib', '-m', 'new parser', '--json'], ANNA),
    ).session
    await pushing.commit('free.ts', 'x')
    await expectPushed(pushing)
    await pushing.commit('src/a.ts', 'changed\n')
    await pushing.commit('src/new.ts', 'added\n')
    await expectRefused(
      pushing,
      new RegExp(
        `"src/a.ts", "src/new.ts": "src" is held by ${session} \\(ann@\\S+, claimed .+, last seen .+\\): new parser`,
      ),
    )
    await expectRefused(pushing, /→ see who works on what: git dw locks/)
    await sandbox.git(['reset', '--quiet', '--hard', 'origin/main'], { env: QUIET })
    rmSync(join(sandbox.repo, 'src/a.ts'))
    await pushing.commit('free.ts', 'y')
    await expectRefused(pushing, /"src\/a.ts": "src" is held/)
    await sandbox.git(['reset', '--quiet', '--hard', 'origin/main'], { env: QUIET })
    await sandbox.git(['mv', 'lib/old.ts', 'moved.ts'])
    await pushing.commit('free.ts', 'z')
    await expectRefused(pushing, /"lib\/old.ts": "lib" is held/)
    await sandbox.git(['reset', '--quiet', '--hard', 'origin/main'], { env: QUIET })
    await sandbox.git(['mv', 'README.md', 'lib/README.md'])
    await pushing.commit('free.ts', 'z')
    await expectRefused(pushing, /"lib\/README.md": "lib" is held/)
    await expectPushed(pushing, ['origin', 'HEAD'], ANNA)
  })

  test('of a merge is judged by what the merge changed itself', async ({ pushing }) => {
    const { sandbox } = pushing
    await sandbox.git(['checkout', '--quiet', '-b', 'side'], { env: QUIET })
    await pushing.commit('src/a.ts', 'by anna\n')
    await sandbox.git(['push', '--quiet', '--no-verify', 'origin', 'side'])
    await pushing.dw(['claim', 'src'], ANNA)
    await sandbox.git(['checkout', '--quiet', 'main'], { env: QUIET })
    await pushing.commit('free.ts', 'x')
    // anna's commit is on the remote: merging it changes nothing of hers
    await sandbox.git(['merge', '--quiet', '--no-ff', '-m', 'merge', 'side'], { env: QUIET })
    await expectPushed(pushing)
    await sandbox.git(['checkout', '--quiet', 'side'], { env: QUIET })
    await pushing.commit('b.ts', 'x')
    await sandbox.git(['push', '--quiet', '--no-verify', 'origin', 'side'])
    await sandbox.git(['checkout', '--quiet', 'main'], { env: QUIET })
    await pushing.commit('free.ts', 'y')
    await sandbox.git(['merge', '--quiet', '--no-ff', '--no-commit', 'side'], { env: QUIET })
    await pushing.commit('src/a.ts', 'an evil merge\n')
    await expectRefused(pushing, /"src\/a.ts": "src" is held/)
  })

  test('to the branch of a task that another holds is refused, new, forced and deleted', async ({
    pushing,
  }) => {
    const worktree = await pushing.dw(['claim', '--task', 'T', '-m', 'login'], ANNA)
    const said = /branch "feature\/T": "task:remote\/T" is held by SESS-/
    await expectRefused(pushing, said, ['origin', 'main:feature/T'])
    await pushing.commit('t.ts', 'x', worktree)
    expect((await pushing.push(['origin', 'HEAD'], { ...ANNA, cwd: worktree } as typeof BEN)).status).toBe(0)
    await expectRefused(pushing, said, ['--force', 'origin', 'main:feature/T'])
    await expectRefused(pushing, said, ['origin', ':feature/T'])
    await pushing.commit('free.ts', 'x')
    await expectRefused(pushing, said, ['origin', 'main', '+main:feature/T', 'main:other'])
    await expectPushed(pushing, ['origin', 'main', 'main:other'])
    await expectPushed(pushing, ['origin', ':other'])
  })

  test('of refs/dw by hand is refused and names what to do, even where nobody holds anything', async ({
    pushing,
  }) => {
    await pushing.dw(['new'], ANNA)
    const said = /"refs\/dw\/\S+".*refs under refs\/dw are pushed by git dw alone\n.*git dw sync/
    await expectRefused(pushing, said, ['origin', 'refs/dw/*:refs/dw/*'])
    await expectRefused(pushing, said, ['--mirror', 'origin'])
    await expectRefused(pushing, said, ['origin', 'HEAD:refs/dw/locks/path/x'])
    const named = ['origin', 'HEAD^{/first}:refs/heads/named']
    await expectPushed(pushing, named)
    // our own pushes run no hooks
    expect((await pushing.push(['--no-verify', 'origin', 'refs/dw/*:refs/dw/*'])).status).toBe(0)
    await expectRefused(pushing, said, ['origin', ':refs/dw/meta'])
  })

  test('of a tag is judged by the commits that it brings', async ({ pushing }) => {
    const { sandbox } = pushing
    await pushing.dw(['claim', 'src'], ANNA)
    await sandbox.git(['tag', '-a', '-m', 'old', 'old'])
    await sandbox.git(['tag', 'tree', 'HEAD^{tree}'])
    await expectPushed(pushing, ['origin', 'old', 'tree'])
    await pushing.commit('src/a.ts', 'changed\n')
    await sandbox.git(['tag', '-a', '-m', 'new', 'new'])
    await expectRefused(pushing, /"src\/a.ts"/, ['origin', 'new'])
  })

  test('to an empty remote, or one known by URL alone, brings the whole history', async ({ pushing }) => {
    const { sandbox } = pushing
    await pushing.dw(['claim', 'docs'], ANNA)
    const empty = join(sandbox.root, 'empty.git')
    await sandbox.git(['init', '--quiet', '--bare', empty])
    await expectPushed(pushing, [empty, 'main'])
    await pushing.dw(['claim', 'src/a.ts'], ANNA)
    await expectRefused(pushing, /"src\/a.ts" is held/, [empty, 'main:again'])
    // what the remote's branch has already needs no second look
    await pushing.commit('free.ts', 'x')
    await expectPushed(pushing, [empty, 'main'])
    // the URL of a remote is that remote
    await expectPushed(pushing, [pushing.remote, 'main'])
  })

  test('passes when the lock has expired, was released, or is switched off', async ({ pushing }) => {
    const { sandbox } = pushing
    await pushing.dw(['claim', 'src', '--ttl', '30m'], ANNA)
    await pushing.commit('src/a.ts', 'changed\n')
    await expectRefused(pushing, /is held/, ['origin', 'main:one'])
    expect((await pushing.push(['origin', 'main:off'], { ...BEN, env: QUIET } as typeof BEN)).status).toBe(0)
    expect(
      (await sandbox.run('git', ['-c', 'dw.hooks=false', 'push', 'origin', 'main:off2'], BEN)).status,
    ).toBe(0)
    const later = { ...BEN, env: { DW_TEST_CLOCK: '+31m' } }
    await expectPushed(pushing, ['origin', 'main:two'], later as typeof BEN)
    await pushing.commit('src/a.ts', 'changed again\n')
    await expectRefused(pushing, /is held/, ['origin', 'main:three'])
    await pushing.dw(['release', 'src'], ANNA)
    await expectPushed(pushing, ['origin', 'main:three'])
  })

  test('is refused by a lock on its line that cannot be read, and by no other', async ({ pushing }) => {
    const { sandbox } = pushing
    const blob = await sandbox.git(['hash-object', '-w', '--stdin'], { input: '{"v":1}\n' })
    await sandbox.git(['update-ref', 'refs/dw/locks/path/src', blob])
    await pushing.commit('free.ts', 'x')
    await expectPushed(pushing)
    await pushing.commit('src/a.ts', 'changed\n')
    const outcome = await pushing.push()
    expect(outcome.stderr).toContain('the record at "refs/dw/locks/path/src"')
    expect(outcome.status).toBe(1)
  })

  test('is refused by a lock on its line of which only a damaged file is left, and by no other', async ({
    pushing,
  }) => {
    const { sandbox } = pushing
    // as a crash may leave it: git does not list such a ref
    const lock = join(sandbox.repo, '.git/refs/dw/locks/path/src')
    mkdirSync(dirname(lock), { recursive: true })
    writeFileSync(lock, '')
    await pushing.commit('free.ts', 'x')
    await pushing.commit('src/a.ts', 'changed\n')
    const said = /the record at "refs\/dw\/locks\/path\/src" cannot be read/
    await expectRefused(pushing, said)
    // beside a sound lock of another, too
    await pushing.dw(['claim', 'elsewhere'], ANNA)
    await expectRefused(pushing, said)
    await expectPushed(pushing, ['origin', 'HEAD~1:refs/heads/free'])
  })

  test('that could not be checked to the end is said, or refused by dw.prePushOffline', async ({
    pushing,
  }) => {
    const { sandbox } = pushing
    await pushing.dw(['claim', 'src'], ANNA)
    await pushing.commit('free.ts', 'x')
    await pushing.commit('free.ts', 'y')
    // a tree that is missing, as in a partial clone
    const tree = await sandbox.git(['rev-parse', 'HEAD~1^{tree}'])
    rmSync(join(sandbox.repo, '.git/objects', tree.slice(0, 2), tree.slice(2)))
    const denied = await sandbox.run('git', ['-c', 'dw.prePushOffline=deny', 'push', 'origin', 'HEAD'], BEN)
    expect(denied.stderr).toContain('dw.prePushOffline is deny')
    expect(denied.status).toBe(1)
    const warned = await pushing.push()
    expect(warned.stderr).toContain('the push is checked by what is known here')
  })
})
