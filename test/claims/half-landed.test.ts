import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Sandbox } from '../harness/sandbox.ts'
import { test } from '../harness/transcript.ts'
import { LAUNCHER } from '../races/meeting.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

const lockNames = async (sandbox: Sandbox) =>
  (await sandbox.refs('refs/dw/locks')).map((line) => line.split(' ')[0]?.replace('refs/dw/locks/', ''))

/**
 * A git whose first transaction with locks is prepared, and committed only when Ben has claimed `src/x`.
 * Git's files commit ref by ref, so what sorts before `src` lands, and `src` cannot any more.
 */
function gitThatIsOvertaken(sandbox: Sandbox): Readonly<Record<string, string>> {
  const directory = join(sandbox.root, 'overtaken')
  mkdirSync(directory)
  const path = sandbox.env()['PATH'] ?? ''
  const script = `#!${process.execPath}
const { spawn, spawnSync } = require('node:child_process')
const { readFileSync, existsSync, writeFileSync } = require('node:fs')
const env = { ...process.env, PATH: ${JSON.stringify(path)} }
const args = process.argv.slice(2)
const once = ${JSON.stringify(join(directory, 'done'))}
if (!args.includes('update-ref') || existsSync(once)) {
  process.exit(spawnSync('git', args, { env, stdio: 'inherit' }).status)
}
const input = readFileSync(0).toString('latin1')
if (!input.includes(' refs/dw/locks/')) process.exit(spawnSync('git', args, { env, input, stdio: ['pipe', 1, 2] }).status)
writeFileSync(once, '')
const git = spawn('git', args, { env, stdio: ['pipe', 'pipe', 2] })
git.stdin.write(input.replace(/commit\\0$/, 'prepare\\0'), 'latin1')
let said = ''
git.stdout.on('data', (chunk) => {
  said += chunk
  if (!said.includes('prepare: ok')) return
  said = ''
  spawnSync('git', ['dw', 'claim', 'src/x'], { env: { ...env, CLAUDE_CODE_SESSION_ID: 'ben', DW_SESSION: '' } })
  git.stdin.end('commit\\0')
})
git.on('close', (status) => process.exit(status))
`
  writeFileSync(join(directory, 'git'), script)
  chmodSync(join(directory, 'git'), 0o755)
  return { PATH: `${directory}:${path}` }
}

test('a claim that is refused after half of it landed leaves none of it', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'lost', 'zzz'], ANNA)
  await sandbox.dw(['claim', 'lost', '--steal', '-m', 'needed'], BEN)
  await sandbox.dw(['release', 'lost'], BEN)
  await sandbox.dw(['release', 'zzz'], ANNA)
  const ref = `refs/dw/active/${session.toLowerCase()}`
  const before = await sandbox.record(ref)
  const env = gitThatIsOvertaken(sandbox)
  const claim = await sandbox.run(LAUNCHER, ['claim', 'aaa', 'lost', 'src'], { ...ANNA, env })
  expect(existsSync(join(sandbox.root, 'overtaken', 'done'))).toBe(true)
  expect(claim.stderr).toContain('"src/x" is held by')
  expect(claim.status).toBe(1)
  expect(await lockNames(sandbox)).toStrictEqual(['path/src/x'])
  const after = await sandbox.record(ref)
  expect(after.revoked).toStrictEqual(before.revoked)
  expect(after.fence).toBeGreaterThan(before.fence)
})

test('a session that started with a claim of which half landed goes with it', async ({ sandbox }) => {
  await sandbox.dw(['new'], BEN)
  const sessions = await sandbox.refs('refs/dw/active')
  const env = gitThatIsOvertaken(sandbox)
  const claim = await sandbox.run(LAUNCHER, ['claim', 'aaa', 'src'], { ...ANNA, env })
  expect(claim.stderr).toContain('"src/x" is held by')
  expect(await lockNames(sandbox)).toStrictEqual(['path/src/x'])
  expect((await sandbox.refs('refs/dw/active')).length).toBe(sessions.length)
})

/** A git that commits the first ref of its first transaction with locks, and dies with the program. */
function gitThatDiesAfterOneRef(sandbox: Sandbox): Readonly<Record<string, string>> {
  const directory = join(sandbox.root, 'dying')
  mkdirSync(directory)
  const path = sandbox.env()['PATH'] ?? ''
  const script = `#!${process.execPath}
const { spawnSync } = require('node:child_process')
const { readFileSync } = require('node:fs')
const env = { ...process.env, PATH: ${JSON.stringify(path)} }
const args = process.argv.slice(2)
if (!args.includes('update-ref')) process.exit(spawnSync('git', args, { env, stdio: 'inherit' }).status)
const input = readFileSync(0).toString('latin1')
const updates = input.split(/(?<=\\0)(?=(?:create|update|delete|commit))/)
const first = updates.filter((each) => each.includes(' refs/dw/active/'))[0]
if (!input.includes(' refs/dw/locks/') || first === undefined) {
  process.exit(spawnSync('git', args, { env, input: Buffer.from(input, 'latin1'), stdio: ['pipe', 1, 2] }).status)
}
spawnSync('git', args, { env, input: Buffer.from('start\\0' + first + 'commit\\0', 'latin1') })
process.kill(process.ppid, 'SIGKILL')
`
  writeFileSync(join(directory, 'git'), script)
  chmodSync(join(directory, 'git'), 0o755)
  return { PATH: `${directory}:${path}` }
}

test('a session killed while it claims anew what it lost has not forgotten the loss', async ({ sandbox }) => {
  const { session } = await sandbox.json(['claim', 'zzz'], ANNA)
  await sandbox.dw(['claim', 'zzz', '--steal', '-m', 'needed'], BEN)
  await sandbox.dw(['release', 'zzz'], BEN)
  const ref = `refs/dw/active/${session.toLowerCase()}`
  const { fence } = await sandbox.record(ref)
  const killed = await sandbox.run(LAUNCHER, ['claim', 'zzz'], {
    ...ANNA,
    env: gitThatDiesAfterOneRef(sandbox),
  })
  expect(killed.signal).toBe('SIGKILL')
  const after = await sandbox.record(ref)
  expect(after.fence).toBe(fence + 1)
  expect(after.revoked).toMatchObject([{ key: 'zzz' }])
  expect(await lockNames(sandbox)).toStrictEqual([])
  expect((await sandbox.dw(['claim', 'zzz'], ANNA)).status).toBe(0)
  expect((await sandbox.record(ref)).revoked).toStrictEqual([])
})
