/** When something began and ended, on one clock. */
export interface Span {
  readonly start: number
  readonly end: number
}

/**
 * Those of `spans`, by their places, that the end of all had to wait for: the one that ended last, before it
 * the one that ended last before that began, and so on to the first. Making any other shorter gains nothing.
 */
export function criticalPath(spans: readonly Span[]): ReadonlySet<number> {
  const byEnd = spans.map((_, at) => at).sort((a, b) => endOf(spans, b) - endOf(spans, a))
  const found = new Set<number>()
  let until = Number.POSITIVE_INFINITY
  for (const at of byEnd) {
    const span = spans[at]
    if (span === undefined || span.end > until) continue
    found.add(at)
    until = span.start
  }
  return found
}

function endOf(spans: readonly Span[], at: number): number {
  return spans[at]?.end ?? 0
}
