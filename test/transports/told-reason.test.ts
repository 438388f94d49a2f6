import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toldReason } from '../../src/git/told-reason.ts'

describe('the reason that git and its helpers tell', () => {
  test.each([
    ['fatal: no such thing\n\nPlease make sure.', 'fatal: no such thing'],
    [
      'Warning: Identity file x not accessible.\r\nann@h: Permission denied.\r\nfatal: no',
      'ann@h: Permission denied.',
    ],
    ['@@@@@@@@@\r\n@    WARNING: IT HAS CHANGED!     @\r\n@@@@@@@@@\r\n', 'WARNING: IT HAS CHANGED!'],
    ['warning: all there is', 'warning: all there is'],
    ['\n  \n---\n', null],
    ['', null],
  ])('of %j is %j', (said, reason) => {
    expect(toldReason(said)).toBe(reason)
  })

  test('is one line of what was said, with a letter in it, and there is one where there are letters', () => {
    const part = fc.constantFrom('a', 'Ä', 'warning: ', 'Warning: x', '@', '\r', '\n', '\r\n', ' ', '-', '1')
    const text = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(part).map((parts) => parts.join('')),
    )
    fc.assert(
      fc.property(text, (said) => {
        const reason = toldReason(said)
        expect(reason !== null).toBe(/\p{L}/u.test(said))
        if (reason === null) return
        expect(said).toContain(reason)
        expect(reason).toMatch(/\p{L}/u)
        expect(reason).not.toMatch(/[\r\n]|^[\s@]|[\s@]$/)
      }),
    )
  })
})
