import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { describe, expect, type TestContext, test } from 'vitest'
import { DwError } from '../../src/domain/error.ts'
import type { Change } from '../../src/store/store.ts'
import { refOf, sampleLock } from './record-samples.ts'
import { linkedWorktree, normalRepository, type Place } from './repositories.ts'

const LOCK = `${refOf('src')}.lock`
const creation: Change = { ref: refOf('src'), from: null, to: sampleLock('src') }

/** A repository that goes away with its test; tests at once each have to name their own. */
async function opened({ onTestFinished }: TestContext, make = normalRepository): Promise<Place> {
  const place = await make()
  onTestFinished(() => place.sandbox.dispose())
  return place
}

/** Leaves a file in the common git directory that is so many seconds old. */
function leave(place: Place, path: string, age: number): void {
  const file = place.file(path)
  const then = Date.now() / 1000 - age
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, '')
  utimesSync(file, then, then)
}

/** All lock files in the common git directory. */
function lockFiles(place: Place): string[] {
  const found = readdirSync(place.repository.commonDir, { recursive: true, encoding: 'utf8' })
  return found.filter((path) => path.endsWith('.lock')).sort()
}

/** A clock that is `step` milliseconds further at each look. */
function clockOf(step: number): () => number {
  let now = 0
  return () => {
    now += step
    return now
  }
}

const noSleep = async () => expect.fail('there was nothing to wait for')

async function refusal(commit: Promise<unknown>): Promise<DwError> {
  const error: unknown = await commit.then(
    () => expect.fail('it was committed'),
    (reason: unknown) => reason,
  )
  return error instanceof DwError ? error : expect.fail(`no DwError: ${error}`)
}

// git itself waits two seconds for each of these, hence all at once
describe.concurrent('a lock file in the way', () => {
  test.for([
    ['the main worktree', normalRepository],
    ['a linked worktree', linkedWorktree],
  ] as const)(
    'that is older than a minute is removed, seen from %s, and others are left alone',
    async ([, make], context) => {
      const place = await opened(context, make)
      const others = ['refs/heads/main.lock', `${refOf('other')}.lock`]
      for (const path of [LOCK, ...others]) leave(place, path, 61)
      expect(await place.store({ sleep: noSleep }).commit([creation])).toMatchObject({ outcome: 'committed' })
      expect(lockFiles(place)).toEqual([...others].sort())
      expect((await place.store().read({ refs: [creation.ref] })).size).toBe(1)
    },
  )

  test('that is younger is waited for, for five seconds, and then named', async (context) => {
    const place = await opened(context)
    leave(place, LOCK, 30)
    const pauses: number[] = []
    const sleep = async (milliseconds: number) => {
      pauses.push(milliseconds)
    }
    const store = place.store({ elapsed: clockOf(2600), sleep, random: () => 0.5 })
    const error = await refusal(store.commit([creation]))
    expect(error).toMatchObject({ code: 'DW_BUSY', details: { lockFiles: [LOCK] } })
    expect(error.message).toContain(place.file(LOCK))
    expect(error.hints.length).toBeGreaterThan(0)
    expect(pauses).toHaveLength(1)
    expect(lockFiles(place)).toEqual([LOCK])
    expect((await place.store().read({ refs: [creation.ref] })).size).toBe(0)
  })

  test('is waited for no longer than the caller has patience', async (context) => {
    const place = await opened(context)
    leave(place, LOCK, 0)
    const commit = place.store({ sleep: noSleep }).commit([creation], { patience: 0 })
    expect(await refusal(commit)).toMatchObject({ code: 'DW_BUSY', details: { lockFiles: [LOCK] } })
  })

  test('that goes away while it is waited for stops nothing', async (context) => {
    const place = await opened(context)
    leave(place, LOCK, 0)
    const store = place.store({ sleep: async () => rm(place.file(LOCK)) })
    expect(await store.commit([creation])).toMatchObject({ outcome: 'committed' })
  })

  test('whose age is told by the clock of the file system is not removed by one that runs slow', async (context) => {
    const place = await opened(context)
    leave(place, LOCK, 61)
    const slow = { fileClock: () => Date.now() - 15_000, elapsed: clockOf(6000) }
    expect(await refusal(place.store(slow).commit([creation]))).toMatchObject({ code: 'DW_BUSY' })
    expect(lockFiles(place)).toEqual([LOCK])
  })

  test('of packed-refs is named and left, however old it is', async (context) => {
    const place = await opened(context)
    await place.store().commit([creation])
    await place.git('pack-refs', '--all', '--prune')
    const from = (await place.store().read({ refs: [creation.ref] })).get(creation.ref) ?? null
    leave(place, 'packed-refs.lock', 86_400)
    const store = place.store({ elapsed: clockOf(6000) })
    const error = await refusal(store.commit([{ ref: creation.ref, from, to: null }]))
    expect(error).toMatchObject({ code: 'DW_BUSY', details: { lockFiles: ['packed-refs.lock'] } })
    expect(error.message).toContain(place.file('packed-refs.lock'))
    expect(lockFiles(place)).toEqual(['packed-refs.lock'])
    await rm(place.file('packed-refs.lock'))
    expect(await place.store().commit([{ ref: creation.ref, from, to: null }])).toMatchObject({
      outcome: 'committed',
    })
  })

  test('does not hide a conflict', async (context) => {
    const place = await opened(context)
    await place.store().commit([creation])
    leave(place, LOCK, 0)
    expect(await place.store({ sleep: noSleep }).commit([creation])).toMatchObject({
      outcome: 'conflict',
      refs: [creation.ref],
    })
  })

  test('that lies below the key, where a killed write of a file in it left it, stops no directory', async (context) => {
    const place = await opened(context)
    const below = [`${refOf('src/a')}.lock`, `${refOf('src/b/c')}.lock`]
    for (const path of below) leave(place, path, 61)
    expect(await place.store({ sleep: noSleep }).commit([creation])).toMatchObject({ outcome: 'committed' })
    expect(lockFiles(place)).toEqual([])
  })

  test('that lies below the key and is young is waited for and named', async (context) => {
    const place = await opened(context)
    const below = `${refOf('src/a')}.lock`
    leave(place, below, 30)
    const error = await refusal(place.store({ elapsed: clockOf(6000) }).commit([creation]))
    expect(error).toMatchObject({ code: 'DW_BUSY', details: { lockFiles: [below] } })
    await rm(place.file(below))
    expect(await place.store().commit([creation])).toMatchObject({ outcome: 'committed' })
  })

  test('that lies above the key is in nobody’s way', async (context) => {
    const place = await opened(context)
    const above = `${refOf('src')}.lock`
    leave(place, above, 0)
    const file = { ref: refOf('src/a'), from: null, to: sampleLock('src/a') }
    expect(await place.store({ sleep: noSleep }).commit([file])).toMatchObject({ outcome: 'committed' })
    expect(lockFiles(place)).toEqual([above])
  })

  test('that is an empty directory goes when it is old, and one with something in it is named', async (context) => {
    const place = await opened(context)
    mkdirSync(place.file(LOCK), { recursive: true })
    const old = new Date(Date.now() - 61_000)
    utimesSync(place.file(LOCK), old, old)
    const commit = await place.store({ sleep: noSleep }).commit([creation])
    expect(commit).toMatchObject({ outcome: 'committed' })
    expect(lockFiles(place)).toEqual([])

    const other = refOf('lib')
    leave(place, `${other}.lock/file`, 61)
    utimesSync(place.file(`${other}.lock`), old, old)
    const refused = place
      .store({ elapsed: clockOf(6000) })
      .commit([{ ref: other, from: null, to: sampleLock('lib') }])
    expect(await refusal(refused)).toMatchObject({ details: { lockFiles: [`${other}.lock`] } })
    expect(statSync(place.file(`${other}.lock/file`)).isFile()).toBe(true)
  })

  test.for(['packed-refs.lock', 'packed-refs.new'])(
    'named %s stops no creation, and a deletion says where it is',
    async (name, context) => {
      const place = await opened(context)
      await place.store().commit([creation])
      await place.git('pack-refs', '--all', '--prune')
      leave(place, name, 86_400)
      const other = { ref: refOf('lib'), from: null, to: sampleLock('lib') }
      expect(await place.store({ sleep: noSleep }).commit([other])).toMatchObject({ outcome: 'committed' })
      const from = (await place.store().read({ refs: [creation.ref] })).get(creation.ref) ?? null
      const deletion = { ref: creation.ref, from, to: null }
      const error = await refusal(place.store({ elapsed: clockOf(6000) }).commit([deletion]))
      expect(error).toMatchObject({ code: 'DW_BUSY', details: { lockFiles: [name] } })
      expect(error.hints.join()).toContain(`rm ${place.file(name)}`)
      await rm(place.file(name))
      expect(await place.store().commit([deletion])).toMatchObject({ outcome: 'committed' })
    },
  )
})

describe('what a crash leaves among the refs', () => {
  test('an empty directory where a lock is to be made stops nothing', async (context) => {
    const place = await opened(context)
    mkdirSync(place.file(refOf('src/a/b')), { recursive: true })
    expect(await place.store({ sleep: noSleep }).commit([creation])).toMatchObject({ outcome: 'committed' })
  })

  test('an empty file below the key is named, and no other key is blocked', async (context) => {
    const place = await opened(context)
    leave(place, refOf('src/a'), 0)
    const error = await refusal(place.store({ sleep: noSleep }).commit([creation]))
    expect(error).toMatchObject({ code: 'DW_CORRUPT_STATE', details: { ref: refOf('src/a') } })
    const beside = { ref: refOf('src/b'), from: null, to: sampleLock('src/b') }
    expect(await place.store({ sleep: noSleep }).commit([beside])).toMatchObject({ outcome: 'committed' })
  })
})
