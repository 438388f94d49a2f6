import { describe, expect, test } from 'vitest'
import { HOOK_NAMES, hookNames, isCheck } from '../../src/domain/hook-name.ts'

describe('names of hooks', () => {
  test('are all of them without a list, and those of all lists in one order', () => {
    expect(hookNames([])).toStrictEqual([...HOOK_NAMES])
    expect(hookNames(['post-commit,pre-push', 'post-commit'])).toStrictEqual(['pre-push', 'post-commit'])
  })

  test.each([['commit-msg'], [''], [','], ['pre-push,nonsense'], ['../pre-push']])('refuse %j', (list) => {
    expect(() => hookNames([list])).toThrow(expect.objectContaining({ code: 'DW_USAGE' }))
  })

  test('tell checks, which run first, from notifications', () => {
    expect(HOOK_NAMES.filter(isCheck)).toStrictEqual(['pre-push', 'pre-commit'])
  })
})
