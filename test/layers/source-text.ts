/** A source text with the same length and line breaks as the original, in two views. */
export interface SourceText {
  /** Comments blanked; strings as they are. */
  readonly withStrings: string
  /** Comments, the contents of strings and templates, and regular expressions blanked. */
  readonly code: string
}

/** After one of these characters, or at the start of the text, a slash opens a regular expression. */
const BEFORE_REGEX = new Set('([{},;=:?!&|+-*%<>~^')
const KEYWORD_BEFORE_REGEX =
  /(?:^|[^\w$.])(?:return|typeof|case|in|of|void|delete|throw|new|do|else|await|yield)$/

const blank = (text: string): string => text.replace(/[^\n]/g, ' ')

function opensRegex(codeBefore: string): boolean {
  const before = codeBefore.trimEnd()
  return before === '' || BEFORE_REGEX.has(before.slice(-1)) || KEYWORD_BEFORE_REGEX.test(before.slice(-20))
}

/** The index after the string or regular expression literal that opens at `start`. */
function endOfLiteral(source: string, start: number): number {
  const quote = source[start]
  let inClass = false
  for (let i = start + 1; i < source.length; i += 1) {
    const char = source[i]
    if (char === '\n') return i
    if (char === '\\') i += 1
    else if (quote === '/' && char === '[') inClass = true
    else if (quote === '/' && char === ']') inClass = false
    else if (char === quote && !inClass) return i + 1
  }
  return source.length
}

/** The index after a piece of template text: behind its closing backtick or its `${`. */
function endOfTemplatePart(source: string, start: number): number {
  for (let i = start; i < source.length; i += 1) {
    if (source[i] === '\\') i += 1
    else if (source[i] === '`') return i + 1
    else if (source.startsWith('${', i)) return i + 2
  }
  return source.length
}

/** The index after the comment that opens at `start`, or undefined where none opens. */
function endOfComment(source: string, start: number): number | undefined {
  const close = source.startsWith('//', start) ? '\n' : source.startsWith('/*', start) ? '*/' : undefined
  if (close === undefined) return undefined
  const end = source.indexOf(close, start + 2)
  if (end === -1) return source.length
  return close === '\n' ? end : end + 2
}

/** Reads TypeScript just well enough to tell code from comments, strings, templates and regexes. */
export function readSource(source: string): SourceText {
  let withStrings = ''
  let code = ''
  /** For each open `${` of a template, the number of braces open inside it. */
  const templates: number[] = []

  const take = (end: number, kind: 'code' | 'string' | 'comment') => {
    const text = source.slice(withStrings.length, end)
    withStrings += kind === 'comment' ? blank(text) : text
    if (kind === 'code') code += text
    else if (kind === 'comment' || text.length < 2) code += blank(text)
    else code += text.slice(0, 1) + blank(text.slice(1, -1)) + text.slice(-1)
  }

  while (withStrings.length < source.length) {
    const i = withStrings.length
    const char = source[i] ?? ''
    const depth = templates.length - 1
    const commentEnd = endOfComment(source, i)

    if (commentEnd !== undefined) take(commentEnd, 'comment')
    else if (char === "'" || char === '"') take(endOfLiteral(source, i), 'string')
    else if (char === '/' && opensRegex(code)) take(endOfLiteral(source, i), 'string')
    else if (char === '`' || (char === '}' && templates[depth] === 0)) {
      if (char === '}') templates.pop()
      const end = endOfTemplatePart(source, i + 1)
      if (source.startsWith('${', end - 2)) templates.push(0)
      take(end, 'string')
    } else {
      if (char === '{' && depth >= 0) templates[depth] = (templates[depth] ?? 0) + 1
      if (char === '}' && depth >= 0) templates[depth] = (templates[depth] ?? 0) - 1
      take(i + 1, 'code')
    }
  }
  return { withStrings, code }
}

/** The line number, from 1, of an offset. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}
