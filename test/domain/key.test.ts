import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DwError } from '../../src/domain/error.ts'
import {
  dropCovered,
  formatKey,
  isAbove,
  type Key,
  lockName,
  MAX_LOCK_NAME_BYTES,
  onOneLine,
  parseKey,
  parseNamedKey,
  prefixes,
  projectKey,
  taskKey,
} from '../../src/domain/key.ts'
import { fold } from '../../src/domain/name.ts'
import type { SessionId } from '../../src/domain/record.ts'
import {
  activeRef,
  endedRef,
  lockNameOf,
  lockRef,
  logRef,
  META_REF,
  refsAbove,
  refsCollide,
} from '../../src/store/ref-names.ts'
import { pathComponents, taskNames } from './arbitrary.ts'

const pathOf = (...parts: readonly string[]): Key => ({ kind: 'path', path: parts.join('/') })

const tasks = fc.tuple(taskNames, taskNames).map(([project, task]): Key => taskKey(project, task))
const projects = taskNames.map((project): Key => projectKey(project))
const paths = fc.array(pathComponents, { maxLength: 3 }).map((parts): Key => pathOf(...parts))
const keys = fc.oneof(paths, tasks, projects)
/** Keys out of so few that many are the same, above or below one another. */
const closeKeys = fc.oneof(
  fc.array(fc.constantFrom('a', 'A', 'a.b', 'a-b', 'b'), { maxLength: 3 }).map((parts) => pathOf(...parts)),
  fc.constantFrom(
    projectKey('a'),
    projectKey('A.b'),
    taskKey('a', 'b'),
    taskKey('A', 'B'),
    taskKey('b', 'a'),
  ),
)

/** A key's folded parts; two keys with the same parts are one. */
function partsOf(key: Key): string[] {
  if (key.kind === 'path') return ['path', ...key.path.split('/').filter((part) => part !== '')].map(fold)
  return ['task', key.project, ...(key.kind === 'task' ? [key.task] : [])].map(fold)
}

/** Whether `upper` is strictly above `lower`, told from the names as they were written. */
function standsAbove(upper: Key, lower: Key): boolean {
  const [above, below] = [partsOf(upper), partsOf(lower)]
  return above.length < below.length && above.every((part, at) => part === below[at])
}

const sameKey = (a: Key, b: Key) => JSON.stringify(partsOf(a)) === JSON.stringify(partsOf(b))

describe("a key's place in the tree", () => {
  test('passes git check-ref-format as a lock ref', () => {
    const refs = fc.sample(keys, { numRuns: 200, seed: 3 }).map((key) => lockRef(lockName(key)))
    const refused = refs.filter((ref) => spawnSync('git', ['check-ref-format', ref]).status !== 0)
    expect(refused).toEqual([])
  })

  test('is above another exactly when the key is above the other', () => {
    fc.assert(
      fc.property(fc.oneof(keys, closeKeys), fc.oneof(keys, closeKeys), (a, b) => {
        expect(isAbove(lockName(a), lockName(b))).toBe(standsAbove(a, b))
      }),
      { numRuns: 3000 },
    )
  })

  test('is another exactly when the keys differ by more than folding', () => {
    fc.assert(
      fc.property(fc.oneof(keys, closeKeys), fc.oneof(keys, closeKeys), (a, b) => {
        expect(lockName(a) === lockName(b)).toBe(sameKey(a, b))
        expect(onOneLine(lockName(a), lockName(b))).toBe(
          sameKey(a, b) || standsAbove(a, b) || standsAbove(b, a),
        )
      }),
      { numRuns: 3000 },
    )
  })

  test('of what lies in a directory is below the directory', () => {
    fc.assert(
      fc.property(fc.array(pathComponents, { maxLength: 3 }), pathComponents, (parts, child) => {
        const [above, below] = [lockName(pathOf(...parts)), lockName(pathOf(...parts, child))]
        expect(isAbove(above, below)).toBe(true)
        expect(refsAbove(lockRef(below))).toContain(lockRef(above))
        expect(refsCollide(lockRef(above), lockRef(below))).toBe(true)
        expect(isAbove(lockName(pathOf()), below)).toBe(true)
      }),
    )
  })

  test('of a task is below its project and below no other', () => {
    fc.assert(
      fc.property(taskNames, taskNames, taskNames, (project, task, other) => {
        const name = lockName(taskKey(project, task))
        expect(isAbove(lockName(projectKey(project)), name)).toBe(true)
        expect(isAbove(lockName(projectKey(other)), name)).toBe(fold(other) === fold(project))
      }),
    )
  })

  test('never touches that of a sibling whose name begins alike', () => {
    const siblings = ['a', 'a.b', 'a-b', 'ab', 'a%', 'a b', 'a.lock'].map((name) =>
      lockName(pathOf('src', name)),
    )
    for (const [at, name] of siblings.entries()) {
      expect(siblings.filter((other, index) => index !== at && onOneLine(name, other))).toEqual([])
    }
  })

  test('is refused beyond 700 bytes, and only then', () => {
    const deep = (length: number) => pathOf(...Array.from({ length }, () => 'x'.repeat(138)))
    expect(lockName(deep(5))).toHaveLength('path'.length + 5 * 139)
    expect(MAX_LOCK_NAME_BYTES).toBe(700)
    expect(lockName(pathOf(...deepParts(), 'x'))).toHaveLength(700)
    expect(() => lockName(pathOf(...deepParts(), 'xy'))).toThrow(DwError)
    expect(() => lockName(deep(6))).toThrow(expect.objectContaining({ code: 'DW_USAGE' }))
  })
})

/** Parts whose place is 698 bytes long, so that one more part of one letter makes 700. */
function deepParts(): string[] {
  return [...Array.from({ length: 4 }, () => 'x'.repeat(138)), 'x'.repeat(137)]
}

describe('the places above a key', () => {
  test('are those of all keys above it, the highest first', () => {
    fc.assert(
      fc.property(fc.oneof(keys, closeKeys), fc.oneof(keys, closeKeys), (key, other) => {
        const above = prefixes(lockName(key))
        expect(above.every((name) => isAbove(name, lockName(key)))).toBe(true)
        expect(above.map((name) => name.length)).toEqual(
          above.map((name) => name.length).sort((a, b) => a - b),
        )
        expect(above.includes(lockName(other))).toBe(standsAbove(other, key))
      }),
      { numRuns: 2000 },
    )
  })

  test('begin with the root for paths and with the project for tasks', () => {
    expect(prefixes(lockName(pathOf('a', 'b', 'c')))).toEqual(['path', 'path/a', 'path/a/b'])
    expect(prefixes(lockName(taskKey('app', 'T-1')))).toEqual(['task/app'])
    expect(prefixes(lockName(projectKey('app')))).toEqual([])
    expect(prefixes(lockName(pathOf()))).toEqual([])
  })
})

describe('a key as text', () => {
  test('is read back as the same key', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(parseKey(formatKey(key))).toEqual(key)
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    [pathOf(), '.'],
    [pathOf('src', 'a.ts'), 'src/a.ts'],
    [pathOf('task:app', 'x'), './task:app/x'],
    [pathOf('project:app'), './project:app'],
    [pathOf('task:'), './task:'],
    [pathOf('my task:x'), 'my task:x'],
    [taskKey('app', 'T-1: try'), 'task:app/T-1: try'],
    [projectKey('project:x'), 'project:project:x'],
  ])('%j is %j', (key, text) => {
    expect(formatKey(key)).toBe(text)
    expect(parseKey(text)).toEqual(key)
  })

  test('that names a path is no task or project', () => {
    fc.assert(
      fc.property(paths, (key) => {
        expect(parseNamedKey(formatKey(key))).toBeNull()
      }),
    )
  })

  test('with a name that no task may have is refused', () => {
    for (const text of ['task:app/', 'task:/x', 'task:app/-x', 'task:app/a/b', 'project:', 'project:.x']) {
      expect(() => parseKey(text), text).toThrow(expect.objectContaining({ code: 'DW_USAGE' }))
    }
  })
})

describe('a list of keys', () => {
  test('loses the keys that another of it covers and no other', () => {
    fc.assert(
      fc.property(fc.array(closeKeys, { maxLength: 8 }), (all) => {
        const kept = dropCovered(all)
        const covers = (upper: Key, lower: Key) => sameKey(upper, lower) || standsAbove(upper, lower)
        for (const key of kept) expect(kept.filter((other) => covers(other, key))).toEqual([key])
        for (const key of all) expect(kept.filter((other) => covers(other, key))).toHaveLength(1)
        expect(kept.map((key) => all.indexOf(key))).toEqual(
          kept.map((key) => all.indexOf(key)).sort((a, b) => a - b),
        )
        expect(dropCovered(kept)).toEqual(kept)
      }),
      { numRuns: 2000 },
    )
  })

  test('keeps the spelling that was named first', () => {
    expect(dropCovered([pathOf('README.md'), pathOf('readme.md')])).toEqual([pathOf('README.md')])
  })
})

describe('the refs of records', () => {
  const session = 'SESS-0123456789' as SessionId

  test('of locks give back the place, and other refs none', () => {
    fc.assert(
      fc.property(keys, (key) => {
        expect(lockNameOf(lockRef(lockName(key)))).toBe(lockName(key))
      }),
    )
    for (const ref of [META_REF, activeRef(session), endedRef(session), logRef(session)]) {
      expect(lockNameOf(ref)).toBeNull()
    }
  })

  test('of live sessions sort before those of locks', () => {
    fc.assert(
      fc.property(taskNames, keys, (id, key) => {
        const order = Buffer.compare(
          Buffer.from(activeRef(id as SessionId)),
          Buffer.from(lockRef(lockName(key))),
        )
        expect(order).toBe(-1)
      }),
    )
  })

  test('collide exactly when they are one or one is above the other', () => {
    fc.assert(
      fc.property(closeKeys, closeKeys, (a, b) => {
        const [left, right] = [lockRef(lockName(a)), lockRef(lockName(b))]
        expect(refsCollide(left, right)).toBe(onOneLine(lockName(a), lockName(b)))
        expect(refsAbove(right).includes(left)).toBe(standsAbove(a, b))
      }),
      { numRuns: 2000 },
    )
  })
})
