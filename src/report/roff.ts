/** A table of two columns: a term and what it means. */
export type Terms = readonly (readonly [term: string, meaning: string])[]

/** Most characters of an input line, as man(7) would have it. */
const WIDTH = 78

/** Text that roff prints as it is; words move on to new lines of input, which roff fills again. */
function roff(text: string): string {
  const lines: string[] = []
  for (const word of escaped(text).split(' ')) {
    const line = lines.at(-1)
    if (line === undefined || line.length + 1 + word.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return guarded(lines.join('\n'))
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('…', '\\&...')
}

/** A line of text may not start like a request. */
function guarded(lines: string): string {
  return lines.replace(/^([.'])/gm, '\\&$1')
}

/** The heading of a page of section 1, and its name with one line that says what it is. */
export function titleLines(
  name: string,
  edition: { readonly version: string; readonly date: string },
  summary: string,
): string[] {
  const page = roff(name)
  return [
    `.TH "${page.toUpperCase()}" "1" "${edition.date}" "git\\-dw ${roff(edition.version)}" "Git Manual"`,
    '.SH "NAME"',
    roff(`${name} - ${summary}`),
  ]
}

/** A section of paragraphs, which blank lines divide. */
export function sectionLines(title: string, text: string): string[] {
  const [first = '', ...rest] = text.split(/\n\s*\n/)
  return [`.SH "${roff(title)}"`, roff(unwrap(first)), ...rest.flatMap(paragraphLines)]
}

/** One paragraph. */
export function paragraphLines(text: string): string[] {
  return ['.PP', roff(unwrap(text))]
}

/** Terms, each with its meaning below it. */
export function termLines(terms: Terms): string[] {
  return terms.flatMap(([term, meaning]) => [
    '.TP',
    `\\fB${guarded(escaped(term))}\\fR`,
    roff(unwrap(meaning)),
  ])
}

/** Lines that stay lines. */
export function brokenLines(lines: readonly string[]): string[] {
  return lines.flatMap((line, at) => (at === 0 ? [roff(line)] : ['.br', roff(line)]))
}

/** What one types, indented. */
export function literalLines(text: string): string[] {
  return ['.PP', '.RS 4', '.nf', guarded(escaped(text)), '.fi', '.RE']
}

/** A list of pages to read on in. */
export function seeAlsoLines(pages: readonly string[]): string[] {
  const lines = pages.map((page, at) => `.BR ${roff(page)} (1)${at === pages.length - 1 ? '' : ','}`)
  return ['.SH "SEE ALSO"', ...lines]
}

function unwrap(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}
