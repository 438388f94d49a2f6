import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refspecProblem } from '../../src/domain/refspec.ts'

const endangers = (kind: 'fetch' | 'push' | 'mirror', value: string, ...others: string[]) =>
  refspecProblem(kind, value, [value, ...others]) !== null

describe('a refspec', () => {
  test.each([
    '+refs/*:refs/*',
    'refs/*:refs/*',
    '+refs/dw/*:refs/dw/*',
    'refs/d*:refs/d*',
    'refs/x:refs/dw/meta',
  ])('of fetch that writes to our refs is a problem: %s', (value) =>
    expect(endangers('fetch', value)).toBe(true),
  )

  test.each([
    '+refs/heads/*:refs/remotes/o/*',
    'refs/dw/*:refs/remotes/o/dw/*',
    '^refs/dw/*',
    'main',
    '+refs/*:refs/copy/*',
  ])('of fetch that writes elsewhere is none: %s', (value) => expect(endangers('fetch', value)).toBe(false))

  test.each(['refs/*:refs/*', '+refs/dw-local/*', 'refs/dw/active/*:refs/x/*', 'HEAD:refs/dw/meta'])(
    'of push that sends or moves our refs is a problem: %s',
    (value) => expect(endangers('push', value)).toBe(true),
  )

  test.each(['refs/heads/*:refs/heads/*', 'HEAD', 'refs/heads/dw/*', ':'])(
    'of push that sends others is none: %s',
    (value) => expect(endangers('push', value)).toBe(false),
  )

  test('is no problem beside negative ones that keep all of ours out', () => {
    expect(endangers('fetch', '+refs/*:refs/*', '^refs/dw/*')).toBe(true)
    expect(endangers('fetch', '+refs/*:refs/*', '^refs/dw/*', '^refs/dw-local/*')).toBe(false)
  })

  test.each([
    ['true', true],
    ['ON', true],
    ['false', false],
    ['', false],
  ])('mirror "%s" is a problem: %s', (value, expected) => expect(endangers('mirror', value)).toBe(expected))

  test('whose right side stays below refs/heads, refs/tags or refs/remotes is never one of fetch', () => {
    const name = fc.stringMatching(/^[a-z]{1,8}(?:\/[a-z]{1,8})?$/)
    const root = fc.constantFrom('heads', 'tags', 'remotes')
    fc.assert(
      fc.property(root, name, fc.boolean(), fc.boolean(), (under, left, force, star) => {
        const end = star ? '/*' : ''
        const value = `${force ? '+' : ''}refs/${left}${end}:refs/${under}/${left}${end}`
        expect(endangers('fetch', value)).toBe(false)
      }),
    )
  })

  test('whose right side has a star anywhere on the way to our refs is always one of fetch', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 'refs/dw/'.length }), fc.boolean(), (length, force) => {
        const head = 'refs/dw/'.slice(0, length)
        expect(endangers('fetch', `${force ? '+' : ''}refs/x/*:${head}*`)).toBe(true)
      }),
    )
  })
})
