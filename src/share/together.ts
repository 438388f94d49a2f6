/** What must be moved together with other refs. */
interface Grouped {
  readonly ref: string
  readonly groups: readonly string[]
}

/** `items` in parts of at most `most`, but for what belongs together by its groups: that stays in one part. */
export function inParts<T extends Grouped>(items: readonly T[], most: number): T[][] {
  const parts: T[][] = []
  for (const together of joined(items)) {
    const last = parts.at(-1)
    if (last !== undefined && last.length + together.length <= most) last.push(...together)
    else parts.push([...together])
  }
  return parts
}

/** `items` with one group each, which all have that are connected by theirs. */
export function bound<T extends Grouped>(items: readonly T[]): T[] {
  return [...joined(items)].flatMap((together, at) =>
    together.map((each) => ({ ...each, groups: [`${at}`] })),
  )
}

/** The items by groups that are connected. */
function joined<T extends Grouped>(items: readonly T[]): Iterable<readonly T[]> {
  const parent = new Map<string, string>()
  const root = (name: string): string => {
    const above = parent.get(name) ?? name
    return above === name ? name : root(above)
  }
  for (const { groups } of items) {
    const [first, ...others] = groups
    if (first === undefined) continue
    for (const other of others) parent.set(root(other), root(first))
  }
  const sets = new Map<string, T[]>()
  for (const each of items) {
    const name = root(each.groups[0] ?? each.ref)
    const set = sets.get(name)
    if (set === undefined) sets.set(name, [each])
    else set.push(each)
  }
  return sets.values()
}
