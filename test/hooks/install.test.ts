import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect } from 'vitest'
import { HOOK_NAMES } from '../../src/domain/hook-name.ts'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'

const hook = (sandbox: Sandbox, name: string) => join(sandbox.repo, '.git/hooks', name)

/** Everything in the hooks directory: modes, links and bytes. */
function snapshot(sandbox: Sandbox): Record<string, string> {
  const directory = join(sandbox.repo, '.git/hooks')
  const entries = readdirSync(directory).map((name) => {
    const path = join(directory, name)
    const { mode } = lstatSync(path)
    const link = lstatSync(path).isSymbolicLink()
    return [name, `${mode.toString(8)} ${link ? readlinkSync(path) : readFileSync(path).toString('base64')}`]
  })
  return Object.fromEntries(entries)
}

async function states(sandbox: Sandbox): Promise<Record<string, string>> {
  const { items } = await sandbox.json(['hooks', 'status'])
  return Object.fromEntries(items.map((item: { hook: string; state: string }) => [item.hook, item.state]))
}

describe('git dw hooks', () => {
  test('installs, shows and takes out; twice changes nothing', async ({ sandbox, transcript }) => {
    const before = snapshot(sandbox)
    await transcript.run('git dw hooks status')
    await transcript.run('git dw hooks install')
    const installed = snapshot(sandbox)
    expect(Object.keys(installed)).toEqual(expect.arrayContaining([...HOOK_NAMES]))
    await transcript.run('git dw hooks install')
    expect(snapshot(sandbox)).toStrictEqual(installed)
    await transcript.run('git dw hooks status')
    await transcript.run('git dw hooks uninstall')
    await transcript.run('git dw hooks uninstall')
    expect(snapshot(sandbox)).toStrictEqual(before)
    await transcript.run('git dw hooks install --only pre-push,nonsense')
    await transcript.matches('hooks')
  })

  test('installs only the hooks that are named', async ({ sandbox }) => {
    await sandbox.dw(['hooks', 'install', '--only', 'pre-push', '--only', 'post-commit'])
    const found = Object.entries(await states(sandbox)).filter(([, state]) => state === 'installed')
    expect(found.map(([name]) => name)).toStrictEqual(['pre-push', 'post-commit'])
    await sandbox.dw(['hooks', 'uninstall', '--only', 'pre-push'])
    expect((await states(sandbox))['pre-push']).toBe('missing')
    expect((await states(sandbox))['post-commit']).toBe('installed')
  })

  test('keeps and runs hooks that are there, and puts them back byte for byte', async ({ sandbox }) => {
    const out = join(sandbox.root, 'out')
    const records = `#!/bin/sh\n{ printf '%s|' "\${0##*/}" "$@"; env | grep -c '^dw_'; cat; } >>'${out}'\nexit 3\n`
    writeFileSync(hook(sandbox, 'pre-push'), records, { mode: 0o700 })
    writeFileSync(join(sandbox.root, 'linked'), records, { mode: 0o755 })
    symlinkSync('../../../linked', hook(sandbox, 'post-commit'))
    writeFileSync(hook(sandbox, 'post-checkout'), 'not run', { mode: 0o644 })
    symlinkSync('nowhere', hook(sandbox, 'post-merge'))
    // a program, not a script
    writeFileSync(hook(sandbox, 'pre-commit'), readFileSync('/bin/true'), { mode: 0o755 })
    const before = snapshot(sandbox)
    expect((await sandbox.dw(['hooks', 'install'])).status).toBe(0)
    await sandbox.git(['init', '--quiet', '--bare', join(sandbox.root, 'remote')])
    const pushed = await sandbox.run('git', ['push', '../remote', 'HEAD:x'])
    expect(pushed.status).toBe(1)
    const head = await sandbox.git(['rev-parse', 'HEAD'])
    const line = `HEAD ${head} refs/heads/x ${'0'.repeat(40)}`
    expect(readFileSync(out, 'utf8')).toBe(`pre-push.dw-kept|../remote|../remote|0\n${line}\n`)
    await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'x'])
    expect(readFileSync(out, 'utf8')).toContain('post-commit.dw-kept|0\n')
    await sandbox.git(['checkout', '--quiet', '-b', 'y'])
    expect((await sandbox.json(['hooks', 'status'])).items[0].kept).toBe(
      `${hook(sandbox, 'pre-push')}.dw-kept`,
    )
    expect((await sandbox.dw(['hooks', 'uninstall'])).status).toBe(0)
    expect(snapshot(sandbox)).toStrictEqual(before)
  })

  test('passes stdin, arguments and the exit status through, and runs checks first, notices last', async ({
    sandbox,
  }) => {
    const script = (status: number) => `#!/bin/sh\necho "kept $*"\ncat\nexit ${status}\n`
    for (const name of HOOK_NAMES) writeFileSync(hook(sandbox, name), script(7), { mode: 0o755 })
    await sandbox.dw(['hooks', 'install'])
    for (const name of HOOK_NAMES) {
      const input = 'refs/heads/a\n\n  spaces  \nno newline'
      const outcome = await sandbox.run('sh', [hook(sandbox, name), 'one', '', 'two words'], { input })
      expect(outcome.status, name).toBe(7)
      expect(outcome.stdout, name).toBe(`kept one  two words\n${input}`)
    }
    // a push that ours refuses does not reach the other
    const refused = await sandbox.run('sh', [hook(sandbox, 'pre-push'), 'a', 'b'], {
      input: `x ${'1'.repeat(40)} refs/dw/meta ${'0'.repeat(40)}\n`,
    })
    expect({ status: refused.status, stdout: refused.stdout }).toStrictEqual({ status: 129, stdout: '' })
  })

  test('replaces only its own part in an upgrade', async ({ sandbox }) => {
    writeFileSync(hook(sandbox, 'pre-push'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
    await sandbox.dw(['hooks', 'install'])
    const installed = snapshot(sandbox)
    const old = readFileSync(hook(sandbox, 'pre-push'), 'utf8').replace('dw_run() {', 'dw_run() { # older')
    writeFileSync(hook(sandbox, 'pre-push'), old)
    expect((await states(sandbox))['pre-push']).toBe('outdated')
    const { items } = await sandbox.json(['hooks', 'install'])
    expect(items.filter(({ changed }: { changed: boolean }) => changed)).toHaveLength(1)
    expect(snapshot(sandbox)).toStrictEqual(installed)
  })

  test('loses no hook that a tool put in its place', async ({ sandbox }) => {
    const mine = '#!/bin/sh\nexit 0\n'
    writeFileSync(hook(sandbox, 'pre-push'), mine, { mode: 0o755 })
    await sandbox.dw(['hooks', 'install'])
    writeFileSync(join(sandbox.root, 'tool'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    renameSync(join(sandbox.root, 'tool'), hook(sandbox, 'pre-push'))
    expect((await states(sandbox))['pre-push']).toBe('replaced')
    const again = await sandbox.dw(['hooks', 'install'])
    expect(again.stderr).toContain('was replaced since it was installed')
    expect(again.status).toBe(1)
    expect(readFileSync(`${hook(sandbox, 'pre-push')}.dw-kept`, 'utf8')).toBe(mine)
    expect((await sandbox.dw(['hooks', 'uninstall'])).status).toBe(0)
    expect(readFileSync(hook(sandbox, 'pre-push'), 'utf8')).toContain('exit 1')
  })

  test('sees that another tool runs ours from its own hook', async ({ sandbox }) => {
    await sandbox.dw(['hooks', 'install'])
    const path = hook(sandbox, 'pre-push')
    renameSync(path, `${path}.legacy`)
    writeFileSync(path, '#!/bin/sh\n"$0.legacy" "$@"\n', { mode: 0o755 })
    expect((await states(sandbox))['pre-push']).toBe('chained')
    const before = snapshot(sandbox)
    await sandbox.dw(['hooks', 'install'])
    expect(snapshot(sandbox)).toStrictEqual(before)
  })

  test('is shared by all worktrees', async ({ sandbox }) => {
    const linked = join(sandbox.root, 'linked')
    await sandbox.git(['worktree', 'add', '--quiet', linked])
    await sandbox.dw(['hooks', 'install'], { cwd: linked })
    expect(existsSync(hook(sandbox, 'pre-push'))).toBe(true)
    expect(Object.values(await states(sandbox))).toStrictEqual(HOOK_NAMES.map(() => 'installed'))
  })

  test('lets git go on with one line when git dw is gone, and finds it again by PATH', async ({
    sandbox,
  }) => {
    await sandbox.dw(['hooks', 'install'])
    await sandbox.git(['init', '--quiet', '--bare', join(sandbox.root, 'remote')])
    for (const name of HOOK_NAMES) {
      const text = readFileSync(hook(sandbox, name), 'utf8')
      writeFileSync(hook(sandbox, name), text.replace(/^dw_hooks=.*$/m, 'dw_hooks=/moved/away'))
    }
    const env = { PATH: '/usr/bin:/bin' }
    const gone = await sandbox.run('git', ['push', '--quiet', '../remote', 'HEAD:x'], { env })
    expect(gone.status).toBe(0)
    expect(gone.stderr).toBe('git dw: it is not installed any more, so its pre-push hook does nothing\n')
    const commit = await sandbox.run('git', ['checkout', '--quiet', '-b', 'y'], { env })
    expect(commit.stderr).toBe(
      'git dw: it is not installed any more, so its post-checkout hook does nothing\n',
    )
    const off = { PATH: '/usr/bin:/bin', DW_HOOKS: '0' }
    expect((await sandbox.run('git', ['checkout', '--quiet', 'main'], { env: off })).stderr).toBe('')
    const found = await sandbox.run('git', ['push', '../remote', 'HEAD:refs/dw/x'])
    expect(found.stderr).toContain('refs under refs/dw are pushed by git dw alone')
    expect(found.status).toBe(1)
  })

  test('lets git go on with one line when Node is gone', async ({ sandbox }) => {
    const programs = join(sandbox.root, 'programs')
    mkdirSync(programs)
    for (const name of ['sh', 'git', 'cat', 'sed', 'grep', 'readlink']) {
      const { stdout } = await sandbox.run('sh', ['-c', `command -v ${name}`])
      symlinkSync(stdout.trim(), join(programs, name))
    }
    await sandbox.dw(['claim', 'src'], { agent: 'anna' })
    const script = resolve(import.meta.dirname, '../../hooks/pre-push')
    const head = await sandbox.git(['rev-parse', 'HEAD'])
    const input = `x ${head} refs/heads/x ${'0'.repeat(40)}\n`
    const outcome = await sandbox.run('/bin/sh', [script, 'a', 'b'], {
      input,
      env: { PATH: programs, DW_BUILD: 'node' },
    })
    expect(outcome.stderr).toBe('git dw: "node" is not on the PATH: install Node 20.19 or newer\n')
    expect(outcome.status).toBe(0)
  })

  test('says what it cannot write', async ({ sandbox }) => {
    mkdirSync(hook(sandbox, 'pre-push'))
    const outcome = await sandbox.dw(['hooks', 'install'])
    expect(outcome.stderr).toMatch(/"\S+\/pre-push" is a directory/)
    expect(outcome.status).toBe(1)
  })

  test('writes to a directory of core.hooksPath that is this repository’s alone', async ({ sandbox }) => {
    const directory = join(sandbox.root, 'own-hooks')
    await sandbox.git(['config', 'core.hooksPath', directory])
    await sandbox.dw(['hooks', 'install'])
    expect(readdirSync(directory).sort()).toStrictEqual([...HOOK_NAMES].sort())
    await sandbox.dw(['hooks', 'uninstall'])
    expect(readdirSync(directory)).toStrictEqual([])
  })

  test('prints the line for a directory that others share', async ({ sandbox, transcript }) => {
    await sandbox.git(['config', '--global', 'core.hooksPath', join(sandbox.root, 'shared')])
    await transcript.run('git dw hooks install --only pre-push')
    expect(existsSync(join(sandbox.root, 'shared'))).toBe(false)
    expect(existsSync(hook(sandbox, 'pre-push'))).toBe(false)
    mkdirSync(join(sandbox.repo, '.githooks'))
    await sandbox.git(['config', 'core.hooksPath', '.githooks'])
    await transcript.run('git dw hooks install --only pre-push')
    expect(readdirSync(join(sandbox.repo, '.githooks'))).toStrictEqual([])
    mkdirSync(join(sandbox.repo, 'deep'))
    await transcript.run('git dw hooks status --json | grep -c "repo/.githooks/pre-push"', {
      cwd: join(sandbox.repo, 'deep'),
    })
    await transcript.matches('hooks-line')
  })
})

describe('with a git that runs configured hooks', () => {
  /** A git that says it is 2.54, first on PATH. */
  async function newer(sandbox: Sandbox): Promise<{ env: { PATH: string } }> {
    const directory = join(sandbox.root, 'newer')
    mkdirSync(directory)
    const real = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
    const says = `[ "$1" = version ] && { echo git version 2.54.0; exit; }\nexec ${real} "$@"\n`
    writeFileSync(join(directory, 'git'), `#!/bin/sh\n${says}`)
    chmodSync(join(directory, 'git'), 0o755)
    return { env: { PATH: `${directory}:${sandbox.env()['PATH']}` } }
  }

  test('git dw hooks writes the settings, and nothing to a directory', async ({ sandbox }) => {
    const before = snapshot(sandbox)
    // installed by an older git before: it would run twice
    await sandbox.dw(['hooks', 'install', '--only', 'pre-push'])
    const options = await newer(sandbox)
    const dw = (...args: string[]) => sandbox.run('git-dw', ['hooks', ...args], options)
    expect((await dw('install')).status).toBe(0)
    expect(snapshot(sandbox)).toStrictEqual(before)
    for (const name of HOOK_NAMES) {
      expect(await sandbox.git(['config', `hook.dw-${name}.event`])).toBe(name)
    }
    expect((await dw('status')).status).toBe(0)
    const config = readFileSync(join(sandbox.repo, '.git/config'), 'utf8')
    await dw('install')
    expect(readFileSync(join(sandbox.repo, '.git/config'), 'utf8')).toBe(config)
    // git runs the command with the arguments behind it
    const command = await sandbox.git(['config', 'hook.dw-pre-push.command'])
    const input = `x ${'1'.repeat(40)} refs/dw/meta ${'0'.repeat(40)}\n`
    const run = await sandbox.run('sh', ['-c', `${command} "$@"`, command, 'origin', 'url'], { input })
    expect(run.stderr).toContain('refs under refs/dw are pushed by git dw alone')
    expect((await dw('uninstall')).stdout.split('\n').filter(Boolean)).toStrictEqual([...HOOK_NAMES])
    expect(await sandbox.git(['config', '--list'])).not.toContain('hook.dw-')
    expect((await dw('status')).status).toBe(1)
  })
})
