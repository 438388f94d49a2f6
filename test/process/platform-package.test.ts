import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { PROGRAMS, Sandbox } from '../harness/sandbox.ts'

const ROOT = join(PROGRAMS, '..')

test.skipIf(!existsSync(join(ROOT, 'dist/native/git-dw')))(
  'the native build installed from its own tarball beside the main one is what starts',
  async ({ onTestFinished }) => {
    const sandbox = await Sandbox.create()
    onTestFinished(() => sandbox.dispose())
    const env = {
      DW_BUILD: undefined,
      npm_config_cache: join(sandbox.root, 'cache'),
      npm_config_offline: 'true',
      npm_config_update_notifier: 'false',
    }
    const tarballs = join(sandbox.root, 'tarballs')
    mkdirSync(tarballs)
    const done = async (program: string, args: readonly string[], cwd: string) => {
      const outcome = await sandbox.run(program, args, { cwd, env })
      expect(outcome.status, outcome.stderr).toBe(0)
      return outcome.stdout
    }
    const [main] = JSON.parse(
      await done('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', tarballs], ROOT),
    )
    expect(main.files.map(({ path }: { path: string }) => path).filter(isNative)).toStrictEqual([])
    await done(process.execPath, [join(ROOT, 'scripts/platform-package.mjs'), tarballs], sandbox.root)

    const away = join(sandbox.root, 'away')
    mkdirSync(away)
    writeFileSync(join(away, 'package.json'), '{"private":true}\n')
    const files = readdirSync(tarballs).map((name) => join(tarballs, name))
    expect(files).toHaveLength(2)
    await done('npm', ['install', '--no-audit', '--no-fund', ...files], away)
    const launcher = join(away, 'node_modules/.bin/git-dw')
    const versions = async (more: NodeJS.ProcessEnv = {}) => {
      const outcome = await sandbox.run(launcher, ['doctor', '--json'], {
        env: { ...env, PATH: `${dirname(process.execPath)}:/usr/bin:/bin`, ...more },
      })
      return JSON.parse(outcome.stdout).items.find(({ check }: { check: string }) => check === 'versions')
        .what
    }
    expect(await versions()).toContain('(native build)')
    expect(await versions({ DW_BUILD: 'node' })).toContain('(node build)')
    // what it starts and installs is the main package's
    await sandbox.run(launcher, ['hooks', 'install'], { env })
    const hook = await sandbox.run('cat', ['.git/hooks/pre-push'])
    expect(hook.stdout).toContain(join(away, 'node_modules/git-dw/hooks'))
  },
  300_000,
)

const isNative = (path: string) => path.startsWith('dist/native')
