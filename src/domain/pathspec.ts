import { DwError } from './error.ts'

/** A pathspec with magic, as gitglossary(7) describes it, without the prefix that says so. */
export interface Pathspec {
  /** As it was written. */
  readonly text: string
  readonly pattern: string
  /** It takes files out of what the others fit. */
  readonly exclude: boolean
  /** The pattern counts from the top of the worktree. */
  readonly top: boolean
  /** The pattern's characters stand for themselves. */
  readonly literal: boolean
}

const WORDS = ['top', 'literal', 'icase', 'glob', 'exclude', 'attr'] as const
const SHORT: Readonly<Record<string, 'top' | 'exclude'>> = { '/': 'top', '!': 'exclude', '^': 'exclude' }
/** What git keeps for magic to come. */
const RESERVED = /^["#%&',;<=>@_`~-]$/

/** Whether git would read `text` as a pathspec with magic, and not as a path. */
export function hasMagic(text: string): boolean {
  return text.startsWith(':')
}

/** Whether git would take characters of `text` for a pattern. */
export function looksLikeGlob(text: string): boolean {
  return /[*?[]/.test(text)
}

/** Reads a pathspec that {@link hasMagic}. Throws DW_USAGE for magic that git 2.36 does not know. */
export function parsePathspec(text: string): Pathspec {
  return text.startsWith(':(') ? parseLong(text) : parseShort(text)
}

function parseLong(text: string): Pathspec {
  const end = text.indexOf(')')
  if (end < 0) throw wrong(text, 'has no ")" after its magic')
  // a comma after a backslash belongs to an attribute's value
  const words = text
    .slice(2, end)
    .split(/(?<!\\),/)
    .filter((word) => word !== '')
  const names = words.map((word) => (word.startsWith('attr:') ? 'attr' : word))
  const unknown = names.find((name) => !WORDS.some((word) => word === name))
  if (unknown !== undefined) throw wrong(text, `has the unknown magic "${unknown}"`)
  if (words.some((word) => /^attr(?::\s*)?$/.test(word))) throw wrong(text, 'names no attribute')
  if (names.filter((name) => name === 'attr').length > 1) throw wrong(text, 'has "attr" twice')
  const has = (word: (typeof WORDS)[number]) => names.includes(word)
  if (has('glob') && has('literal')) throw wrong(text, 'has both "glob" and "literal"')
  return {
    text,
    pattern: text.slice(end + 1),
    exclude: has('exclude'),
    top: has('top'),
    literal: has('literal'),
  }
}

function parseShort(text: string): Pathspec {
  let at = 1
  const found = new Set<string>()
  for (; SHORT[text[at] ?? ''] !== undefined; at += 1) found.add(SHORT[text[at] ?? ''] ?? '')
  // a second colon ends the magic
  if (text[at] === ':') at += 1
  else if (RESERVED.test(text[at] ?? '')) throw wrong(text, `has the unknown magic "${text[at]}"`)
  const pattern = text.slice(at)
  if (pattern === '' && found.size === 0) throw wrong(text, 'names nothing')
  return { text, pattern, exclude: found.has('exclude'), top: found.has('top'), literal: false }
}

function wrong(text: string, problem: string): DwError {
  return new DwError('DW_USAGE', `the pathspec "${text}" ${problem}`, {
    hints: [
      `magic is ${WORDS.map((word) => (word === 'attr' ? 'attr:<name>' : word)).join(', ')}: see git help glossary`,
      `for a file of that name: ./${text}`,
    ],
  })
}
