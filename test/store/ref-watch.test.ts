import { expect, type TestContext, test } from 'vitest'
import type { SessionId } from '../../src/domain/record.ts'
import { activeRef } from '../../src/store/ref-names.ts'
import { sampleSession } from './record-samples.ts'
import { linkedWorktree, normalRepository, type Place } from './repositories.ts'

const REF = activeRef('SESS-WATCHED' as SessionId)
const session = (fence: number) => sampleSession({ id: 'SESS-WATCHED' as SessionId, fence })

async function opened({ onTestFinished }: TestContext, make = normalRepository): Promise<Place> {
  const place = await make()
  onTestFinished(() => place.sandbox.dispose())
  return place
}

/** Starts to watch, does `step`, and waits until the watch tells of it; without that the test never ends. */
async function tells(place: Place, step: () => Promise<unknown>): Promise<void> {
  let tell = () => {}
  const told = new Promise<void>((resolve) => {
    tell = resolve
  })
  const watch = place.store().watch(tell)
  watch.attend([REF])
  await step()
  await told
  watch.close()
}

const write = async (place: Place, fence: number | null) => {
  const from = (await place.store().read({ refs: [REF] })).get(REF) ?? null
  const to = fence === null ? null : session(fence)
  expect((await place.store().commit([{ ref: REF, from, to }])).outcome).toBe('committed')
}

test('a watch in a repository without any record sees the first one', async (context) => {
  const place = await opened(context)
  await tells(place, () => write(place, 1))
})

test('a watch sees changes of a record that was packed away', async (context) => {
  const place = await opened(context)
  await write(place, 1)
  await place.git('pack-refs', '--all', '--prune')
  await tells(place, () => write(place, 2))
  await place.git('pack-refs', '--all', '--prune')
  await tells(place, () => write(place, null))
})

test('a watch sees a change after the directory that it watched was packed away', async (context) => {
  const place = await opened(context)
  await write(place, 1)
  const watch = place.store().watch(() => undefined)
  watch.attend([REF])
  await place.git('pack-refs', '--all', '--prune')
  await tells(place, () => write(place, 2))
  watch.close()
})

test('a watch in a linked worktree sees what is written in the main one', async (context) => {
  const place = await opened(context, linkedWorktree)
  const main = await (await import('./repositories.ts')).Place.at(place.sandbox)
  await tells(place, () => write(main, 1))
})
