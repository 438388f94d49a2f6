/** Characters that could act on a terminal or reorder a line: controls, line separators, bidi marks. */
const ACTING = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Text of visible ASCII alone, which is harmless and takes a column a letter. */
const PLAIN = /^[ -~]*$/

/** `text` on one line, with every character that could act on a terminal shown as an escape (design §4). */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(ACTING, (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}
