import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatKey, isAbove, lockName } from '../../src/domain/key.ts'
import { deepestProject, isSameDirectory } from '../../src/domain/project.ts'

/** Directories out of so few components that they meet, lie in one another, and differ by case alone. */
const directories = fc
  .array(fc.constantFrom('a', 'A', 'b', 'ab', 'task:x', 'J\u030c', '\u01f0'), { maxLength: 4 })
  .map((parts) => parts.join('/'))
const recordPath = (path: string) => formatKey({ kind: 'path', path })
const place = (path: string) => lockName({ kind: 'path', path })
const projectLists = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('web', 'api', 'docs', 'app', 'lib'), directory: directories }),
  { selector: ({ name }) => name, maxLength: 5 },
)
const placed = (list: readonly { name: string; directory: string }[]) =>
  list.map(({ name, directory }) => ({ name, path: recordPath(directory), directory }))

describe('the project of a directory', () => {
  test('is one whose directory is it or lies above it in the tree of locks, or there is none', () => {
    fc.assert(
      fc.property(projectLists, directories, (list, here) => {
        const around = placed(list).filter(
          ({ directory }) => place(directory) === place(here) || isAbove(place(directory), place(here)),
        )
        const found = deepestProject(placed(list), here)
        if (found === undefined) expect(around).toStrictEqual([])
        else expect(around).toContainEqual(found)
      }),
    )
  })

  test('lies below every other that the directory is in', () => {
    fc.assert(
      fc.property(projectLists, directories, (list, here) => {
        const found = deepestProject(placed(list), here)
        for (const { directory } of placed(list)) {
          const isAround = place(directory) === place(here) || isAbove(place(directory), place(here))
          if (isAround && found !== undefined)
            expect(isAbove(place(found.directory), place(directory))).toBe(false)
        }
      }),
    )
  })

  test('does not depend on the order in which they were read', () => {
    fc.assert(
      fc.property(projectLists, directories, (list, here) => {
        const found = deepestProject(placed(list), here)
        expect(deepestProject(placed(list).reverse(), here)).toStrictEqual(found)
      }),
    )
  })

  test('stays the same below it until another begins', () => {
    fc.assert(
      fc.property(projectLists, directories, fc.constantFrom('z', 'y/z'), (list, here, below) => {
        const down = here === '' ? below : `${here}/${below}`
        expect(deepestProject(placed(list), down)).toStrictEqual(deepestProject(placed(list), here))
      }),
    )
  })

  test.each([
    ['web/src', 'web'],
    ['WEB', 'web'],
    ['web/admin/x', 'admin'],
    ['website', 'repo'],
    ['', 'repo'],
    ['task:x/y', 'odd'],
  ])('of "%s" is "%s"', (here, name) => {
    const projects = [
      { name: 'repo', path: '.' },
      { name: 'web', path: 'web' },
      { name: 'admin', path: 'web/admin' },
      { name: 'odd', path: './task:x' },
    ]
    expect(deepestProject(projects, here)?.name).toBe(name)
  })
})

test('two directories are one where their places in the tree of locks are', () => {
  fc.assert(
    fc.property(directories, directories, (a, b) => {
      expect(isSameDirectory(recordPath(a), recordPath(b))).toBe(place(a) === place(b))
    }),
  )
})
