import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeComponent, fold } from '../../src/domain/name.ts'
import { pathComponents } from '../domain/arbitrary.ts'
import { awk } from './guarded.ts'

const COUNT = 3000
const names = fc
  .sample(pathComponents, { numRuns: COUNT, seed: 7 })
  .filter((name) => !/[\n\0]/.test(name) && Buffer.from(name).toString() === name)
const ASCII = /^[\u0001-\u007f]*$/

describe('the names of the hook', () => {
  test('are the same for a path and for the lock that it is under, whatever its letters', () => {
    const lines = names.map((name) => [name, encodeComponent(name)].join('\n')).join('\n')
    const found = awk(
      '{ a = skeleton($0); getline; print ($0 ~ /^%h/ || skeleton(decoded($0)) == a) }',
      `${lines}\n`,
    )
    expect(found).toHaveLength(names.length)
    const missed = names.filter((_, at) => found[at] !== '1')
    expect(missed).toStrictEqual([])
  })

  test('tell most names apart: those of ASCII always', () => {
    const ascii = names.filter((name) => ASCII.test(name) && !/[\u0001-\u001f\u007f]/.test(name))
    const found = awk('{ print skeleton($0) }', `${ascii.join('\n')}\n`)
    expect(found).toStrictEqual(ascii.map((name) => name.toLowerCase()))
    expect(awk('{ print skeleton($0) }', 'ä.ts\nindex.ts\n')).toStrictEqual(['\u0001.ts', 'index.ts'])
  })

  test('are encoded as the program does it', () => {
    const folded = names.map(fold)
    const found = awk('{ print encoded($0) }', `${folded.join('\n')}\n`)
    folded.forEach((name, at) => {
      const encoded = encodeComponent(name)
      if (!encoded.startsWith('%h')) expect(found[at], JSON.stringify(name)).toBe(encoded)
      else expect(found[at]?.length).toBeGreaterThan(180)
    })
  })

  test('know every character beyond ASCII that folds to one within', () => {
    const folding: string[] = []
    for (let point = 128; point <= 0x10ffff; point += 1) {
      const char = String.fromCodePoint(point)
      if (ASCII.test(fold(char))) folding.push(char)
    }
    const found = awk('{ print skeleton($0) }', `${folding.join('\n')}\n`)
    expect(found).toStrictEqual(folding.map(fold))
  })

  test('of paths are read as git quotes them', () => {
    const quoted = '"a\\tb\\"\\\\\\303\\244"\nplain\n'
    expect(awk('{ print unquote($0) }', quoted)).toStrictEqual(['a\tb"\\\u00c3\u00a4', 'plain'])
  })
})
