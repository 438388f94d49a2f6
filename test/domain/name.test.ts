import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  encodeComponent,
  encodeFileName,
  encodePath,
  fold,
  MAX_COMPONENT_BYTES,
  nameProblem,
} from '../../src/domain/name.ts'
import { componentNames, taskNames } from './arbitrary.ts'

/** Whether git itself takes `ref` for the name of a ref. */
function gitTakes(ref: string): boolean {
  return spawnSync('git', ['check-ref-format', ref]).status === 0
}

/** All code points but the halves of surrogate pairs. */
function* codePoints(): Generator<string> {
  for (let point = 0; point <= 0x10ffff; point += 1) {
    if (point < 0xd800 || point > 0xdfff) yield String.fromCodePoint(point)
  }
}

/** Every capital with a mark after it, wherever lower-casing the two alone leaves NFC. */
function* troublesomePairs(): Generator<string> {
  const marks = [...codePoints()].filter((point) => /\p{M}/u.test(point))
  for (const capital of codePoints()) {
    if (capital.toLowerCase() === capital) continue
    for (const mark of marks) {
      const lower = (capital + mark).normalize('NFC').toLowerCase()
      if (lower.normalize('NFC') !== lower) yield capital + mark
    }
  }
}

/** What Windows takes for a device, whatever its extension; written from Microsoft's list, not from ours. */
const DEVICES = ['con', 'prn', 'aux', 'nul']
  .concat([...'0123456789'].flatMap((digit) => [`com${digit}`, `lpt${digit}`]))
  .map((device) => device.toUpperCase())

const isDevice = (name: string) => DEVICES.includes((name.split('.')[0] ?? '').toUpperCase())

describe('an encoded component', () => {
  test('passes git check-ref-format at the end, in the middle and alone below refs/', () => {
    const names = fc.sample(componentNames, { numRuns: 150, seed: 1 })
    const refs = names.map(encodeComponent).flatMap((part) => [`refs/dw/${part}`, `refs/${part}/${part}/x`])
    expect(refs.filter((ref) => !gitTakes(ref))).toEqual([])
    expect(gitTakes('refs/dw/a.lock'), 'git is asked').toBe(false)
  })

  test('is ASCII, not empty, at most 180 bytes, and no name that git or Windows keeps for itself', () => {
    fc.assert(
      fc.property(componentNames, (name) => {
        const encoded = encodeComponent(name)
        expect(encoded).toMatch(/^[a-z0-9_.+=,%-]+$/)
        expect(encoded.length).toBeLessThanOrEqual(MAX_COMPONENT_BYTES)
        expect(encoded).not.toMatch(/\.lock$|^[.-]|\.$|\.\./)
        expect(isDevice(encoded)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  test.each(DEVICES)('of the Windows device %s is another name, with and without an extension', (device) => {
    for (const name of [device, `${device}.txt`, `${device}.tar.gz`]) {
      expect(isDevice(name)).toBe(true)
      expect(isDevice(encodeComponent(name))).toBe(false)
      expect(isDevice(encodeFileName(name))).toBe(false)
    }
    expect(encodeComponent(`${device}x`)).toBe(`${device}x`.toLowerCase())
  })

  test('differs exactly when the folded names differ', () => {
    fc.assert(
      fc.property(componentNames, componentNames, (a, b) => {
        expect(encodeComponent(a) === encodeComponent(b)).toBe(fold(a) === fold(b))
      }),
      { numRuns: 5000 },
    )
  })

  test('differs for names that are spelled like what others are encoded to', () => {
    const pieces = fc.constantFrom('%', '2', '5', 'e', '.', 'h', 'a', '-', 'lock', 'con')
    const names = fc.uniqueArray(
      fc.array(pieces, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('')),
      { minLength: 50, maxLength: 50 },
    )
    fc.assert(
      fc.property(names, (all) => {
        expect(new Set(all.map(encodeComponent)).size).toBe(new Set(all.map(fold)).size)
      }),
    )
  })

  test('is the same for every spelling of a name', () => {
    fc.assert(
      fc.property(componentNames, (name) => {
        const encoded = encodeComponent(name)
        expect(encodeComponent(fold(name))).toBe(encoded)
        expect(encodeComponent(name.normalize('NFD'))).toBe(encoded)
        expect(encodeComponent(name.normalize('NFC').toLowerCase())).toBe(encoded)
      }),
      { numRuns: 2000 },
    )
  })

  test.each([
    ['README.md', 'readme.md'],
    ['a b', 'a%20b'],
    ['ä', '%c3%a4'],
    ['.env', '%2eenv'],
    ['-x', '%2dx'],
    ['a.', 'a%2e'],
    ['..', '%2e%2e'],
    ['a..b', 'a.%2eb'],
    ['a...b', 'a.%2e.b'],
    ['main.lock', 'main%2elock'],
    ['.lock', '%2elock'],
    ['a.lock.lock', 'a.lock%2elock'],
    ['CON', '%63on'],
    ['aux.h', '%61ux.h'],
    ['console', 'console'],
    ['com10', 'com10'],
    ['100%', '100%25'],
    ['%h', '%25h'],
    ['@', '%40'],
  ])('writes %j as %s', (name, encoded) => {
    expect(encodeComponent(name)).toBe(encoded)
  })

  test('of a very long name is %h and 32 hex digits, and still tells names apart', () => {
    const longest = 'x'.repeat(MAX_COMPONENT_BYTES)
    expect(encodeComponent(longest)).toBe(longest)
    const long = [`${longest}a`, `${longest}b`, 'ä'.repeat(31), 'ö'.repeat(31)].map(encodeComponent)
    expect(new Set(long).size).toBe(long.length)
    for (const encoded of long) expect(encoded).toMatch(/^%h[0-9a-f]{32}$/)
    expect(encodeComponent('Ä'.repeat(31))).toBe(encodeComponent('a\u0308'.repeat(31)))
    expect(encodeComponent('ä'.repeat(30))).toBe('%c3%a4'.repeat(30))
  })
})

describe('folding', () => {
  test('a second time changes nothing, whatever the code point', () => {
    const troubled = [...codePoints()].filter((point) => fold(fold(point)) !== fold(point))
    expect(troubled).toEqual([])
  })

  test('a second time changes nothing where lower-casing alone leaves NFC', () => {
    const troublesome = [...troublesomePairs()]
    expect(troublesome.length).toBeGreaterThan(100)
    expect(troublesome.filter((pair) => fold(fold(pair)) !== fold(pair))).toEqual([])
    expect(troublesome.filter((pair) => fold(pair).normalize('NFC') !== fold(pair))).toEqual([])
    expect(troublesome.filter((pair) => fold(pair.toLowerCase()) !== fold(pair))).toEqual([])
  })

  test('makes one name of the two ways to write a small j with a caron', () => {
    expect(fold('J\u030c')).toBe('\u01f0')
    expect(fold('\u01f0')).toBe('\u01f0')
    expect(encodeComponent('J\u030c')).toBe(encodeComponent('\u01f0'))
  })

  test('a second time changes nothing, whatever the name', () => {
    fc.assert(
      fc.property(componentNames, (name) => {
        expect(fold(fold(name))).toBe(fold(name))
      }),
      { numRuns: 5000 },
    )
  })
})

describe('a name for a branch or a directory', () => {
  test('keeps its case and passes git check-ref-format', () => {
    expect(encodeFileName('Fix-It')).toBe('Fix-It')
    expect(encodeFileName('CON.Lock')).toBe('%43ON%2eLock')
    const refs = fc
      .sample(taskNames, { numRuns: 100, seed: 2 })
      .map((name) => `refs/heads/feature/${encodeFileName(name)}`)
    expect(refs.filter((ref) => !gitTakes(ref))).toEqual([])
  })

  test('differs when the names differ in more than their Unicode form', () => {
    fc.assert(
      fc.property(componentNames, componentNames, (a, b) => {
        expect(encodeFileName(a) === encodeFileName(b)).toBe(a.normalize('NFC') === b.normalize('NFC'))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the name of a task or project', () => {
  test.each([
    ['', 'is empty'],
    ['x'.repeat(101), 'has 101 characters; 100 is the most'],
    ['a/b', 'contains "/"'],
    ['a\nb', 'contains a control character'],
    ['a\u009bb', 'contains a control character'],
    ['-a', 'starts with "-"'],
    ['.a', 'starts with "."'],
  ])('%j is refused: it %s', (name, problem) => {
    expect(nameProblem(name)).toBe(problem)
  })

  test('is counted in characters, not in UTF-16 units', () => {
    expect(nameProblem('😀'.repeat(100))).toBeNull()
    expect(nameProblem('😀'.repeat(101))).not.toBeNull()
  })

  test('may be anything else', () => {
    fc.assert(
      fc.property(taskNames, (name) => {
        expect(nameProblem(name)).toBeNull()
      }),
    )
  })
})

describe('an encoded path', () => {
  const plainPieces = fc.constantFrom(
    'src',
    'README.md',
    'a.test.ts',
    'Part-1',
    '_x',
    '+page',
    'con',
    'CON.txt',
    'prn',
    'x.lock',
    'x.LOCK',
    'x.lock.y',
    '.git',
    '-a',
    'a.',
    'a..b',
    'a.b.c.d',
    '',
    '\u212a',
    'ä',
    'a b',
    'x'.repeat(100),
    'x'.repeat(101),
    `a.${'b'.repeat(39)}`,
    `a.${'b'.repeat(40)}`,
    'line\n',
    'lpt9',
    'lpt9x',
    'com1.',
    'a%',
  )
  const paths = fc.oneof(
    fc.array(plainPieces, { maxLength: 5 }).map((parts) => parts.join('/')),
    fc.array(fc.oneof(plainPieces, componentNames), { maxLength: 5 }).map((parts) => parts.join('/')),
    fc.string({
      unit: fc.constantFrom('a', 'Z', '.', '/', '-', '_', '1', 'l', 'o', 'c', 'k', 'n'),
      maxLength: 16,
    }),
  )

  test('is its components, each encoded for itself', () => {
    fc.assert(
      fc.property(paths, (path) => {
        const parts = path.split('/').filter((part) => part !== '')
        expect(encodePath(path)).toBe(parts.map(encodeComponent).join('/'))
      }),
      { numRuns: 5000 },
    )
  })

  test('is the path itself, folded, where every component is plain', () => {
    expect(encodePath('packages/Team-1/src/README.md')).toBe('packages/team-1/src/readme.md')
  })
})
