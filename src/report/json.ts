/** The version of the JSON that commands print; fields are only ever added to it. */
export const JSON_SCHEMA = 1

/** One object on one line, with nothing in it that could act on a terminal. */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replace(
    /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${text}\n`
}

/** A list as `--json` prints it. */
export function jsonList(items: readonly object[]): object {
  return { schema: JSON_SCHEMA, items }
}
