import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { codeOf, DAMAGE_NAMES, damageAll } from './damages.ts'

const ANNA = { agent: 'anna' }

/** The session of a damage: an id that no session gets by chance. */
const idOf = (name: string) => `SESS-BAD-${name.toUpperCase()}`

describe.each(['active', 'ended'])('records under %s that cannot be read', (place) => {
  const refOf = (name: string) => `refs/dw/${place}/${idOf(name).toLowerCase()}`
  const names =
    place === 'active' ? DAMAGE_NAMES : ['no-json', 'missing', 'tag', 'file-empty', 'dangling', 'newer']
  let sandbox: Sandbox
  let anna: string
  let damaged: Map<string, string>
  const damagedFiles = () =>
    new Map([...gitFiles(sandbox)].filter(([path]) => /sess-bad-|path\/of\//.test(path)))

  beforeAll(async () => {
    sandbox = await Sandbox.create()
    await sandbox.git(['tag', '-a', '-m', 'one', 'v1'])
    anna = (await sandbox.json(['claim', 'mine'], ANNA)).session
    const session = await sandbox.record(`refs/dw/active/${anna.toLowerCase()}`)
    const lock = await sandbox.record('refs/dw/locks/path/mine')
    await damageAll(sandbox, refOf, (name) => ({ ...session, id: idOf(name) }), names)
    for (const name of names) {
      const input = JSON.stringify({ ...lock, key: `of/${name}`, session: idOf(name) })
      const oid = await sandbox.git(['hash-object', '-w', '--stdin'], { input })
      await sandbox.git(['update-ref', `refs/dw/locks/path/of/${name}`, oid])
    }
    damaged = damagedFiles()
    expect(damaged.size).toBe(2 * names.length)
  })
  afterAll(() => sandbox.dispose())

  test.each(names)('of the kind "%s" are named to those who need them', async (name) => {
    const before = gitFiles(sandbox)
    const key = `of/${name}`
    const own = { env: { DW_SESSION: idOf(name) } }
    const cases: readonly (readonly [readonly string[], object])[] = [
      [['claim', 'free'], own],
      [['end'], own],
      [['end', idOf(name), '--force'], ANNA],
      [['resume', idOf(name), '--takeover'], ANNA],
      [['claim', key], ANNA],
      [['claim', `${key}/x`, '--steal', '-m', 'now'], ANNA],
    ]
    await Promise.all(
      cases.map(async ([args, options]) => {
        const outcome = await sandbox.dw([...args, '--json'], options)
        expect(outcome.status, `${args.join(' ')}: ${outcome.stdout}`).toBe(128)
        const { error } = JSON.parse(outcome.stderr)
        expect(error, args.join(' ')).toMatchObject({ code: codeOf(name), ref: refOf(name) })
      }),
    )
    // who only looks is told, and not refused
    const status = await sandbox.json(['status'], own)
    expect(status).toMatchObject({ session: null, doubt: { code: codeOf(name) } })
    expect(gitFiles(sandbox)).toStrictEqual(before)
  })

  test('are all named by sessions, and their locks by locks', async () => {
    const sessions = await sandbox.json(['sessions', '--all'], ANNA)
    const named = (items: { ref: string }[]) => new Set(items.map(({ ref }) => ref))
    for (const name of names) expect(named(sessions.damaged)).toContain(refOf(name))
    expect(sessions.items.map(({ id }: { id: string }) => id)).toStrictEqual([anna])
    const locks = await sandbox.json(['locks'], ANNA)
    for (const name of names) {
      expect(named(locks.items)).toContain(`refs/dw/locks/path/of/${name}`)
    }
  })

  test('stop nothing off their lines', async () => {
    for (const args of [
      ['claim', 'other'],
      ['check', 'other', 'free'],
      ['claim', '--task', 'T'],
      ['locks'],
      ['status'],
      ['heartbeat', '--force'],
      ['release', 'mine'],
      ['release', '--all'],
      ['new'],
      ['end'],
      ['init'],
    ]) {
      const outcome = await sandbox.dw(args, ANNA)
      expect(outcome.status, `${args.join(' ')}: ${outcome.stderr}`).toBe(0)
    }
    expect(damagedFiles()).toStrictEqual(damaged)
  })
})
