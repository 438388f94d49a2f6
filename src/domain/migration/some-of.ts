/** Ids that a reason spells out: of thousands, each reason would have thousands. */
const MOST_NAMED = 3

/** `SESS-1 and SESS-2`, or the first few and how many more there are. */
export function someOf(ids: readonly string[]): string {
  const more = ids.length - MOST_NAMED
  return [...ids.slice(0, MOST_NAMED), ...(more > 0 ? [`${more} more`] : [])].join(' and ')
}
