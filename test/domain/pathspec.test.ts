import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DwError } from '../../src/domain/error.ts'
import { hasMagic, looksLikeGlob, parsePathspec } from '../../src/domain/pathspec.ts'

const words = fc.constantFrom(
  'top',
  'literal',
  'icase',
  'glob',
  'exclude',
  'attr:a',
  'attr:-b',
  'bogus',
  'Top',
  '',
)
const patterns = fc.constantFrom('x', 'src/*.ts', '', 'a)b', '/x', ':x')
const longForms = fc
  .tuple(fc.array(words, { maxLength: 4 }), fc.constantFrom(')', ''), patterns)
  .map(([list, end, pattern]) => `:(${list.join(',')}${end}${pattern}`)
const shortForms = fc
  .tuple(
    fc.string({ unit: fc.constantFrom(...'/!^%-_=@,~"&#\'`;<>:.*?[]+$a'), maxLength: 3 }),
    fc.constantFrom('', 'x'),
  )
  .map(([marks, pattern]) => `:${marks}${pattern}`)

describe('a pathspec', () => {
  let repo = ''
  beforeAll(() => {
    repo = mkdtempSync(join(tmpdir(), 'git-dw-test-'))
    spawnSync('git', ['init', '--quiet', repo])
  })
  afterAll(() => rmSync(repo, { recursive: true }))

  // where a path leads is no matter of syntax: git refuses `..` and `/x` here without the magic, too
  const gitTakes = (text: string) => {
    const env = { PATH: process.env['PATH'], GIT_CONFIG_NOSYSTEM: '1', HOME: repo, LC_ALL: 'C' }
    const { status, stderr } = spawnSync('git', ['ls-files', '--', text], { cwd: repo, env })
    return status === 0 || stderr.includes(' is outside repository at ')
  }

  test('that is taken is one that git takes, too', () => {
    fc.assert(
      fc.property(fc.oneof(longForms, shortForms), (text) => {
        let taken: ReturnType<typeof parsePathspec> | null = null
        try {
          taken = parsePathspec(text)
        } catch (error) {
          expect(error).toBeInstanceOf(DwError)
        }
        if (taken !== null) expect(gitTakes(text), text).toBe(true)
      }),
      { numRuns: 250, examples: [[':..'], [':!..'], [':/..'], [':(top)..'], [':(top)/x']] },
    )
  })

  test.each([
    [':(glob)src/**', { pattern: 'src/**', top: false, exclude: false, literal: false }],
    [':(top,exclude)a)b', { pattern: 'a)b', top: true, exclude: true, literal: false }],
    [':(attr:a\\,b,literal)x', { pattern: 'x', literal: true }],
    [':/x', { pattern: 'x', top: true, exclude: false }],
    [':!/x', { pattern: 'x', top: true, exclude: true }],
    [':^:x', { pattern: 'x', top: false, exclude: true }],
    [':/:!x', { pattern: '!x', top: true, exclude: false }],
    [':a', { pattern: 'a', top: false, exclude: false }],
    [':/', { pattern: '', top: true }],
  ])('%s is read as git reads it', (text, expected) => {
    expect(parsePathspec(text)).toMatchObject({ text, ...expected })
  })

  test.each([':(glob)x', ':/x', ':', ':x'])('is "%s"', (text) => {
    expect(hasMagic(text)).toBe(true)
  })

  test.each(['x', './:(glob)x', 'a:b', 'task:a/b'])('is not "%s"', (text) => {
    expect(hasMagic(text)).toBe(false)
  })

  test('looks like a pattern with *, ? or [', () => {
    expect(['a*', 'a?', '[a', 'a', '{a,b}'].map(looksLikeGlob)).toEqual([true, true, true, false, false])
  })
})
