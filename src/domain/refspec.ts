/** What a remote's configuration says of refs: `remote.<name>.fetch`, `.push` and `.mirror`. */
export type RefspecKind = 'fetch' | 'push' | 'mirror'

/**
 * What a refspec of git's (git-fetch(1), git-push(1)) would do to our refs; null for one that leaves them
 * alone. A fetch endangers what it writes over, a push what it sends (design §7). `all` are the refspecs of
 * the same kind and remote: a negative one, such as `^refs/dw/*`, keeps refs out.
 */
export function refspecProblem(kind: RefspecKind, value: string, all: readonly string[]): string | null {
  if (kind === 'mirror') {
    return isTrue(value)
      ? 'each push sends refs/dw-local and deletes over there what this clone does not have'
      : null
  }
  if (value.startsWith('^')) return null
  const [from = '', to = ''] = value.replace(/^\+/, '').split(':')
  const ours = ['refs/dw/', 'refs/dw-local/'].filter((prefix) => !all.includes(`^${prefix}*`))
  const isTouched = (side: string) => ours.some((prefix) => touches(side, prefix))
  if (kind === 'fetch') {
    return isTouched(to) ? 'each fetch writes over locks and sessions that were not pushed yet' : null
  }
  return isTouched(from) || isTouched(to)
    ? 'each push moves locks and sessions over there past their rules, and what is of this machine alone'
    : null
}

/** Whether a side of a refspec, perhaps with one `*`, can name a ref under `prefix`. */
function touches(side: string, prefix: string): boolean {
  const star = side.indexOf('*')
  if (star < 0) return side.startsWith(prefix)
  const head = side.slice(0, star)
  return head.startsWith(prefix) || prefix.startsWith(head)
}

function isTrue(value: string): boolean {
  return ['true', 'yes', 'on', '1'].includes(value.toLowerCase())
}
