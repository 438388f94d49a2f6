import { execFile } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BUILD, PROGRAMS, Sandbox } from '../harness/sandbox.ts'

const ROOT = join(PROGRAMS, '..')
const NATIVE = join(ROOT, 'dist/native/git-dw')

let sandbox: Sandbox
beforeAll(async () => {
  sandbox = await Sandbox.create()
})
afterAll(() => sandbox.dispose())

test('doctor says which build runs', async () => {
  const { items } = await sandbox.json(['doctor'])
  const [{ what }] = items.filter(({ check }: { check: string }) => check === 'versions')
  const engine = BUILD === 'native' ? /, bun \d\S+, / : new RegExp(`, node ${process.versions.node}, `)
  expect(what).toMatch(engine)
  expect(what).toContain(`(${BUILD} build)`)
})

describe.skipIf(!existsSync(NATIVE))('the native build', () => {
  test('runs none of the files that Bun would look for in the repository', async () => {
    sandbox.write('.env', 'DW_SESSION=SESS-0000000000\n')
    sandbox.write('bunfig.toml', 'preload = ["./loaded.js"]\n')
    sandbox.write('loaded.js', 'console.log("loaded")\n')
    sandbox.write('package.json', '{"name":"theirs","imports":{"#x":"./loaded.js"}}\n')
    sandbox.write('tsconfig.json', '{"compilerOptions":{"baseUrl":"."}}\n')
    const outcome = await sandbox.run(NATIVE, ['status', '--json'])
    expect(outcome).toMatchObject({ status: 0, stderr: '' })
    expect(JSON.parse(outcome.stdout).session).toBeNull()
  })
})

test('where Bun cannot be had, a stale native build goes and the Node build stands', async () => {
  const root = join(sandbox.root, 'package')
  for (const part of [
    'scripts',
    'package.json',
    'tools/native/package.json',
    'tools/native/package-lock.json',
  ])
    cpSync(join(ROOT, part), join(root, part), { recursive: true })
  const stale = join(root, 'dist/native/git-dw')
  mkdirSync(join(stale, '..'), { recursive: true })
  writeFileSync(stale, '#!/bin/sh\n', { mode: 0o755 })
  const env = {
    ...process.env,
    npm_config_cache: join(sandbox.root, 'cache'),
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  }
  const made = await promisify(execFile)(process.execPath, [join(root, 'scripts/build-native.mjs')], { env })
  expect(made.stdout).toMatch(/^no native build, the Node build stands: .+\n$/)
  expect(existsSync(stale)).toBe(false)
})
