import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import { type RunOptions, Sandbox } from '../harness/sandbox.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }
const NOTHING_LEFT_OUT = /^$/

/** The uid that the commands run as: another one where the tests run as root, who may write everywhere. */
const READER = 65534
const IS_ROOT = process.getuid?.() === 0

describe('a repository that cannot be written', () => {
  let sandbox: Sandbox
  let anna: string
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    anna = (await sandbox.json(['claim', 'mine', '-m', 'parser'], ANNA)).session
    await sandbox.dw(['claim', 'theirs'], BEN)
    await sandbox.git(['config', '--global', 'safe.directory', '*'])
    chmodSync(sandbox.root, 0o755)
    await sandbox.run('chmod', ['-R', 'go+rX', '.'], { cwd: sandbox.root })
  })
  afterAll(async () => {
    await sandbox.run('chmod', ['-R', 'u+w', '.'], { cwd: sandbox.root })
    sandbox.dispose()
  })

  const asReader = (args: readonly string[], options: RunOptions = {}) => {
    const under = IS_ROOT ? ['setpriv', `--reuid=${READER}`, '--clear-groups'] : []
    return sandbox.run('env', [...under, 'git', 'dw', ...args], options)
  }

  /** Gives the repository to the reader, but for the named parts. */
  const readOnly = async (...parts: readonly string[]) => {
    await sandbox.run('chmod', ['-R', 'u+w', '.'])
    if (IS_ROOT) await sandbox.run('chown', ['-R', String(READER), '.'])
    for (const part of parts) await sandbox.run('chmod', ['-R', 'a-w', part])
  }

  const READING: readonly (readonly string[])[] = [
    ['status'],
    ['locks'],
    ['sessions', '--all'],
    ['check', 'mine', 'free'],
  ]
  const CHANGING: readonly (readonly string[])[] = [
    ['claim', 'fresh'],
    ['claim', 'theirs', '--steal', '-m', 'now'],
    ['claim', '--task', 'T'],
    ['release', 'mine'],
    ['heartbeat', '--force'],
    ['end'],
    ['init', '--new'],
    ['new'],
  ]

  test.each([
    ['as a whole', ['.']],
    ['in its git directory', ['.git']],
    ['in its objects', ['.git/objects']],
    ['in its refs', ['.git/refs']],
    ['in our refs', ['.git/refs/dw']],
    ['in the refs of live sessions', ['.git/refs/dw/active']],
  ])('%s is read, and refuses every change', async (_, parts) => {
    await readOnly(...parts)
    const before = gitFiles(sandbox, NOTHING_LEFT_OUT)
    for (const options of [ANNA, { ...ANNA, env: { DW_TEST_CLOCK: '+1h' } }]) {
      const [status, locks, sessions, check] = await Promise.all(
        READING.map(async (args) => {
          const outcome = await asReader([...args, '--json'], options)
          expect(outcome, args.join(' ')).toMatchObject({ status: 0, stderr: '' })
          return JSON.parse(outcome.stdout)
        }),
      )
      expect(status).toMatchObject({
        source: 'binding',
        session: { id: anna, locks: ['mine'], state: 'active' },
      })
      expect(locks.items.map(({ key, state }: { key: string; state: string }) => [key, state])).toStrictEqual(
        [
          ['mine', 'live'],
          ['theirs', 'live'],
        ],
      )
      expect(sessions.items).toHaveLength(2)
      expect(check.items.map(({ answer }: { answer: string }) => answer)).toStrictEqual(['mine', 'free'])
    }
    const sandboxes = parts[0] === '.git/refs/dw/active' ? CHANGING.slice(0, 5) : CHANGING
    for (const args of sandboxes) {
      const outcome = await asReader([...args, '--json'], ANNA)
      expect(outcome.status, `${args.join(' ')}: ${outcome.stdout}`).toBe(128)
      const { error } = JSON.parse(outcome.stderr)
      expect(error.code, `${args.join(' ')}: ${error.message}`).toBe('DW_READONLY')
    }
    const after = gitFiles(sandbox, /^(?:objects|dw)\//)
    for (const [path, bytes] of before) {
      if (!/^(?:objects|dw)\//.test(path)) expect(after.get(path), path).toBe(bytes)
    }
    expect(after.size).toBe([...before.keys()].filter((path) => !/^(?:objects|dw)\//.test(path)).length)
  })

  test('in what this clone remembers alone refuses what needs it, and nothing is half done', async () => {
    await readOnly('.git/dw')
    const before = gitFiles(sandbox)
    for (const args of [
      ['claim', 'fresh'],
      ['init'],
      ['init', '--new'],
      ['new'],
      ['resume', anna, '--takeover'],
    ]) {
      const outcome = await asReader([...args, '--json'], { agent: 'newcomer' })
      expect(outcome.status, `${args.join(' ')}: ${outcome.stdout}`).toBe(128)
      expect(JSON.parse(outcome.stderr).error.code, args.join(' ')).toBe('DW_READONLY')
    }
    expect(gitFiles(sandbox)).toStrictEqual(before)
    // a session that is known needs nothing of it
    for (const args of [['claim', 'fresh'], ['release', 'fresh'], ['heartbeat', '--force'], ['end']]) {
      const outcome = await asReader(args, BEN)
      expect(outcome.status, `${args.join(' ')}: ${outcome.stderr}`).toBe(0)
    }
    await readOnly()
    await asReader(['claim', 'theirs'], BEN)
  })

  test('and was never used with git dw is read without a trace', async () => {
    await sandbox.run('rm', ['-rf', '.git/dw', '.git/refs/dw'])
    mkdirSync(join(sandbox.repo, 'x'))
    await readOnly('.')
    const before = gitFiles(sandbox, NOTHING_LEFT_OUT)
    for (const args of READING) {
      expect(await asReader(args, ANNA), args.join(' ')).toMatchObject({ status: 0, stderr: '' })
    }
    expect(gitFiles(sandbox, NOTHING_LEFT_OUT)).toStrictEqual(before)
    expect(readdirSync(sandbox.root).sort()).toStrictEqual(['home', 'repo'])
    writeFileSync(join(sandbox.root, 'done'), '')
  })
})
