import { expect, test } from 'vitest'
import type { Place } from './site.ts'
import { Troubles } from './troubles.ts'
import { Untidy } from './untidy.ts'

const REMOTE: Place = { name: 'remote', gitDir: 'hub.git', disk: null }

/** An untidy remote whose oldest lock file was made when the test says, and how often it was looked after. */
function site() {
  const troubles = new Troubles()
  const care = { oldest: null as number | null, times: 0 }
  const tidy = () => {
    care.times += 1
  }
  const untidy = new Untidy(troubles, { tidy, oldestLock: () => care.oldest })
  const said = "cannot lock ref 'refs/dw/meta': Unable to create 'refs/dw/meta.lock': File exists."
  const isExcused = (text = said) => troubles.explain(text, performance.now(), [REMOTE.name])
  return { untidy, care, isExcused }
}

test('a place with a lock file of before a kill stays untidy, however long others run there', () => {
  const { untidy, care, isExcused } = site()
  untidy.add(REMOTE, 10_000)
  care.oldest = 9_900
  for (const now of [10_500, 13_000, 60_000]) {
    untidy.tidy(now)
    expect([isExcused(), untidy.size]).toEqual([true, 1])
  }
  expect(care.times).toBe(3)
  // what stands there now was made since
  care.oldest = 59_990
  untidy.tidy(60_500)
  expect([isExcused(), untidy.size]).toEqual([false, 0])
})

test('a kill in a place that is untidy already makes it untidy anew', () => {
  const { untidy, care, isExcused } = site()
  untidy.add(REMOTE, 10_000)
  untidy.add(REMOTE, 14_000)
  care.oldest = 14_100
  untidy.tidy(20_000)
  expect(isExcused()).toBe(true)
})

test('whoever is marked to be killed may leave a lock file a moment later', () => {
  const { untidy, isExcused } = site()
  untidy.add(REMOTE, 10_000)
  untidy.tidy(10_500)
  expect(isExcused()).toBe(true)
  untidy.tidy(12_001)
  expect(isExcused()).toBe(false)
})

test('a lock file explains what is said of lock files, there, and nothing else', () => {
  const { untidy, isExcused } = site()
  untidy.add(REMOTE, 10_000)
  expect(isExcused()).toBe(true)
  for (const other of ['the remote hung up', 'No space left on device', 'your locks are in order', ''])
    expect(isExcused(other), other).toBe(false)
})
