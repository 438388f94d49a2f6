/** So many lines of one kind are shown; of a list that is longer, the rest is counted. */
const MOST = 10

/**
 * The lines of `items`, or the first ten and one that says how many more there are and how to see them.
 * Items that `isOdd` come first, so that none of them is folded away while others are shown.
 */
export function folded<Item>(
  items: readonly Item[],
  options: {
    readonly line: (item: Item) => string
    readonly isOdd: (item: Item) => boolean
    /** The command that lists them all. */
    readonly all: string
    readonly dim: (text: string) => string
  },
): string[] {
  const { line, isOdd, all, dim } = options
  // one more line would say as little as the line that it stands for
  if (items.length <= MOST + 1) return items.map(line)
  const first = [...items.filter(isOdd), ...items.filter((item) => !isOdd(item))].slice(0, MOST)
  const more = (items.length - MOST).toLocaleString('en')
  return [...first.map(line), dim(`  … and ${more} more: ${all}`)]
}
