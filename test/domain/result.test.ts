import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DwError } from '../../src/domain/error.ts'
import { RESULT_STATUSES } from '../../src/domain/record.ts'
import {
  describeResult,
  namedFiles,
  pullRequestUrl,
  resultStatus,
  resultSummary,
} from '../../src/domain/result.ts'
import { NOON, sampleResult } from '../store/record-samples.ts'

test('files are named in order, as many as there is room for, and the others counted', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, maxLength: 300 }), { maxLength: 700 }), (files) => {
      const { files: named, omitted = 0 } = namedFiles(files)
      expect(named).toEqual(files.slice(0, named.length))
      expect(named.length + omitted).toBe(files.length)
      expect(named.length).toBeLessThanOrEqual(500)
      expect(Buffer.byteLength(named.join(''))).toBeLessThanOrEqual(32 * 1024)
    }),
  )
})

test('only a web address is a pull request, and it is kept as it was given', () => {
  fc.assert(
    fc.property(fc.webUrl(), (url) => {
      expect(pullRequestUrl(url)).toBe(url)
    }),
  )
  const wrong = [
    '',
    '7',
    '#7',
    'shop/pull/7',
    'http:',
    'https://',
    'javascript:alert(1)',
    'file:///etc/passwd',
  ]
  const odd = [
    'https://a b/c',
    'https://e.org/\u001b[31m',
    ' https://e.org',
    'https://u@e.org/1',
    'https://u:p@e.org',
  ]
  for (const text of [...wrong, ...odd, `https://e.org/${'x'.repeat(2000)}`]) {
    expect(() => pullRequestUrl(text), text).toThrow(DwError)
  }
})

test('a status is one of four words, as they are written', () => {
  for (const status of RESULT_STATUSES) expect(resultStatus(status)).toBe(status)
  fc.assert(
    fc.property(fc.option(fc.string(), { nil: undefined }), (text) => {
      fc.pre(!RESULT_STATUSES.some((each) => each === text))
      expect(() => resultStatus(text)).toThrow(DwError)
    }),
  )
  expect(() => resultStatus('Passed')).toThrow(DwError)
})

test('a summary says something, and not too much', () => {
  expect(resultSummary('it works\non mine')).toBe('it works\non mine')
  for (const text of ['', ' \n', 'x'.repeat(4001)]) expect(() => resultSummary(text)).toThrow(DwError)
})

test('a result is told on one line, with nothing that acts on a terminal', () => {
  const told = describeResult(sampleResult({ branch: 'a\u001b[31m\nb' }), Date.parse(NOON) + 3_600_000)
  expect(told).toBe(
    'passed 1h ago by SESS-0123456789 (pull request https://example.com/pull/7, branch a\\u001b[31m\\u000ab)',
  )
})
