import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Sandbox } from '../harness/sandbox.ts'

/** Claims a path and a task and looks around; what it printed and how it ended goes to the file `$OUT`. */
const SCRIPT = `#!/bin/sh
[ -n "$OUT" ] || exit 0
out=$OUT
unset OUT
{
  git dw claim docs/new --json || echo "claim: $?"
  git dw claim --task inner --json || echo "task: $?"
  git dw status --json || echo "status: $?"
} >"$out" 2>&1
`

describe('inside git', () => {
  let sandbox: Sandbox
  let script: string
  let out: string
  beforeEach(async () => {
    sandbox = await Sandbox.create()
    sandbox.write('b.txt', 'b\n')
    await sandbox.git(['add', '.'])
    await sandbox.git(['commit', '--quiet', '-m', 'second'])
    script = join(sandbox.root, 'script')
    out = join(sandbox.root, 'out')
    writeFileSync(script, SCRIPT)
    chmodSync(script, 0o755)
  })
  afterEach(() => sandbox.dispose())

  const hook = (name: string) => {
    writeFileSync(join(sandbox.repo, '.git/hooks', name), `#!/bin/sh\nexec '${script}'\n`, { mode: 0o755 })
  }

  /** Runs git so that the script is started, and checks what the script found and left. */
  const expectClaims = async (args: readonly string[], cwd = sandbox.repo) => {
    const outcome = await sandbox.run('git', args, { cwd, agent: 'A', env: { OUT: out } })
    expect(outcome.status, outcome.stderr).toBe(0)
    expect(existsSync(out), outcome.stderr).toBe(true)
    const said = readFileSync(out, 'utf8')
    expect(said).not.toMatch(/^(?:claim|task|status): |"error"/m)
    const [claim, task, status] = said
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(claim.keys[0].key).toBe('docs/new')
    expect(task.session).toBe(claim.session)
    expect(status.session.id).toBe(claim.session)
    const { path } = task.worktree
    expect(await sandbox.git(['rev-parse', '--show-toplevel', '--abbrev-ref', 'HEAD'], { cwd: path })).toBe(
      `${path}\nfeature/inner`,
    )
    for (const directory of [path, cwd, sandbox.repo]) {
      expect(await sandbox.git(['status', '--porcelain'], { cwd: directory }), directory).toBe('')
    }
    expect((await sandbox.json(['status'], { cwd: path })).session.id).toBe(claim.session)
    expect(await sandbox.refs('refs/dw/locks')).toHaveLength(2)
  }

  test('a post-checkout hook claims in the repository that it runs in', async () => {
    hook('post-checkout')
    await expectClaims(['checkout', '--quiet', '-b', 'topic'])
  })

  test('a post-checkout hook of a linked worktree claims there', async () => {
    const linked = join(sandbox.root, 'linked')
    await sandbox.git(['worktree', 'add', '--quiet', linked])
    hook('post-checkout')
    await expectClaims(['checkout', '--quiet', '-b', 'topic'], linked)
  })

  test.each(['pre-commit', 'post-commit'])('a %s hook with an index of its own claims', async (name) => {
    hook(name)
    sandbox.write('b.txt', 'changed\n')
    // git sets GIT_INDEX_FILE to a temporary index here
    await expectClaims(['commit', '--quiet', '-m', 'third', 'b.txt'])
    expect(await sandbox.git(['show', '--name-only', '--format=%s', 'HEAD'])).toBe('third\n\nb.txt')
  })

  test('git rebase --exec claims in the repository that is rebased', async () => {
    await expectClaims(['rebase', '--quiet', '--exec', script, 'HEAD~1'])
  })

  test('git rebase --exec claims in a linked worktree that is rebased', async () => {
    const linked = join(sandbox.root, 'linked')
    await sandbox.git(['worktree', 'add', '--quiet', linked])
    await expectClaims(['rebase', '--quiet', '--exec', script, 'HEAD~1'], linked)
  })

  test('git -C and GIT_DIR with GIT_WORK_TREE choose the repository', async () => {
    const env = { GIT_DIR: join(sandbox.repo, '.git'), GIT_WORK_TREE: sandbox.repo }
    const options = { cwd: sandbox.root, agent: 'A' }
    expect((await sandbox.dw(['claim', 'repo/x'], options)).status).toBe(128)
    expect((await sandbox.json(['claim', 'repo/x'], { ...options, env })).keys[0].key).toBe('x')
    const task = await sandbox.json(['claim', '--task', 'T'], { ...options, env })
    expect(await sandbox.git(['status', '--porcelain'], { cwd: task.worktree.path })).toBe('')
    const there = await sandbox.run('git', ['-C', 'repo/src', 'dw', 'claim', 'a.ts', '--json'], options)
    expect(JSON.parse(there.stdout).keys[0].key).toBe('src/a.ts')
  })
})
