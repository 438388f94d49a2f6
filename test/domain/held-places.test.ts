import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { HeldPlaces } from '../../src/domain/held-places.ts'
import { type LockName, lockName, MAX_LOCK_NAME_BYTES, onOneLine } from '../../src/domain/key.ts'
import { pathComponents } from './arbitrary.ts'

/** Few short names, so that paths meet, and nasty ones. */
const parts = fc.oneof(fc.constantFrom('a', 'A', 'b', 'a.lock', '-c', 'ä', 'a\u0308'), pathComponents)
const paths = fc.array(parts, { minLength: 1, maxLength: 4 }).map((all) => all.join('/'))
const placeOf = (path: string) => lockName({ kind: 'path', path })
const fits = (path: string) => {
  try {
    return placeOf(path).length <= MAX_LOCK_NAME_BYTES
  } catch {
    return false
  }
}

describe('held places', () => {
  test('are met by a path exactly when a lock of that path would be on their line', () => {
    fc.assert(
      fc.property(fc.array(paths.filter(fits), { maxLength: 8 }), paths.filter(fits), (held, path) => {
        const places = [...new Set(held.map(placeOf))]
        const met = [...new HeldPlaces(places).metBy(path)].sort()
        expect(met).toStrictEqual(places.filter((place) => onOneLine(place, placeOf(path))).sort())
      }),
    )
  })

  test('are met by every path when the whole repository is held', () => {
    fc.assert(
      fc.property(paths, (path) => {
        expect(new HeldPlaces(['path' as LockName]).metBy(path)).toContain('path')
      }),
    )
  })

  test('do not care how letters are written that some file system takes for the same', () => {
    const places = new HeldPlaces([placeOf('Ärger/README.md')])
    expect(places.metBy('a\u0308rger/readme.MD')).toHaveLength(1)
    expect(places.metBy('arger/readme.md')).toHaveLength(0)
  })

  test('are met below a directory by a path longer than any lock can be', () => {
    const long = Array.from({ length: 40 }, () => 'x'.repeat(100)).join('/')
    expect(new HeldPlaces([placeOf('src')]).metBy(`src/${long}`)).toStrictEqual(['path/src'])
  })

  test('are not met by tasks of the same name', () => {
    const task = lockName({ kind: 'task', project: 'app', task: 'src' })
    expect(new HeldPlaces([task]).metBy('app/src')).toStrictEqual([])
  })
})
