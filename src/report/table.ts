import { printable } from '../domain/printable.ts'
import type { Palette } from './palette.ts'

/** A cell: its text, and how it is coloured. */
export type Cell = string | { readonly text: string; readonly style: (text: string) => string }

/**
 * Rows under a heading, columns as wide as their longest cell, two spaces apart. Every cell is made
 * harmless for a terminal, because records are other people's input (design §4).
 */
export function table(
  palette: Palette,
  heading: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  if (rows.length === 0) return ''
  const widths = heading.map(columnsOf)
  const cells = rows.map((row) =>
    row.map((cell, at) => {
      const { text, style } = typeof cell === 'string' ? { text: cell, style: same } : cell
      const clean = printable(text)
      const columns = columnsOf(clean)
      if (columns > (widths[at] ?? 0)) widths[at] = columns
      return { styled: style(clean), columns }
    }),
  )
  const head = heading.map((title) => ({ styled: palette.dim(title), columns: columnsOf(title) }))
  const line = (row: readonly { readonly styled: string; readonly columns: number }[]) =>
    row
      .map(({ styled, columns }, at) => styled + ' '.repeat((widths[at] ?? 0) - columns))
      .join('  ')
      .trimEnd()
  return `${[head, ...cells].map(line).join('\n')}\n`
}

function same(text: string): string {
  return text
}

/** `styled`, which shows as `text`, filled up to `columns`. */
export function padded(text: string, styled: string, columns: number): string {
  return styled + ' '.repeat(Math.max(0, columns - columnsOf(text)))
}

/** Columns that `text` takes on a terminal: wide East Asian letters take two, combining marks none. */
export function columnsOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let columns = 0
  for (const char of text) {
    if (/\p{Mark}/u.test(char)) continue
    columns += WIDE.test(char) ? 2 : 1
  }
  return columns
}

/** `text`, or as much of its start as goes into `columns`, with a mark that there is more. */
export function cutTo(columns: number, text: string): string {
  if (columnsOf(text) <= columns) return text
  let cut = ''
  for (const char of text) {
    if (columnsOf(cut + char) >= columns) break
    cut += char
  }
  return `${cut}…`
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u
