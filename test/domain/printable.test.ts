import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { printable } from '../../src/domain/printable.ts'

/** Whether a terminal or a log could act on the character: Unicode's own categories, not our list. */
const acts = (char: string) => /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u.test(char)

describe('a text that is shown', () => {
  test('has no control character, no line break and no mark that turns the direction of writing', () => {
    const acting = Array.from({ length: 0x10000 }, (_, unit) => String.fromCharCode(unit)).filter(acts)
    expect(acting).toContain('\u001b')
    expect(acting).toContain('\u009b')
    expect(acting).toContain('\u202e')
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...acting), fc.string({ unit: 'binary' }))), (parts) => {
        expect([...printable(parts.join(''))].filter(acts)).toEqual([])
      }),
    )
    expect([...printable(acting.join(''))].filter(acts)).toEqual([])
  })

  test('shows what it left out', () => {
    expect(printable('a\u001b[31mb\r\nc\u202ed\u200b')).toBe('a\\u001b[31mb\\u000d\\u000ac\\u202ed\\u200b')
  })

  test('is otherwise as it was written', () => {
    for (const text of ['', 'src/a.ts', 'Ann Ärger – 日本 😀', '\\n "quoted" %1b', 'a\u0308']) {
      expect(printable(text)).toBe(text)
    }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        expect(printable(text)).toBe(text)
      }),
    )
  })

  test('does not change when it is made printable again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(printable(text))).toBe(printable(text))
      }),
    )
  })
})
