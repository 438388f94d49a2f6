import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HOOK_NAMES } from '../../src/domain/hook-name.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { NEWER_GIT } from '../store/repositories.ts'
import { ANNA, BEN, Pushing, QUIET } from './pushing.ts'

describe.skipIf(NEWER_GIT === undefined).each(['reftable', 'files'])(
  'the hooks with a newer git (DW_TEST_GIT), refs in %s',
  (format) => {
    let pushing: Pushing
    let sandbox: Sandbox

    beforeAll(async () => {
      sandbox = await Sandbox.create({
        init: [`--ref-format=${format}`],
        ...(NEWER_GIT === undefined ? {} : { gitDirectory: NEWER_GIT }),
      })
      pushing = await Pushing.create({ sandbox })
      await pushing.dw(['claim', 'src'], ANNA)
      const worktree = await pushing.dw(['claim', '--task', 'T', '-m', 'login'], ANNA)
      await sandbox.git(['worktree', 'remove', worktree], { env: QUIET })
    })
    afterAll(() => sandbox.dispose())

    test('are settings, which git itself lists for their events', async () => {
      expect(
        (await sandbox.json(['hooks', 'status'])).items.map(({ path }: { path: string }) => path),
      ).toStrictEqual(HOOK_NAMES.map((name) => `hook.dw-${name}.command`))
      for (const name of HOOK_NAMES) {
        expect(await sandbox.git(['hook', 'list', name])).toContain(`dw-${name}`)
      }
    })

    test('a push of what another holds is refused, one of what is free arrives, and a hook that is there runs too', async () => {
      const out = join(sandbox.root, 'out')
      writeFileSync(join(sandbox.repo, '.git/hooks/pre-push'), `#!/bin/sh\ncat >'${out}'\n`, { mode: 0o755 })
      await pushing.commit('free.ts', 'x')
      expect((await pushing.push()).status).toBe(0)
      expect((await sandbox.run('cat', [out])).stdout).toMatch(/^HEAD [0-9a-f]{40} refs\/heads\/main /)
      await pushing.commit('src/a.ts', 'changed\n')
      const refused = await pushing.push()
      expect(refused.stderr).toContain('"src/a.ts": "src" is held by SESS-')
      expect(refused.status).toBe(1)
      expect((await pushing.push(['origin', 'HEAD'], ANNA)).status).toBe(0)
      const own = await pushing.push(['origin', 'refs/dw/*:refs/dw/*'])
      expect(own.stderr).toContain('refs under refs/dw are pushed by git dw alone')
    })

    test('a checkout and a commit say whose branch it is, and a commit is refused by dw.preCommit', async () => {
      const held = /branch "feature\/T" is held by SESS-/
      const run = async (args: readonly string[], who = BEN) => sandbox.run('git', args, who)
      expect((await run(['checkout', '--quiet', 'feature/T'])).stderr).toMatch(held)
      expect((await run(['commit', '--allow-empty', '-qm', 'x'])).stderr).toMatch(held)
      expect((await run(['commit', '--allow-empty', '-qm', 'x'], ANNA)).stderr).toBe('')
      expect((await run(['cherry-pick', 'main'])).stderr).toBe('')
      expect((await run(['checkout', '--quiet', 'main'])).stderr).toBe('')
      await sandbox.git(['config', 'dw.preCommit', 'deny'])
      sandbox.write('src/a.ts', 'again\n')
      expect((await run(['commit', '-qam', 'x'])).status).toBe(1)
      expect((await run(['commit', '-qam', 'x'], ANNA)).status).toBe(0)
    })

    test('they are taken out again', async () => {
      await pushing.dw(['hooks', 'uninstall'])
      expect(await sandbox.git(['config', '--list'])).not.toContain('hook.dw-')
      await pushing.commit('src/a.ts', 'free\n')
      expect((await pushing.push()).status).toBe(0)
    })
  },
)
