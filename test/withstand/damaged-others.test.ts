import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gitFiles } from '../harness/files.ts'
import { Sandbox } from '../harness/sandbox.ts'
import { codeOf, DAMAGE_NAMES, damageAll } from './damages.ts'

const ANNA = { agent: 'anna' }
const BEN = { agent: 'ben' }

describe('logs that cannot be read', () => {
  let sandbox: Sandbox
  const sessions = new Map<string, string>()
  const refOf = (name: string) => `refs/dw/log/${sessions.get(name)?.toLowerCase()}`
  // a log has no version: what another one writes is damage, and no newer record
  const names = DAMAGE_NAMES.filter((name) => !['newer', 'kind', 'fields', 'empty', 'nested'].includes(name))
  beforeAll(async () => {
    sandbox = await Sandbox.create()
    await sandbox.git(['tag', '-a', '-m', 'one', 'v1'])
    const ids = await Promise.all(names.map(async () => (await sandbox.dw(['new'])).stdout.trim()))
    names.forEach((name, at) => {
      sessions.set(name, ids[at] ?? '')
    })
    const sound = { at: '2026-01-02T03:04:05.000Z', event: 'start', session: 'x' }
    await damageAll(sandbox, refOf, () => sound, names)
  })
  afterAll(() => sandbox.dispose())

  test.each(names)('of the kind "%s" are named and left; their session goes on', async (name) => {
    const mine = { env: { DW_SESSION: sessions.get(name) } }
    const log = () => gitFiles(sandbox).get(refOf(name))
    const before = log()
    expect(before).toBeDefined()
    for (const args of [['claim', `of/${name}`], ['release', `of/${name}`], ['end']]) {
      const outcome = await sandbox.dw(args, mine)
      expect(outcome.status, `${args.join(' ')}: ${outcome.stderr}`).toBe(0)
      expect(outcome.stderr).toContain(`"${refOf(name)}" cannot be read; it is left as it is`)
    }
    expect(log()).toBe(before)
  })
})

describe.each(['meta', 'projects/web'])('refs/dw/%s that cannot be read', (name) => {
  const ref = `refs/dw/${name}`
  let sandbox: Sandbox
  beforeEach(async () => {
    sandbox = await Sandbox.create()
    await sandbox.git(['tag', '-a', '-m', 'one', 'v1'])
    await sandbox.dw(['claim', 'mine'], ANNA)
    await sandbox.dw(['new'], BEN)
  })
  afterEach(() => sandbox.dispose())

  const kinds = [
    'no-json',
    'missing',
    'file-empty',
    ...(name === 'meta' ? ['fields', 'commit', 'dangling'] : []),
  ]

  test.each(kinds)('because it is "%s" stays as it is', async (kind) => {
    const sound = name === 'meta' ? await sandbox.record(ref) : { v: 1, kind: 'project', name: 'web' }
    await damageAll(
      sandbox,
      () => ref,
      () => sound,
      [kind],
    )
    const before = gitFiles(sandbox)
    for (const args of [['status'], ['locks'], ['sessions'], ['check', 'mine']]) {
      const outcome = await sandbox.dw(args, ANNA)
      expect(outcome.status, `${args.join(' ')}: ${outcome.stderr}`).toBe(0)
      if (name === 'meta') expect(outcome.stderr, args.join(' ')).toContain(`"${ref}"`)
    }
    for (const args of [
      ['claim', 'other'],
      ['heartbeat', '--force'],
      ['release', 'mine'],
      ['end'],
      ['new'],
    ]) {
      const outcome = await sandbox.dw([...args, '--json'], ANNA)
      if (name === 'meta') {
        expect(JSON.parse(outcome.stderr).error, args.join(' ')).toMatchObject({ code: codeOf(kind), ref })
      } else expect(outcome.status, `${args.join(' ')}: ${outcome.stderr}`).toBe(0)
    }
    const after = gitFiles(sandbox)
    if (name === 'meta') expect(after).toStrictEqual(before)
    else expect(after.get(ref)).toBe(before.get(ref))
  })
})
