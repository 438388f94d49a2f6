import { formatKey, isAbove, type LockName, lockName, prefixes } from '../key.ts'
import type { Problem } from './old-state.ts'
import type { Here, MigrationItem } from './plan.ts'
import type { WantedLock } from './plan-locks.ts'
import { someOf } from './some-of.ts'
import { idKey } from './unite-sessions.ts'

/** The wanted locks that nothing is in the way of, and what became of the others. */
export interface Unclashed {
  readonly locks: readonly WantedLock[]
  readonly problems: readonly Problem[]
  readonly items: readonly MigrationItem[]
}

/**
 * Leaves out the locks of one task, or of a task and its project, that several sessions have, of which nobody
 * can say who is right; those that a project lock of the same session covers; and those whose key, or one
 * above or below it, somebody holds here already.
 */
export function withoutClashes(wanted: readonly WantedLock[], here: Here): Unclashed {
  const locks: WantedLock[] = []
  const problems: Problem[] = []
  const items: MigrationItem[] = []
  const coming = new Set<LockName>()
  const standingAt = new Map(here.locks.map((lock) => [lock.name, lock]))
  const lines = new Lines(wanted)
  for (const [name, all] of lines.fromTop()) {
    const [first, ...more] = all
    if (first === undefined) continue
    const fail = ({ old }: WantedLock, reason: string) =>
      problems.push({ file: old.file, entry: old.entry, reason })
    const key = formatKey(first.key)
    if (more.length > 0) {
      const whose = someOf(all.map(({ session }) => session.id))
      for (const each of all) fail(each, `"${key}" has ${all.length} active locks, of ${whose}`)
      continue
    }
    const other = lines.around(name).find(({ session }) => session !== first.session)
    if (other !== undefined) {
      const where = prefixes(name).includes(lockName(other.key)) ? 'above' : 'below'
      fail(first, `"${formatKey(other.key)}" ${where} it has an active lock, of ${other.session.id}`)
      continue
    }
    const { file } = first.old
    const leave = (why: string) => items.push({ what: 'lock', name: key, file, brought: false, why })
    const cover = prefixes(name).find((each) => coming.has(each))
    const standing = standingOnLine(here, standingAt, name)
    if (cover !== undefined) {
      leave(`"${formatKey(lines.at(cover)[0]?.key ?? first.key)}" of the same session covers it`)
    } else if (standing === undefined) {
      if (here.sessions.has(idKey(first.session.id)))
        fail(first, `${first.session.id} is here already, without it`)
      else {
        locks.push(first)
        coming.add(name)
      }
    } else if (standing.name === name && idKey(standing.session) === idKey(first.session.id)) {
      leave('it is here already')
    } else fail(first, `"${standing.key}" is held here by ${standing.session}`)
  }
  return { locks, problems, items }
}

/** The wanted locks by their names, and those above and below each. */
class Lines {
  readonly #at = new Map<LockName, WantedLock[]>()
  readonly #below = new Map<LockName, WantedLock[]>()

  constructor(wanted: readonly WantedLock[]) {
    for (const each of wanted) {
      const name = lockName(each.key)
      add(this.#at, name, each)
      for (const above of prefixes(name)) add(this.#below, above, each)
    }
  }

  /** Projects before their tasks, as far as possible in the order of the old file. */
  fromTop(): (readonly [LockName, readonly WantedLock[]])[] {
    const depth = (name: LockName) => name.split('/').length
    return [...this.#at].sort(([a], [b]) => depth(a) - depth(b))
  }

  at(name: LockName): readonly WantedLock[] {
    return this.#at.get(name) ?? []
  }

  around(name: LockName): readonly WantedLock[] {
    return [...prefixes(name).flatMap((each) => this.at(each)), ...(this.#below.get(name) ?? [])]
  }
}

function add<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** A lock that stands here on the line of `name`; below a project, any of its tasks. */
function standingOnLine(here: Here, standingAt: ReadonlyMap<LockName, Standing>, name: LockName) {
  const [above] = [name, ...prefixes(name)].flatMap((each) => standingAt.get(each) ?? [])
  if (above !== undefined || name.split('/').length > 2) return above
  return here.locks.find((lock) => isAbove(name, lock.name))
}

type Standing = Here['locks'][number]
