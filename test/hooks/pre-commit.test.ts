import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { CountedHooks } from './counted.ts'
import { ANNA, BEN, type Pushing, QUIET, test } from './pushing.ts'

async function commit(pushing: Pushing, args: readonly string[] = [], who = BEN) {
  return pushing.sandbox.run('git', ['commit', '--quiet', '-m', 'x', ...args], who)
}

describe('a commit of what another holds', () => {
  test('is warned of, refused or let go by dw.preCommit', async ({ pushing }) => {
    const { sandbox } = pushing
    await pushing.dw(['claim', 'src'], ANNA)
    sandbox.write('src/a.ts', 'one\n')
    expect((await commit(pushing, ['-a'])).stderr).toBe('')
    await sandbox.git(['config', 'dw.preCommit', 'warn'])
    sandbox.write('src/a.ts', 'two\n')
    const warned = await commit(pushing, ['-a'])
    expect(warned.stderr).toMatch(/^git dw: warning: "src\/a\.ts": "src" is held by SESS-/m)
    expect(warned.status).toBe(0)
    await sandbox.git(['config', 'dw.preCommit', 'deny'])
    sandbox.write('src/a.ts', 'three\n')
    const denied = await commit(pushing, ['-a'])
    expect(denied.stderr).toMatch(
      /^git dw: the commit is refused: .*\n +"src\/a\.ts": "src" is held by SESS-/m,
    )
    expect(denied.status).toBe(1)
    expect((await commit(pushing, ['-a'], ANNA)).status).toBe(0)
    sandbox.write('src/a.ts', 'four\n')
    expect((await commit(pushing, ['-a'], { ...BEN, env: QUIET } as typeof BEN)).status).toBe(0)
    sandbox.write('src/a.ts', 'five\n')
    const off = ['-c', 'dw.hooks=false', 'commit', '--quiet', '-am', 'x']
    expect((await sandbox.run('git', off, BEN)).status).toBe(0)
    await sandbox.git(['config', 'dw.preCommit', 'perhaps'])
    sandbox.write('src/a.ts', 'six\n')
    const wrong = await commit(pushing, ['-a'])
    expect(wrong.stderr).toContain('dw.preCommit "perhaps" is none of its values')
  })

  test('is judged by what is committed, not by what else is staged or changed', async ({ pushing }) => {
    const { sandbox } = pushing
    await pushing.dw(['claim', 'src'], ANNA)
    await sandbox.git(['config', 'dw.preCommit', 'deny'])
    sandbox.write('src/a.ts', 'staged\n')
    await sandbox.git(['add', 'src/a.ts'])
    sandbox.write('README.md', 'named\n')
    expect((await commit(pushing, ['README.md'])).status).toBe(0)
    expect((await commit(pushing)).status).toBe(1)
    expect((await commit(pushing, ['src/a.ts'])).status).toBe(1)
    await sandbox.git(['reset', '--quiet', '--hard'])
    await sandbox.git(['mv', 'src/a.ts', 'moved.ts'])
    expect((await commit(pushing)).stderr).toContain('"src/a.ts"')
    await sandbox.git(['reset', '--quiet', '--hard'])
    rmSync(join(sandbox.repo, 'src/a.ts'))
    expect((await commit(pushing, ['-a'])).status).toBe(1)
  })

  test('of a merge is judged by what the merge changes itself', async ({ pushing }) => {
    const { sandbox } = pushing
    await sandbox.git(['checkout', '--quiet', '-b', 'side'], { env: QUIET })
    await pushing.commit('src/a.ts', 'theirs\n')
    await sandbox.git(['checkout', '--quiet', 'main'], { env: QUIET })
    await pushing.commit('free.ts', 'ours\n')
    await pushing.dw(['claim', 'src'], ANNA)
    await sandbox.git(['config', 'dw.preCommit', 'deny'])
    await sandbox.git(['merge', '--quiet', '--no-commit', '--no-ff', 'side'])
    sandbox.write('src/a.ts', 'evil\n')
    expect((await commit(pushing, ['-a'])).status).toBe(1)
    await sandbox.git(['checkout', '--quiet', 'side', '--', 'src/a.ts'], { env: QUIET })
    expect((await commit(pushing)).status).toBe(0)
  })

  test('is found in the first commit of a repository, from a subdirectory and a linked worktree', async ({
    pushing,
  }) => {
    const { sandbox } = pushing
    await sandbox.git(['config', '--global', 'dw.preCommit', 'deny'])
    const fresh = join(sandbox.root, 'fresh')
    await sandbox.git(['init', '--quiet', fresh])
    await pushing.dw(['hooks', 'install'], { cwd: fresh })
    await pushing.dw(['claim', 'x'], { ...ANNA, cwd: fresh })
    writeFileSync(join(fresh, 'x'), 'x')
    await sandbox.git(['add', '.'], { cwd: fresh })
    expect((await sandbox.run('git', ['commit', '-m', 'x'], { ...BEN, cwd: fresh })).status).toBe(1)
    await pushing.dw(['claim', 'src'], ANNA)
    const linked = join(sandbox.root, 'linked')
    await sandbox.git(['worktree', 'add', '--quiet', linked])
    writeFileSync(join(linked, 'src/a.ts'), 'x')
    const there = { ...BEN, cwd: join(linked, 'src') }
    expect((await sandbox.run('git', ['commit', '-am', 'x'], there)).stderr).toContain(
      '"src/a.ts": "src" is held',
    )
  })

  test('is found wherever the setting stands, and nothing is started where it stands nowhere', async ({
    pushing,
  }) => {
    const { sandbox } = pushing
    await pushing.dw(['claim', 'src'], ANNA)
    const counted = new CountedHooks(sandbox)
    const off = await counted.script(['sh'], 'pre-commit', [], BEN)
    expect({ git: off.git, node: off.node }).toStrictEqual({ git: [], node: 0 })
    sandbox.write('src/a.ts', 'x\n')
    await sandbox.git(['add', '.'])
    const by = async (args: readonly string[], env: Record<string, string> = {}) =>
      (await sandbox.run('git', [...args, 'commit', '-m', 'x'], { ...BEN, env })).status
    expect(await by(['-c', 'dw.preCommit=deny'])).toBe(1)
    const counts = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'dw.precommit', GIT_CONFIG_VALUE_0: 'deny' }
    expect(await by([], counts)).toBe(1)
    const other = join(sandbox.root, 'other')
    writeFileSync(other, '[DW]\n\tPRECOMMIT = deny\n')
    expect(await by([], { GIT_CONFIG_GLOBAL: other })).toBe(1)
    expect(await by([], { GIT_CONFIG_NOSYSTEM: '0', GIT_CONFIG_SYSTEM: other })).toBe(1)
    // as far down as it may stand
    const long = join(sandbox.root, 'long')
    writeFileSync(long, `${'# a line that sets nothing\n'.repeat(60)}[dw]\n\tpreCommit = deny\n`)
    expect(await by([], { GIT_CONFIG_GLOBAL: long })).toBe(1)
    await sandbox.git(['config', '--global', 'include.path', other])
    expect(await by([])).toBe(1)
    await sandbox.git(['config', '--global', '--unset', 'include.path'])
    await sandbox.git(['config', 'extensions.worktreeConfig', 'true'])
    await sandbox.git(['config', '--worktree', 'dw.preCommit', 'deny'])
    expect(await by([])).toBe(1)
    await sandbox.git(['config', '--worktree', 'dw.preCommit', 'off'])
    expect(await by([])).toBe(0)
  })
})
