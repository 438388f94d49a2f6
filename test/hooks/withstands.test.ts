import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect } from 'vitest'
import { ended, type RunOptions } from '../harness/sandbox.ts'
import { ANNA, BEN, type Pushing, QUIET, test, waitFor } from './pushing.ts'

/** Anna holds src, and a commit that is not pushed yet changes it. */
async function trespassing(pushing: Pushing): Promise<void> {
  await pushing.dw(['claim', 'src'], ANNA)
  await pushing.commit('src/a.ts', 'changed\n')
}

async function expectStopped(
  pushing: Pushing,
  options: RunOptions = BEN,
  args = ['origin', 'HEAD:x'],
): Promise<void> {
  const outcome = await pushing.push(args, options)
  expect(outcome.stderr).toMatch(/"src\/a\.ts": "src" is held by SESS-/)
  expect(outcome.status).toBe(1)
  expect(await pushing.remoteRefs()).toHaveLength(1)
}

describe('the check of a push withstands', () => {
  test('a subdirectory, a linked worktree, GIT_DIR and a bare repository', async ({ pushing }) => {
    const { sandbox } = pushing
    await trespassing(pushing)
    await expectStopped(pushing, { ...BEN, cwd: join(sandbox.repo, 'src') })
    const linked = join(sandbox.root, 'linked')
    await sandbox.git(['worktree', 'add', '--quiet', linked])
    await expectStopped(pushing, { ...BEN, cwd: linked })
    const env = { GIT_DIR: join(sandbox.repo, '.git'), GIT_WORK_TREE: sandbox.repo }
    await expectStopped(pushing, { ...BEN, cwd: sandbox.root, env })
    const bare = join(sandbox.root, 'bare.git')
    await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, bare])
    await sandbox.git(['push', '--quiet', bare, 'refs/dw/*:refs/dw/*', '--no-verify'])
    await pushing.dw(['hooks', 'install'], { cwd: bare })
    await expectStopped(pushing, { ...BEN, cwd: bare }, [pushing.remote, 'main:x'])
    const tree = await sandbox.git(['rev-parse', 'main~1^{tree}'])
    const free = await sandbox.git(['commit-tree', '-m', 'x', '-p', 'main~1', tree], { cwd: bare })
    expect((await pushing.push([pushing.remote, `${free}:main`], { ...BEN, cwd: bare })).status).toBe(0)
  })

  test('a client without a terminal, with a minimal PATH and no HOME', async ({ pushing }) => {
    await trespassing(pushing)
    const env = { PATH: '/usr/bin:/bin', HOME: undefined, LOGNAME: undefined, LANG: undefined }
    await expectStopped(pushing, { ...BEN, env })
    const { sandbox } = pushing
    sandbox.write('src/a.ts', 'once more\n')
    const commit = ['-c', 'dw.preCommit=deny', 'commit', '--quiet', '-am', 'x']
    const refused = await sandbox.run('git', commit, { ...BEN, env })
    expect(refused.stderr).toMatch(/"src\/a\.ts": "src" is held by SESS-/)
    expect(refused.status).toBe(1)
    await pushing.dw(['claim', '.'], { agent: 'anna' })
    const checkout = await sandbox.run('git', ['checkout', '--quiet', '-b', 'y'], { ...BEN, env })
    expect(checkout.stderr).toContain('the whole repository is held by SESS-')
    expect(checkout.status).toBe(0)
  })

  test('file names with newlines, quotes, tabs, non-ASCII and a leading dash', async ({ pushing }) => {
    const names = ['new\nline', 'quo"te', "it's", 'tab\there', 'übung', '-dash', 'back\\slash', ' space ']
    await pushing.dw(['claim', '--', ...names.map((name) => `./${name}/x`)], ANNA)
    for (const name of names) {
      mkdirSync(join(pushing.sandbox.repo, name), { recursive: true })
      writeFileSync(join(pushing.sandbox.repo, name, 'x'), 'x')
    }
    await pushing.sandbox.git(['add', '--all'])
    const commit = ['-c', 'dw.preCommit=deny', 'commit', '--quiet', '-m', 'x']
    const committed = await pushing.sandbox.run('git', commit, BEN)
    await pushing.commit('free.ts', 'x')
    const pushed = await pushing.push()
    expect([committed.status, pushed.status]).toStrictEqual([1, 1])
    for (const shown of [
      'new\\u000aline',
      'quo"te',
      "it's",
      'tab\\u0009here',
      'übung',
      './-dash',
      'back\\slash',
      ' space ',
    ]) {
      expect(committed.stderr).toContain(`"${shown}/x" is held by`)
      expect(pushed.stderr).toContain(`"${shown}/x" is held by`)
    }
  })

  test('settings of the user for diffs, logs and names', async ({ pushing }) => {
    const { sandbox } = pushing
    const settings = {
      'core.quotePath': 'true',
      'core.ignoreCase': 'true',
      'diff.renames': 'copies',
      'diff.noprefix': 'true',
      'diff.external': 'exit 1',
      'diff.relative': 'true',
      'diff.ignoreSubmodules': 'all',
      'log.showRoot': 'false',
      'log.showSignature': 'true',
      'log.diffMerges': 'off',
      'color.ui': 'always',
      'core.pager': 'false',
    }
    for (const [name, value] of Object.entries(settings)) await sandbox.git(['config', name, value])
    await pushing.dw(['claim', 'SRC'], ANNA)
    await pushing.commit('src/a.ts', 'changed\n')
    await sandbox.git(['config', 'dw.preCommit', 'deny'])
    sandbox.write('src/a.ts', 'once more\n')
    const commit = await sandbox.run('git', ['commit', '--quiet', '-am', 'x'], BEN)
    expect(commit.stderr).toContain('"src/a.ts": "SRC" is held by')
    expect(commit.status).toBe(1)
    // git itself dies of this one where it uses it
    await sandbox.git(['config', 'diff.orderFile', join(sandbox.root, 'gone')])
    const outcome = await pushing.push(['origin', 'HEAD:x'], { ...BEN, cwd: join(sandbox.repo, 'src') })
    expect(outcome.stderr).toContain('"src/a.ts": "SRC" is held by')
    expect(outcome.status).toBe(1)
  })

  test('a submodule: its pointer is a path like any other', async ({ pushing }) => {
    const { sandbox } = pushing
    const module = join(sandbox.root, 'module')
    await sandbox.git(['init', '--quiet', module])
    await sandbox.git(['commit', '--quiet', '--allow-empty', '-m', 'first'], { cwd: module })
    const head = await sandbox.git(['rev-parse', 'HEAD'], { cwd: module })
    await sandbox.git(['update-index', '--add', '--cacheinfo', `160000,${head},libs/part`])
    await sandbox.git(['config', '-f', '.gitmodules', 'submodule.libs/part.ignore', 'all'])
    await sandbox.git(['commit', '--quiet', '-m', 'module'], { env: QUIET })
    expect((await pushing.push()).status).toBe(0)
    await pushing.dw(['claim', 'libs/part'], ANNA)
    const next = await sandbox.git(['commit-tree', '-m', 'next', `${head}^{tree}`], { cwd: module })
    await sandbox.git(['update-index', '--cacheinfo', `160000,${next},libs/part`])
    await sandbox.git(['commit', '--quiet', '-m', 'moved'], { env: QUIET })
    const outcome = await pushing.push()
    expect(outcome.stderr).toContain('"libs/part" is held by')
    expect(outcome.status).toBe(1)
  })

  test('a shallow clone and a partial one, and fetches nothing for it', async ({ pushing }) => {
    const { sandbox, remote } = pushing
    await pushing.commit('src/b.ts', 'b\n')
    await sandbox.git(['push', '--quiet', 'origin', 'main'])
    await sandbox.git(['config', 'uploadpack.allowFilter', 'true'], { cwd: remote })
    for (const [name, option] of [
      ['shallow', '--depth=1'],
      ['blobless', '--filter=blob:none'],
      ['treeless', '--filter=tree:0'],
    ] as const) {
      const clone = join(sandbox.root, name)
      await sandbox.git(['clone', '--quiet', option, `file://${remote}`, clone])
      await pushing.dw(['hooks', 'install'], { cwd: clone })
      await pushing.dw(['claim', 'src'], { ...ANNA, cwd: clone })
      const trace = join(sandbox.root, `${name}.trace`)
      const env = { GIT_TRACE2_EVENT: trace }
      await pushing.commit('free.ts', `free ${name}\n`, clone)
      const passed = await pushing.push(['origin', `HEAD:${name}`], { ...BEN, cwd: clone, env })
      expect(passed.status, passed.stderr).toBe(0)
      await pushing.commit('src/a.ts', `changed in ${name}\n`, clone)
      const stopped = await pushing.push(['origin', `HEAD:${name}-2`], { ...BEN, cwd: clone, env })
      expect(stopped.stderr).toMatch(/"src\/a\.ts": "src" is held/)
      const started = await sandbox.run('grep', ['-c', '"argv":\\["git","fetch\\|fetch-pack', trace])
      expect(started.stdout.trim(), name).toBe('0')
      // a remote that has nothing: the commits at the clone's edge are not of this push
      const empty = join(sandbox.root, `${name}-empty.git`)
      await sandbox.git(['init', '--quiet', '--bare', empty])
      if (name === 'shallow') {
        await sandbox.git(['config', 'receive.shallowUpdate', 'true'], { cwd: empty })
        const free = await pushing.push([empty, 'HEAD~1:refs/heads/free'], { ...BEN, cwd: clone })
        expect(free.status, free.stderr).toBe(0)
      }
    }
  })

  test('10,000 changed files and 50,000 refs', async ({ pushing }) => {
    const { sandbox } = pushing
    const head = await sandbox.git(['rev-parse', 'HEAD'])
    const refs = Array.from(
      { length: 50_000 },
      (_, at) => `${head} refs/tags/t${String(at).padStart(5, '0')}\n`,
    )
    const packed = '# pack-refs with: sorted \n'
    writeFileSync(join(sandbox.repo, '.git/packed-refs'), `${packed}${refs.join('')}`)
    const files = Array.from(
      { length: 10_000 },
      (_, at) => `M 100644 inline many/d${at % 100}/f${at}\ndata 1\nx\n`,
    )
    const stream = `commit refs/heads/many\ncommitter A <a@b> 0 +0000\ndata 4\nmany\nfrom ${head}\n${files.join('')}`
    await sandbox.git(['fast-import', '--quiet'], { input: stream })
    await pushing.dw(['claim', 'many/d7'], ANNA)
    const outcome = await pushing.push(['origin', 'many'])
    expect(outcome.stderr).toMatch(/"many\/d7\/f107", .* and 80 more: "many\/d7" is held by/)
    expect(outcome.status).toBe(1)
    await pushing.dw(['release', 'many/d7'], ANNA)
    expect((await pushing.push(['origin', 'many'])).status).toBe(0)
  })

  test('two pushes at once', async ({ pushing }) => {
    await pushing.dw(['claim', 'src'], ANNA)
    await pushing.commit('free.ts', 'x')
    const [one, two] = await Promise.all([
      pushing.push(['origin', 'HEAD:one']),
      pushing.push(['origin', 'HEAD:two'], ANNA),
    ])
    expect([one.status, two.status], `${one.stderr}${two.stderr}`).toStrictEqual([0, 0])
    await pushing.commit('src/a.ts', 'changed\n')
    const outcomes = await Promise.all(
      ['a', 'b', 'c'].map((name) => pushing.push(['origin', `HEAD:${name}`])),
    )
    expect(outcomes.map(({ status }) => status)).toStrictEqual([1, 1, 1])
  })

  test('Ctrl-C: nothing is pushed, and nothing is left behind', async ({ pushing }) => {
    const { sandbox } = pushing
    await trespassing(pushing)
    const before = await pushing.remoteRefs()
    // a git that says it is asked for the commits of the push, and then takes for ever
    const slow = join(sandbox.root, 'slow')
    mkdirSync(slow)
    const git = (await sandbox.run('sh', ['-c', 'command -v git'])).stdout.trim()
    const waits = `case "$*" in *rev-list*--stdin*--not*) echo waiting >&2; exec sleep 300 ;; esac\nexec ${git} "$@"\n`
    writeFileSync(join(slow, 'git'), `#!/bin/sh\n${waits}`, { mode: 0o755 })
    // the hook's own script, in a process group of its own as a terminal would have it
    const hook = join(dirname(import.meta.dirname), '../hooks/pre-push')
    const head = await sandbox.git(['rev-parse', 'HEAD'])
    const path = `${slow}:${sandbox.env()['PATH']}`
    const zeros = '0'.repeat(40)
    const line = `HEAD ${head} refs/heads/x ${zeros}`
    const script = `printf '%s\\n' '${line}' | sh '${hook}' origin '${pushing.remote}'; echo "[$?]"`
    const child = sandbox.start('setsid', ['sh', '-c', `echo $$; trap '' INT; (trap - INT; ${script})`], {
      ...BEN,
      env: { PATH: path },
    })
    const group = await new Promise<string>((resolve) =>
      child.stdout?.once('data', (data) => resolve(String(data))),
    )
    const outcome = ended(child)
    const pid = Number(group.trim())
    await waitFor(async () => {
      const listing = await sandbox.run('ps', ['-o', 'args=', '-g', String(pid)])
      return listing.stdout.includes('sleep 300')
    })
    process.kill(-pid, 'SIGINT')
    const { stdout } = await outcome
    expect(stdout).not.toContain('[0]')
    const left = await sandbox.run('ps', ['-o', 'args=', '-g', String(pid)])
    expect(left.stdout).not.toContain('sleep 300')
    expect(await pushing.remoteRefs()).toStrictEqual(before)
    rmSync(slow, { recursive: true })
  })
})
