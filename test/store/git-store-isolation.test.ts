import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { refOf, sampleLock } from './record-samples.ts'
import { normalRepository, type Place } from './repositories.ts'

let place: Place

beforeEach(async () => {
  place = await normalRepository()
})
afterEach(() => place.sandbox.dispose())

/** A life of records: created, changed, deleted, beside one that stays. */
async function liveThrough(): Promise<void> {
  const store = place.store({ sleep: async () => expect.fail('something stood in the way') })
  const [ref, kept] = [refOf('src'), refOf('docs')]
  const step = async (...changes: Parameters<typeof store.commit>[0]) => {
    expect(await store.commit(changes)).toMatchObject({ outcome: 'committed' })
    return (await store.read({ refs: [ref] })).get(ref) ?? null
  }
  const creation = { ref: kept, from: null, to: sampleLock('docs') }
  const first = await step(creation, { ref, from: null, to: sampleLock('src') })
  const second = await step({ ref, from: first, to: sampleLock('src', { why: 'again' }) })
  expect(await step({ ref, from: second, to: null })).toBeNull()
}

function hook(file: string, ...lines: readonly string[]): void {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, ['#!/bin/sh', ...lines, ''].join('\n'))
  chmodSync(file, 0o755)
}

describe('a hook of the user that vetoes every change of refs', () => {
  test.each([
    ['.git/hooks', undefined],
    ['core.hooksPath', 'my hooks'],
  ])('in %s stops no commit and is not even run', async (_where, path) => {
    const directory = path === undefined ? place.file('hooks') : join(place.sandbox.root, path)
    if (path !== undefined) await place.git('config', 'core.hooksPath', directory)
    const trace = join(place.sandbox.root, 'trace')
    hook(join(directory, 'reference-transaction'), `echo run >> '${trace}'`, 'exit 1')
    await expect(place.git('update-ref', 'refs/heads/other', 'HEAD')).rejects.toThrow()
    const before = statSync(trace).size
    expect(before).toBeGreaterThan(0)
    await liveThrough()
    expect(statSync(trace).size).toBe(before)
  })
})

describe('reflogs', () => {
  test('of records are not written, even where all refs have one', async () => {
    await place.git('config', 'core.logAllRefUpdates', 'always')
    await place.git('update-ref', 'refs/other/logged', 'HEAD')
    expect(existsSync(place.file('logs/refs/other/logged'))).toBe(true)
    await liveThrough()
    expect(existsSync(place.file('logs/refs/dw'))).toBe(false)
  })
})

/** Every file of the git directory with its bytes, but for objects and our own refs. */
function filesBeside(): Map<string, string> {
  const { commonDir } = place.repository
  const paths = readdirSync(commonDir, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/^(?:objects|refs\/dw)(?:\/|$)/.test(path))
    .filter((path) => statSync(join(commonDir, path)).isFile())
  return new Map(paths.map((path) => [path, readFileSync(join(commonDir, path), 'latin1')]))
}

describe('what is not ours', () => {
  test('stays as it is, byte for byte', async () => {
    await place.git('tag', '-a', '-m', 'signed off', 'v1')
    await place.git('symbolic-ref', 'refs/heads/alias', 'refs/heads/main')
    await place.git('update-ref', 'refs/dwarf/x', 'HEAD')
    await place.git('update-ref', 'refs/dw-local/rescue/x', 'HEAD')
    await place.git('pack-refs', '--all')
    await place.git('update-ref', 'refs/heads/loose', 'HEAD')
    const before = filesBeside()
    for (const path of ['HEAD', 'index', 'config', 'packed-refs', 'refs/heads/loose', 'logs/HEAD']) {
      expect([...before.keys()], 'the test looks at it').toContain(path)
    }
    await liveThrough()
    expect(filesBeside()).toEqual(before)
  })

  test('stays as it is when our refs were packed among others', async () => {
    await liveThrough()
    await place.git('tag', '-a', '-m', 'signed off', 'v1')
    await place.git('pack-refs', '--all', '--prune')
    const others = async () => (await place.sandbox.refs()).filter((line) => !line.startsWith('refs/dw/'))
    const before = await others()
    expect(before.length).toBeGreaterThan(1)
    const store = place.store()
    const from = (await store.read({ refs: [refOf('docs')] })).get(refOf('docs')) ?? null
    expect((await store.commit([{ ref: refOf('docs'), from, to: null }])).outcome).toBe('committed')
    expect(await others()).toEqual(before)
    expect(await place.sandbox.refs('refs/dw')).toEqual([])
  })

  test('is not taken for a record, though a branch has the name of a lock', async () => {
    await place.git('update-ref', `refs/heads/${refOf('src')}`, 'HEAD')
    await place.git('update-ref', `refs/tags/${refOf('docs')}`, 'HEAD')
    const line = await place.store().read({
      refs: [refOf('src'), refOf('docs')],
      above: [refOf('src/a.ts'), refOf('docs/b.md')],
    })
    expect([...line.keys()]).toEqual([])
  })
})
