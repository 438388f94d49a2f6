import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { REGISTRY } from '../../src/cli/registry.ts'
import { allHelp } from '../../src/cli/usage.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { Terminal } from '../harness/terminal.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const PAGES = readdirSync(join(ROOT, 'man')).map((name) => join(ROOT, 'man', name))

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await Sandbox.create()
})
afterAll(() => sandbox.dispose())

test('there is a page for git dw and one for each command, and the package has them all', () => {
  const names = ['git-dw', ...REGISTRY.map(({ path }) => ['git-dw', ...path].join('-'))].map(
    (name) => `man/${name}.1`,
  )
  expect(PAGES.map((page) => page.slice(ROOT.length + 1)).sort()).toStrictEqual(names.sort())
  // a command that is new: add its page to "man" in package.json
  expect([...packageJson.man].sort()).toStrictEqual(names)
})

test("a command's page names every option that its usage has", async () => {
  const missing = (await allHelp()).flatMap(({ name, options }) => {
    const page = readFileSync(join(ROOT, 'man', `git-dw-${name.replaceAll(' ', '-')}.1`), 'utf8')
    const text = page.replaceAll('\\-', '-').replaceAll('\\&', '').replaceAll('...', '…')
    return options.filter(({ flags }) => !text.includes(flags)).map(({ flags }) => `${name} ${flags}`)
  })
  expect(missing).toStrictEqual([])
})

test('mandoc finds nothing to say about a page', async () => {
  expect(PAGES.length).toBeGreaterThan(30)
  const { status, stdout, stderr } = await sandbox.run('mandoc', ['-Tlint', '-Wall', ...PAGES])
  expect({ status, stdout, stderr }).toStrictEqual({ status: 0, stdout: '', stderr: '' })
})

test('man-db shows every page without a warning', async () => {
  const env = { MANWIDTH: '80', MANPAGER: 'cat', MANOPT: undefined }
  const { status, stdout, stderr } = await sandbox.run('man', ['--warnings=w', '-l', ...PAGES], { env })
  expect({ status, stderr }).toStrictEqual({ status: 0, stderr: '' })
  expect(stdout.match(/^NAME$/gm)).toHaveLength(PAGES.length)
  expect(stdout).toMatch(/git-dw-claim +- +claim +a +task/)
})

test('after npm link, git help dw and --help of a command open their pages', async () => {
  const prefix = join(sandbox.root, 'prefix')
  mkdirSync(join(prefix, 'lib'), { recursive: true })
  // the scripts would build anew, under the feet of the other tests
  const link = ['link', '--ignore-scripts', '--offline', '--no-audit', '--no-fund']
  const linked = await sandbox.run('npm', link, { cwd: ROOT, env: { npm_config_prefix: prefix } })
  expect(linked).toMatchObject({ status: 0 })
  const path = [join(prefix, 'bin'), dirname(process.execPath), process.env['PATH']].join(':')
  const env = { PATH: path, MANWIDTH: '80', MANPAGER: 'cat' }
  const screens = await Promise.all(
    ['git help dw', 'git dw --help', 'git dw claim --help', 'git dw worktree list --help'].map(
      async (command) => new Terminal(sandbox, command, { env }).ended(),
    ),
  )
  expect(screens.map(({ status }) => status)).toStrictEqual([0, 0, 0, 0])
  expect(screens.map(({ screen }) => /^GIT-DW\S*\(1\)/m.exec(screen)?.[0])).toStrictEqual([
    'GIT-DW(1)',
    'GIT-DW(1)',
    'GIT-DW-CLAIM(1)',
    'GIT-DW-WORKTREE-LIST(1)',
  ])
})
