import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { codeOf, DAMAGE_NAMES, damageAll } from './damages.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

const refOf = (name: string) => `refs/dw/locks/path/bad/${name}/dir`
const keyOf = (name: string) => `bad/${name}/dir`

describe('locks that cannot be read', () => {
  let sandbox: Sandbox
  let damaged: Map<string, string>
  const damagedFiles = () =>
    new Map([...gitFiles(sandbox)].filter(([path]) => path.startsWith('refs/dw/locks/path/bad/')))

  beforeAll(async () => {
    sandbox = await Sandbox.create()
    await sandbox.git(['tag', '-a', '-m', 'one', 'v1'])
    await sandbox.dw(['claim', 'mine/a', 'mine/b'], ANNA)
    await sandbox.dw(['claim', 'theirs'], BEN)
    const sound = await sandbox.record('refs/dw/locks/path/mine/a')
    await damageAll(sandbox, refOf, (name) => ({ ...sound, key: keyOf(name) }))
    damaged = damagedFiles()
    expect(damaged.size).toBe(DAMAGE_NAMES.length)
  })
  afterAll(() => sandbox.dispose())

  test.each(DAMAGE_NAMES)('of the kind "%s" are named by check and claim on their line', async (name) => {
    const before = gitFiles(sandbox)
    const keys = [keyOf(name), `${keyOf(name)}/below/it`, `bad/${name}`]
    const commands = keys.flatMap((key) => [
      ['check', key],
      ['claim', key],
    ])
    const own = [
      ['release', keyOf(name)],
      ['claim', keyOf(name), '--steal', '-m', 'now'],
    ]
    await Promise.all(
      [...commands, ...own].map(async (args) => {
        const outcome = await sandbox.dw([...args, '--json'], ANNA)
        expect(outcome.status, `${args.join(' ')}: ${outcome.stdout}`).toBe(128)
        const { error } = JSON.parse(outcome.stderr)
        expect(error, args.join(' ')).toMatchObject({ code: codeOf(name), ref: refOf(name) })
        expect(error.hints.length).toBeGreaterThan(0)
      }),
    )
    expect(gitFiles(sandbox)).toStrictEqual(before)
  })

  test.each(['locks', 'status'])('are all named by %s, in text and in JSON', async (command) => {
    const outcome = await sandbox.dw([command], ANNA)
    expect(outcome.status).toBe(0)
    for (const name of DAMAGE_NAMES) expect(outcome.stderr).toContain(`"${refOf(name)}"`)
    const json = await sandbox.json([command], ANNA)
    const items = command === 'locks' ? json.items : json.damaged
    const refs = items.flatMap((item: { ref?: string; state: string }) =>
      item.state === 'damaged' ? [item.ref] : [],
    )
    expect(refs.sort()).toStrictEqual(DAMAGE_NAMES.map(refOf).sort())
  })

  test('stop nothing off their lines', async () => {
    const steps: readonly (readonly [readonly string[], typeof ANNA, number])[] = [
      [['claim', 'other/c'], ANNA, 0],
      [['claim', 'other/c/d'], BEN, 1],
      [['check', 'other/c', 'free', 'badly', 'bad/none/x'], ANNA, 0],
      [['check', 'other/c'], BEN, 1],
      [['claim', 'other/c', '--steal', '-m', 'now'], BEN, 0],
      [['release', 'mine/a'], ANNA, 0],
      [['claim', '--task', 'T'], ANNA, 0],
      [['heartbeat', '--force'], ANNA, 0],
      [['sessions', '--all'], ANNA, 0],
      [['release', '--all'], ANNA, 0],
      [['end'], ANNA, 0],
      [['end'], BEN, 0],
      [['init'], ANNA, 0],
    ]
    for (const [args, who, status] of steps) {
      const outcome = await sandbox.dw(args, who)
      expect(outcome.status, `${args.join(' ')}: ${outcome.stderr}`).toBe(status)
    }
    const left = (await sandbox.refs('refs/dw/locks')).filter((line) => !line.includes('/path/bad/'))
    expect(left).toStrictEqual([])
  })

  test('are as they were after all of that', () => {
    expect(damagedFiles()).toStrictEqual(damaged)
  })

  test('can be removed by the command that the error names', async () => {
    for (const name of ['no-json', 'missing', 'file-empty', 'dangling']) {
      const refused = await sandbox.dw(['claim', keyOf(name), '--json'], ANNA)
      const hints: string[] = JSON.parse(refused.stderr).error.hints
      const command = /remove it(?: with)?: (.*)$/.exec(hints.at(-1) ?? '')?.[1] ?? ''
      expect((await sandbox.run('sh', ['-c', command])).status, command).toBe(0)
      expect((await sandbox.dw(['claim', keyOf(name)], ANNA)).status, name).toBe(0)
      const file = join(sandbox.repo, '.git', refOf(name))
      expect(existsSync(file) && readFileSync(file, 'utf8')).toMatch(/^[0-9a-f]{40}\n$/)
    }
  })
})
