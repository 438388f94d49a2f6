import { formatKey, isAbove, type LockName, lockName, prefixes } from '../key.ts'
import type { Problem } from './old-state.ts'
import type { Here, MigrationItem } from './plan.ts'
import type { WantedLock } from './plan-locks.ts'
import { idKey } from './unite-sessions.ts'

/** The wanted locks that nothing is in the way of, and what became of the others. */
export interface Unclashed {
  readonly locks: readonly WantedLock[]
  readonly problems: readonly Problem[]
  readonly items: readonly MigrationItem[]
}

/**
 * Leaves out the locks of a task that has several, of which nobody can say who is right, and those whose
 * key, or a project above it, somebody holds here already.
 */
export function withoutClashes(wanted: readonly WantedLock[], here: Here): Unclashed {
  const locks: WantedLock[] = []
  const problems: Problem[] = []
  const items: MigrationItem[] = []
  const standingAt = new Map(here.locks.map((lock) => [lock.name, lock]))
  const byName = new Map<LockName, WantedLock[]>()
  for (const each of wanted) {
    const name = lockName(each.key)
    byName.set(name, [...(byName.get(name) ?? []), each])
  }
  for (const [name, all] of byName) {
    const [first, ...more] = all
    if (first === undefined) continue
    const fail = ({ old }: WantedLock, reason: string) =>
      problems.push({ file: old.file, entry: old.entry, reason })
    const key = formatKey(first.key)
    if (more.length > 0) {
      const whose = all.map(({ session }) => session.id).join(' and ')
      for (const each of all) fail(each, `"${key}" has ${all.length} active locks, of ${whose}`)
      continue
    }
    const above = prefixes(name).flatMap((each) => byName.get(each) ?? [])
    const [project] = above
    if (project !== undefined) {
      const whose = formatKey(project.key)
      if (above.every(({ session }) => session === first.session)) {
        const why = `"${whose}" of the same session covers it`
        items.push({ what: 'lock', name: key, file: first.old.file, brought: false, why })
      } else fail(first, `"${whose}" above it has an active lock, of ${project.session.id}`)
      continue
    }
    const standing = standingOnLine(here, standingAt, name)
    if (standing === undefined) {
      if (here.sessions.has(idKey(first.session.id)))
        fail(first, `${first.session.id} is here already, without it`)
      else locks.push(first)
    } else if (standing.name === name && idKey(standing.session) === idKey(first.session.id)) {
      const { file } = first.old
      items.push({ what: 'lock', name: key, file, brought: false, why: 'it is here already' })
    } else fail(first, `"${standing.key}" is held here by ${standing.session}`)
  }
  return { locks, problems, items }
}

/** A lock that stands here on the line of `name`; below a project, any of its tasks. */
function standingOnLine(here: Here, standingAt: ReadonlyMap<LockName, Standing>, name: LockName) {
  const [above] = [name, ...prefixes(name)].flatMap((each) => standingAt.get(each) ?? [])
  if (above !== undefined || name.split('/').length > 2) return above
  return here.locks.find((lock) => isAbove(name, lock.name))
}

type Standing = Here['locks'][number]
