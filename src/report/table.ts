import { printable } from '../domain/printable.ts'
import { columnsOf } from './columns.ts'
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
