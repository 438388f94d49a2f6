import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { DwContext } from '../../src/cli/context.ts'
import { parseCommand } from '../../src/cli/parse.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { OldFiles } from '../migrate/old-files.ts'
import { shBlocks } from './sh-blocks.ts'

const BLOCKS = shBlocks()
/** What the blocks call beside the shell's own commands. */
const STUBBED = ['git', 'git-dw', 'npm', 'npx', 'my-agent', 'cat', 'tmux', 'mkdir', 'ln', 'cp', 'chmod']

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await Sandbox.create({ name: 'shop' })
})
afterAll(() => sandbox.dispose())

/** Programs that do nothing but say with which arguments they were called, and answer a directory. */
function stubs(names: readonly string[]): { readonly directory: string; readonly calls: string } {
  const directory = join(sandbox.root, 'stubs')
  const calls = join(sandbox.root, 'calls')
  mkdirSync(directory)
  writeFileSync(calls, '')
  const script = `#!/bin/sh\n{ printf '%s\\0' "\${0##*/}" "$@"; printf '\\n\\0'; } >>'${calls}'\necho .\n`
  for (const name of names) writeFileSync(join(directory, name), script, { mode: 0o755 })
  // a loop goes round once
  writeFileSync(join(directory, 'sleep'), `#!/bin/sh\nset -C; : >'${calls}.slept'\n`, { mode: 0o755 })
  return { directory, calls }
}

test('every sh block is good shell, and every git dw call in it one that the program takes', async () => {
  expect(BLOCKS.length).toBeGreaterThan(50)
  const { directory, calls } = stubs(['block', ...STUBBED])
  const work = join(sandbox.root, 'work')
  mkdirSync(work)
  const env = { PATH: directory, CI_COMMIT_SHA: 'abc', HOME: work }
  // what one of them lacks here keeps no other from being called
  const script = BLOCKS.map(({ text }, at) => `block ${at}\n(\n${text}\n)\n`).join('')
  const checked = await sandbox.run('/bin/sh', ['-n'], { input: script, cwd: work, env })
  expect(checked).toMatchObject({ status: 0, stderr: '' })
  await sandbox.run('/bin/sh', [], { input: script, cwd: work, env })
  const wrong: string[] = []
  const met = readFileSync(calls, 'utf8').split('block\0').slice(1)
  for (const [at, { page, number, text }] of BLOCKS.entries()) {
    const all = (met[at] ?? '').split('\n\0').slice(1, -1).map(wordsOf).filter(isOurs)
    const written = text.replace(/(^|\s)#.*$|"[^"]*"/gm, '$1').match(/(?<=^|[\s(])git dw(?=\s)/gm) ?? []
    if (all.length < written.length)
      wrong.push(`${page} ${number}: ${all.length} calls, not ${written.length}`)
    for (const [, ...words] of all) {
      if (words.length === 0) continue
      await parseCommand(words, {} as DwContext).catch((error: Error) => {
        wrong.push(`${page} ${number}: git dw ${words.join(' ')}: ${error.message}`)
      })
    }
  }
  expect(wrong).toStrictEqual([])
})

/** The words of a call of git behind its own options. */
function wordsOf(call: string): readonly string[] {
  const [program, ...words] = call.split('\0').slice(0, -1)
  return program === 'git' ? withoutGitOptions(words) : []
}

const isOurs = ([first]: readonly string[]) => first === 'dw'

function withoutGitOptions(words: readonly string[]): readonly string[] {
  const [first, , ...rest] = words
  return first === '-C' || first === '-c' ? withoutGitOptions(rest) : words
}

// some ten commands each, on a machine that may be busy
describe('the blocks that a reader copies do what their pages say', () => {
  const run = async (page: string, number: number, agent: string) => {
    const block = BLOCKS.find((each) => each.page === page && each.number === number)
    const { status, stderr } = await sandbox.run('sh', ['-e'], {
      input: block?.text ?? 'exit 99',
      agent,
      env: { CI_COMMIT_SHA: 'abc', PATH: `${join(sandbox.root, 'bin')}:${sandbox.env()['PATH']}` },
    })
    expect([page, number, status], stderr).toStrictEqual([page, number, 0])
  }
  const program = (path: string, ...lines: string[]) =>
    writeFileSync(path, ['#!/bin/sh -e', ...lines, ''].join('\n'), { mode: 0o755 })

  beforeAll(async () => {
    await sandbox.git(['config', '--global', 'dw.backgroundSync', 'false'])
    const hub = join(sandbox.root, 'shop.git')
    await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, hub])
    await sandbox.git(['remote', 'add', 'origin', hub])
    const bin = join(sandbox.root, 'bin')
    mkdirSync(bin)
    const lines = ['echo work >"$DW_TASK.txt"', 'git add .', 'git commit --quiet -m work']
    const result = 'git dw record-result --task "$DW_TASK" --status passed >/dev/null'
    program(join(bin, 'my-agent'), 'test -n "$DW_SESSION"', 'test -n "$DW_TASK" || exit 0', ...lines, result)
    program(join(bin, 'npm'), `echo ${join(sandbox.root, 'modules')}`)
  })

  test('of hooks', async () => {
    await run('docs/hooks.md', 1, 'ann')
    expect(existsSync(join(sandbox.repo, '.git/hooks/pre-push'))).toBe(false)
  })

  test('of a migration', async () => {
    const state = join(sandbox.repo, 'state')
    new OldFiles(state).session('SESS-one')
    await run('docs/migration.md', 1, 'ann')
    expect(await sandbox.refs('refs/dw')).toStrictEqual([])
    await sandbox.run('mv', [state, join(sandbox.root, 'old-state')])
  })

  test('for agents', async () => {
    await run('docs/agents.md', 1, 'ann')
    await run('docs/agents.md', 2, 'ann')
    for (const skill of ['project-session', 'worktree-task'])
      expect((await sandbox.run('readlink', [join(sandbox.home, '.claude/skills', skill)])).stdout).toBe(
        `${join(sandbox.root, 'modules/git-dw/skills', skill)}\n`,
      )
    await sandbox.git(['merge', '--quiet', 'feature/fix-login'])
    await run('skills/worktree-task/SKILL.md', 1, 'ben')
    await sandbox.git(['push', '--quiet', 'origin', 'feature/fix-login'])
    await run('skills/worktree-task/SKILL.md', 2, 'ben')
    expect(await sandbox.record('refs/dw/results/shop/fix-login')).toMatchObject({ status: 'passed' })
    await run('skills/worktree-task/SKILL.md', 3, 'ben')
    expect(existsSync(join(sandbox.home, 'worktrees/shop/fix-login'))).toBe(false)
    for (const number of [1, 2]) await run('skills/project-session/SKILL.md', number, 'ben')
  })

  test('of the recipes: ten agents, a CI job, game assets', async () => {
    sandbox.write('tasks', 'search\nbilling\n')
    await run('docs/recipes.md', 1, 'ann')
    for (const task of ['search', 'billing'])
      expect(await sandbox.record(`refs/dw/results/shop/${task}`)).toMatchObject({
        status: 'passed',
        files: [`${task}.txt`],
      })
    program(join(sandbox.repo, 'deploy'), 'git dw locks --json >deployed')
    await run('docs/recipes.md', 2, 'ann')
    const { items } = JSON.parse(readFileSync(join(sandbox.repo, 'deployed'), 'utf8'))
    expect(items).toMatchObject([{ key: 'task:shop/deploy', why: 'deploy abc', ttl: 1200 }])
    expect(await sandbox.refs('refs/dw/locks')).toStrictEqual([])
    await run('docs/recipes.md', 3, 'ann')
    expect(await sandbox.git(['config', 'dw.preCommit'])).toBe('deny')
    for (const hook of ['pre-commit', 'pre-push'])
      expect(existsSync(join(sandbox.repo, '.git/hooks', hook)), hook).toBe(true)
  })

  test('of sharing, and what an agent does at the end of its work', async () => {
    await run('docs/sharing.md', 1, 'ann')
    const there = await sandbox.git(['for-each-ref', '--format=%(refname)'], {
      cwd: join(sandbox.root, 'shop.git'),
    })
    expect(there.split('\n')).toContain('refs/dw/locks/path/src/api')
    await sandbox.dw(['claim', '--task', 'fix-login', '--no-worktree', '--again'], { agent: 'cleo' })
    await run('skills/project-session/SKILL.md', 3, 'cleo')
    const held = await sandbox.git(['for-each-ref', '--format=%(refname)', 'refs/dw/locks'])
    expect(held, 'what ann claimed').toBe('refs/dw/locks/path/src/api')
  })

  test('all of them: a block that is run nowhere is of those that install, measure, or need another machine', () => {
    const elsewhere = [
      'README',
      'CONTRIBUTING',
      'commands',
      'getting-started',
      'manual-test',
      'performance',
      'reliability',
      'server-hook',
    ]
    const pages = [...new Set(BLOCKS.map(({ page }) => basename(page, '.md')))]
    const played = ['hooks', 'migration', 'agents', 'recipes', 'sharing', 'SKILL']
    expect(pages.filter((page) => !elsewhere.includes(page)).sort()).toStrictEqual(played.sort())
  })
})
