import type { Holding } from './claim.ts'
import { DwError } from './error.ts'
import { describeHolder, holderDetails } from './holder.ts'
import { formatKey } from './key.ts'
import type { Vantage } from './lease.ts'
import { printable } from './printable.ts'
import { shellWord } from './shell-word.ts'

/** What of a push or a commit meets one lock of another session. */
export interface Trespass {
  readonly holding: Holding
  /** The changed paths, from the repository's top; none for a branch. */
  readonly paths: readonly string[]
  /** The task's branch, when that is what was pushed. */
  readonly branch?: string
}

/** Paths that one line names before it only counts the rest. */
const MOST_PATHS = 20

/** One line for each lock that is met: the paths or the branch, who holds them and since when. */
export function trespassLines(trespasses: readonly Trespass[], vantage: Vantage): string[] {
  return trespasses.map(({ holding, paths, branch }) => {
    const key = formatKey(holding.key)
    const held = describeHolder(holding, vantage, () => key)
    if (branch !== undefined) return printable(`branch "${branch}": ${held}`)
    const [only, ...others] = paths
    if (only !== undefined && others.length === 0 && formatKey({ kind: 'path', path: only }) === key)
      return held
    const named = paths.slice(0, MOST_PATHS).map((path) => `"${path}"`)
    const more = paths.length > MOST_PATHS ? ` and ${paths.length - MOST_PATHS} more` : ''
    return printable(`${named.join(', ')}${more}: ${held}`)
  })
}

/** DW_LOCKED for a push or commit that meets locks of others; `what` is what is refused. */
export function refusedFor(
  what: string,
  trespasses: readonly Trespass[],
  vantage: Vantage,
  hints: readonly string[] = [],
): DwError {
  const keys = trespasses.map(({ holding }) => shellWord(formatKey(holding.key)))
  return new DwError('DW_LOCKED', [what, ...trespassLines(trespasses, vantage)].join('\n'), {
    hints: [
      ...hints,
      'see who works on what: git dw locks',
      'wait until they release it, then do it again',
      `take it from them, if you must: git dw claim ${keys.join(' ')} --steal -m "<why>"`,
    ],
    details: {
      holders: trespasses.map(({ holding }) => holderDetails(holding, vantage)),
    },
  })
}
