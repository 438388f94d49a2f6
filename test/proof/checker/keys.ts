const LOCKS = 'refs/dw/locks/'

/** The place in the tree of locks that a ref stands for; null for another ref. */
export function placeOf(ref: string): string | null {
  return ref.startsWith(LOCKS) ? ref.slice(LOCKS.length) : null
}

/** The places on whose line a ref could stand. */
export function isOnLine(a: string, b: string): boolean {
  return a === b || isUnder(a, b) || isUnder(b, a)
}

/** Whether `lower` is strictly below `upper`. */
function isUnder(lower: string, upper: string): boolean {
  return lower.startsWith(`${upper}/`)
}

/** Whether holding `upper` is holding `lower`. */
export function covers(upper: string, lower: string): boolean {
  return upper === lower || isUnder(lower, upper)
}

/** The place of a path as it stands in a record: the proof's own keys need no encoding. */
export function placeOfKey(key: string): string {
  const task = /^task:([^/]*)\/(.*)$/.exec(key)
  if (task) return `task/${task[1]}/${task[2]}`.toLowerCase()
  return key === '.' ? 'path' : `path/${key}`
}
