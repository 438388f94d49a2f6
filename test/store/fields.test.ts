import fc from 'fast-check'
import * as t from 'typanion'
import { describe, expect, test } from 'vitest'
import { allOf, objectOf } from '../../src/store/fields.ts'

/** What a validator answers, with all that it says. */
function verdict(validator: t.AnyStrictValidator, value: unknown): { sound: boolean; errors: string[] } {
  const errors: string[] = []
  return { sound: validator(value, { errors }), errors }
}

const isShort = (value: string, state?: t.ValidationState) => {
  if (value.length < 3) return true
  state?.errors?.push(`${state.p ?? '.'}: expected less`)
  return false
}
const extra = { extra: t.isRecord(t.isUnknown()) }
const usual = t.cascade(t.isString(), t.matchesRegExp(/^[a-z]*$/), isShort)
const ours = allOf(t.isString(), t.matchesRegExp(/^[a-z]*$/), isShort)

const inner = { name: t.isString(), size: t.isOptional(t.isNumber()) }
const usualObject = t.isObject(
  { ...inner, text: usual, inner: t.isOptional(t.isObject(inner, extra)), all: t.isArray(t.isString()) },
  extra,
)
const oursObject = objectOf({
  ...inner,
  text: ours,
  inner: t.isOptional(objectOf(inner)),
  all: t.isArray(t.isString()),
})

/** Field names that are known, unknown, and those that no object may have. */
const names = fc.constantFrom(
  'name',
  'size',
  'text',
  'inner',
  'all',
  'v',
  'toString',
  'constructor',
  '__proto__',
)
const leaves = fc.oneof(
  fc.constantFrom<unknown>('', 'a', 'ab', 'abc', 'A', 7, null, true, [], ['a'], [1], {}, { name: 'a' }),
  fc.jsonValue(),
)
/** Objects as JSON.parse makes them: `__proto__` is a field of its own. */
const objects = fc.array(fc.tuple(names, leaves), { maxLength: 6 }).map((fields) => {
  const text = fields.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')
  return JSON.parse(`{${text}}`) as unknown
})
const sound = fc.record(
  {
    name: fc.string(),
    text: fc.constantFrom('', 'a', 'ab'),
    all: fc.array(fc.string()),
    size: fc.integer(),
    inner: fc.oneof(objects, fc.record({ name: fc.string() })),
    colour: fc.jsonValue(),
  },
  { requiredKeys: ['name', 'text', 'all'] },
)

describe('a check of fields', () => {
  test('of one value answers and says what a cascade does', () => {
    fc.assert(
      fc.property(leaves, (value) => {
        expect(verdict(ours, value)).toEqual(verdict(usual, value))
      }),
    )
  })

  test('of an object answers and says what the usual one does, whatever the object holds', () => {
    const seen = { sound: 0, wrong: 0 }
    fc.assert(
      fc.property(fc.oneof(objects, sound, leaves), (value) => {
        const found = verdict(oursObject, value)
        seen[found.sound ? 'sound' : 'wrong'] += 1
        expect(found).toEqual(verdict(usualObject, value))
      }),
      { numRuns: 2000 },
    )
    expect(seen.sound).toBeGreaterThan(0)
    expect(seen.wrong).toBeGreaterThan(0)
  })

  test.each(['constructor', '__proto__'])('of an object refuses a field "%s"', (name) => {
    const text = `{"name":"a","text":"a","all":[],${JSON.stringify(name)}:{}}`
    expect(verdict(oursObject, JSON.parse(text)).sound).toBe(false)
  })
})
