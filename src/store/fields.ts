import * as t from 'typanion'

/** How a record's fields are checked: by name. */
type Fields = Readonly<Record<string, t.AnyStrictValidator>>

type Test = (value: never, state?: t.ValidationState) => boolean

/**
 * Typanion's `cascade` without the coercions, which nothing here asks for: a listing checks some ten
 * fields of each of thousands of records.
 */
export function allOf(spec: t.AnyStrictValidator, ...followups: readonly Test[]): t.AnyStrictValidator {
  return t.makeValidator<unknown, unknown>({
    test: (value, state): value is unknown =>
      spec(value, state) && followups.every((followup) => followup(value as never, state)),
  })
}

/**
 * An object with `fields`, and others that are not known here. One that has known fields alone, all of them
 * right, is seen at once; typanion judges every other, and says what is wrong with it.
 */
export function objectOf(fields: Fields): t.AnyStrictValidator {
  const judge = t.isObject(fields, { extra: t.isRecord(t.isUnknown()) })
  const known = new Map(Object.entries(fields))
  return t.makeValidator<unknown, unknown>({
    test: (value, state): value is unknown => isPlain(value, known) || judge(value, state),
  })
}

function isPlain(value: unknown, known: ReadonlyMap<string, t.AnyStrictValidator>): boolean {
  if (typeof value !== 'object' || value === null) return false
  const found = value as Readonly<Record<string, unknown>>
  for (const name of Object.keys(found)) if (!known.has(name)) return false
  for (const [name, validator] of known) {
    if (!validator(Object.hasOwn(found, name) ? found[name] : undefined)) return false
  }
  return true
}
