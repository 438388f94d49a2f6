import type { OldState, Problem } from './old-state.ts'
import { idKey, type United } from './unite-sessions.ts'

/**
 * What active sessions say of their locks and `locks.json` does not bear out. Where that file is damaged,
 * that alone is told.
 */
export function contradictedLocks(old: OldState, united: United): Problem[] {
  if (old.states.locks === 'damaged') return []
  const byId = new Map(old.locks.map((lock) => [lock.id, lock]))
  const unread = new Set(old.problems.filter(({ file }) => file === 'locks.json').map(({ entry }) => entry))
  return [...united.sessions.values()].flatMap(({ id, file, entry, status, locks }) =>
    (status === 'ended' ? [] : locks).flatMap((name): Problem[] => {
      const lock = byId.get(name)
      if (lock === undefined) {
        const reason = `it names the lock "${name}", which locks.json does not have`
        return unread.has(name) ? [] : [{ file, entry, reason }]
      }
      if (lock.status !== 'active' || idKey(lock.ownerId) === idKey(id)) return []
      return [{ file, entry, reason: `it names the lock "${name}", which ${lock.ownerId} has in locks.json` }]
    }),
  )
}
