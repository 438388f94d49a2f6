import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/domain/sha256.ts'

const theirs = (text: string) => createHash('sha256').update(text).digest('hex')

test('sha256 is what Node makes of any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (text) => {
      expect(sha256(text)).toBe(theirs(text))
    }),
  )
})

test('sha256 is right around the lengths at which a block is full', () => {
  for (let length = 0; length <= 200; length += 1) {
    expect(sha256('x'.repeat(length)), `${length}`).toBe(theirs('x'.repeat(length)))
  }
})
