/** A figure that must not be above a limit, or below it. */
export interface Bar {
  readonly what: string
  readonly least?: true
  readonly limit: number
  readonly seen: number
  readonly unit: '×' | 'MiB'
}

/** Whether `bar` was held; a figure that could not be had holds none. */
export function isHeld({ limit, seen, least }: Bar): boolean {
  return least ? seen >= limit : seen <= limit
}

/** The bars as a table of Markdown. */
export function barTable(bars: readonly Bar[]): string {
  const rows = bars.map((bar) => {
    const { what, limit, seen, unit } = bar
    const verdict = isHeld(bar) ? 'held' : 'missed'
    return `| ${what} | ${bar.least ? '≥' : '≤'} ${Number(limit.toFixed(1))} ${unit} | ${seen.toFixed(2)} ${unit} | ${verdict} |\n`
  })
  return `| bar | limit | seen | |\n|---|--:|--:|---|\n${rows.join('')}`
}
