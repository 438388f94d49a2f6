import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { ANNA, BEN, type Pushing, QUIET, test } from './pushing.ts'

const MODULES = resolve(import.meta.dirname, '../../node_modules')

/** Makes a package that is installed here one of the repository. */
function addPackage(sandbox: Sandbox, name: string): void {
  mkdirSync(join(sandbox.repo, 'node_modules'), { recursive: true })
  cpSync(join(MODULES, name), join(sandbox.repo, 'node_modules', name), { recursive: true })
  writeFileSync(join(sandbox.repo, '.gitignore'), 'node_modules\n')
}

async function run(sandbox: Sandbox, program: string, args: readonly string[]): Promise<void> {
  const outcome = await sandbox.run(program, args)
  if (outcome.status !== 0)
    throw new Error(`${program} ${args.join(' ')}: ${outcome.stderr}${outcome.stdout}`)
}

/** Both hooks are asked: ours refuses what anna holds, and the tool's runs, with git's lines, when ours does not. */
async function expectBoth(pushing: Pushing, out: string): Promise<void> {
  const { sandbox } = pushing
  await pushing.dw(['claim', 'src'], ANNA)
  await pushing.commit('free.ts', 'x')
  const passed = await pushing.push(['origin', 'HEAD:free'])
  expect(passed.status, passed.stderr).toBe(0)
  expect(readFileSync(out, 'utf8')).toMatch(/^origin .*\nHEAD [0-9a-f]{40} refs\/heads\/free 0{40}\n$/)
  await pushing.commit('src/a.ts', 'changed\n')
  const refused = await pushing.push(['origin', 'HEAD:held'])
  expect(refused.stderr).toContain('"src/a.ts": "src" is held by SESS-')
  expect(refused.status).not.toBe(0)
  expect((await pushing.remoteRefs()).map((line) => line.split(' ')[0])).toStrictEqual([
    'refs/heads/free',
    'refs/heads/main',
  ])
  expect(await sandbox.git(['status', '--porcelain'])).toBe('')
}

const noteTo = (out: string) => `{ echo "$@"; cat; } >'${out}'`

describe('beside other tools', () => {
  test('husky: nothing is written, and the line that is printed works', async ({ pushing }) => {
    const { sandbox } = pushing
    await pushing.dw(['hooks', 'uninstall'])
    addPackage(sandbox, 'husky')
    writeFileSync(join(sandbox.repo, 'package.json'), '{"name":"x","version":"1.0.0"}\n')
    await run(sandbox, process.execPath, ['node_modules/husky/bin.js'])
    expect(await sandbox.git(['config', 'core.hooksPath'])).toBe('.husky/_')
    await pushing.commit('.husky/pre-push', '')
    const install = await sandbox.json(['hooks', 'install'])
    const [prePush] = install.items
    expect(prePush).toMatchObject({
      hook: 'pre-push',
      state: 'to add',
      path: join(sandbox.repo, '.husky/pre-push'),
    })
    expect(existsSync(join(sandbox.repo, '.git/hooks/pre-push'))).toBe(false)
    const file = join(sandbox.repo, '.husky/pre-push')
    writeFileSync(file, `${prePush.line}\n`)
    const postCheckout = install.items.find(({ hook }: { hook: string }) => hook === 'post-checkout')
    writeFileSync(join(sandbox.repo, '.husky/post-checkout'), `${postCheckout.line}\n`)
    await pushing.commit('lines', 'x')
    const { items } = await sandbox.json(['hooks', 'status'])
    const states = items.map(({ hook, state }: { hook: string; state: string }) => `${hook} ${state}`)
    expect(states.slice(0, 3)).toStrictEqual(['pre-push added', 'pre-commit to add', 'post-checkout added'])
    await sandbox.git(['push', '--quiet', '--no-verify', 'origin', 'main'])
    await pushing.dw(['claim', 'src'], ANNA)
    await pushing.dw(['claim', '--task', 'T', '-m', 'login'], ANNA)
    await sandbox.git(['worktree', 'remove', '--force', join(sandbox.home, 'worktrees/remote/T')])
    await pushing.commit('src/a.ts', 'changed\n')
    const refused = await pushing.push(['origin', 'HEAD:held'])
    expect(refused.stderr).toContain('"src/a.ts": "src" is held by SESS-')
    expect(refused.status).toBe(1)
    const checkout = await sandbox.run('git', ['checkout', '--quiet', 'feature/T'])
    expect(checkout.stderr).toContain('branch "feature/T" is held by')
    // whoever has no git dw is not stopped
    const without = { PATH: '/usr/bin:/bin' }
    expect((await sandbox.run('git', ['push', '--quiet', 'origin', 'main:x'], { env: without })).status).toBe(
      0,
    )
  })

  test('lefthook: its hook runs with ours, and its own installation is seen', async ({ pushing }) => {
    const { sandbox } = pushing
    await pushing.dw(['hooks', 'uninstall'])
    const platform = `lefthook-${process.platform}-${process.arch}`
    addPackage(sandbox, platform)
    const out = join(sandbox.root, 'out')
    const note = join(sandbox.root, 'note')
    writeFileSync(note, `#!/bin/sh\n${noteTo(out)}\n`, { mode: 0o755 })
    const config = `pre-push:\n  commands:\n    note:\n      run: ${note} {0}\n      use_stdin: true\n`
    await pushing.commit('lefthook.yml', config)
    await sandbox.git(['push', '--quiet', '--no-verify', 'origin', 'main'])
    const lefthook = join(sandbox.repo, 'node_modules', platform, 'bin/lefthook')
    await run(sandbox, lefthook, ['install'])
    const before = readFileSync(join(sandbox.repo, '.git/hooks/pre-push'), 'utf8')
    expect(before).toContain('lefthook')
    await pushing.dw(['hooks', 'install'])
    await expectBoth(pushing, out)
    await pushing.dw(['hooks', 'uninstall'])
    expect(readFileSync(join(sandbox.repo, '.git/hooks/pre-push'), 'utf8')).toBe(before)
    // installed after ours, it puts ours aside: status says so, and ours comes back around it
    await pushing.dw(['hooks', 'install'])
    await run(sandbox, lefthook, ['install', '-f'])
    const status = await sandbox.json(['hooks', 'status'])
    expect(status.items[0].state).toBe('replaced')
    await pushing.dw(['hooks', 'install'])
    const held = await pushing.push(['origin', 'HEAD:held'])
    expect(held.stderr).toContain('"src/a.ts": "src" is held by SESS-')
  })

  test('lefthook in a directory of core.hooksPath: nothing is written, and the lines that are printed work', async ({
    pushing,
  }) => {
    const { sandbox } = pushing
    await pushing.dw(['hooks', 'uninstall'])
    const platform = `lefthook-${process.platform}-${process.arch}`
    addPackage(sandbox, platform)
    mkdirSync(join(sandbox.repo, '.hooks'))
    await sandbox.git(['config', 'core.hooksPath', '.hooks'])
    const out = join(sandbox.root, 'out')
    const jobs = (hook: string, lines: string[]) =>
      `${hook}:\n  jobs:\n${lines.map((line) => `    ${line}\n`).join('')}`
    const note = `- { name: note, run: "${noteTo(out).replace('"$@"', '{0}')}", use_stdin: true }`
    const file = join(sandbox.repo, 'lefthook.yml')
    writeFileSync(file, jobs('pre-push', [note]) + jobs('post-checkout', ['- run: "true"']))
    await run(sandbox, join(sandbox.repo, 'node_modules', platform, 'bin/lefthook'), ['install'])
    const theirs = readFileSync(join(sandbox.repo, '.hooks/pre-push'), 'utf8')
    expect(theirs).toContain('lefthook')
    const printed = await pushing.dw(['hooks', 'install', '--only', 'pre-push,post-checkout'])
    expect(printed).toContain(`add to ${file}, to the jobs of pre-push:\n    - { name: git-dw, run: `)
    expect(readFileSync(join(sandbox.repo, '.hooks/pre-push'), 'utf8')).toBe(theirs)
    const states = async () => {
      const { items } = await sandbox.json(['hooks', 'status'])
      return items.map(({ state }: { state: string }) => state).slice(0, 3)
    }
    expect(await states()).toStrictEqual(['to add', 'to add', 'to add'])
    const [push = '', checkout = ''] = printed.split('\n').filter((line) => line.startsWith('    - '))
    const text = jobs('pre-push', [note, push.trim()]) + jobs('post-checkout', [checkout.trim()])
    await pushing.commit('lefthook.yml', text)
    expect(await states()).toStrictEqual(['added', 'to add', 'added'])
    await sandbox.git(['push', '--quiet', '--no-verify', 'origin', 'main'])
    await pushing.dw(['claim', '--task', 'T', '-m', 'login'], ANNA)
    await sandbox.git(['worktree', 'remove', '--force', join(sandbox.home, 'worktrees/remote/T')])
    const there = await sandbox.run('git', ['checkout', '--quiet', 'feature/T'], BEN)
    expect(there.stdout + there.stderr).toContain('branch "feature/T" is held by')
    await sandbox.git(['checkout', '--quiet', 'main'], { env: QUIET })
    await expectBoth(pushing, out)
  })

  test('simple-git-hooks: its hook runs with ours, and its own installation is seen', async ({ pushing }) => {
    const { sandbox } = pushing
    await pushing.dw(['hooks', 'uninstall'])
    addPackage(sandbox, 'simple-git-hooks')
    const out = join(sandbox.root, 'out')
    const config = { name: 'x', 'simple-git-hooks': { 'pre-push': noteTo(out) } }
    await pushing.commit('package.json', `${JSON.stringify(config)}\n`)
    await sandbox.git(['push', '--quiet', '--no-verify', 'origin', 'main'])
    const install = () => run(sandbox, process.execPath, ['node_modules/simple-git-hooks/cli.js'])
    await install()
    const before = readFileSync(join(sandbox.repo, '.git/hooks/pre-push'), 'utf8')
    await pushing.dw(['hooks', 'install'])
    await expectBoth(pushing, out)
    // it overwrites its hooks and removes all others
    await install()
    const status = await sandbox.json(['hooks', 'status'])
    const states = status.items.map(({ state }: { state: string }) => state)
    expect(states).toStrictEqual(['replaced', 'missing', 'missing', 'missing', 'missing', 'missing'])
    await pushing.dw(['hooks', 'install'])
    await pushing.dw(['hooks', 'uninstall'])
    expect(readFileSync(join(sandbox.repo, '.git/hooks/pre-push'), 'utf8')).toBe(before)
  })

  test('git-lfs: its pre-push gets git’s lines, and what it sends arrives', async ({ pushing }) => {
    const { sandbox, remote } = pushing
    await pushing.dw(['hooks', 'uninstall'])
    await sandbox.git(['lfs', 'install', '--local'])
    const before = readFileSync(join(sandbox.repo, '.git/hooks/pre-push'), 'utf8')
    expect(before).toContain('git lfs pre-push')
    await pushing.dw(['hooks', 'install'])
    await pushing.dw(['claim', 'src'], ANNA)
    await sandbox.git(['lfs', 'track', '*.bin'], { env: QUIET })
    await sandbox.git(['config', 'lfs.url', `file://${remote}`])
    await pushing.commit('big.bin', 'large\n')
    const passed = await pushing.push(['origin', 'HEAD:lfs'])
    expect(passed.status, passed.stderr).toBe(0)
    const oid = (await sandbox.git(['lfs', 'ls-files', '--long'])).split(' ')[0] ?? ''
    const stored = await sandbox.run('find', [remote, '-name', oid])
    expect(stored.stdout.trim()).not.toBe('')
    await pushing.commit('src/a.ts', 'changed\n')
    expect((await pushing.push(['origin', 'HEAD:held'])).status).toBe(1)
    // it leaves a hook alone that calls it, so it does not undo ours
    await sandbox.run('git', ['lfs', 'install', '--local'])
    expect((await sandbox.json(['hooks', 'status'])).items[0].state).toBe('installed')
    await pushing.dw(['hooks', 'uninstall'])
    expect(readFileSync(join(sandbox.repo, '.git/hooks/pre-push'), 'utf8')).toBe(before)
  })
})
