import type { LockName } from '../domain/key.ts'
import { encodeComponent } from '../domain/name.ts'
import type { SessionId } from '../domain/record.ts'

/** The full name of a ref under `refs/dw/` (design §3). */
export type RefName = `refs/dw/${string}`

export const META_REF: RefName = 'refs/dw/meta'
export const LOCKS_REF: RefName = 'refs/dw/locks'
export const ACTIVE_REF: RefName = 'refs/dw/active'
export const ENDED_REF: RefName = 'refs/dw/ended'
export const LOGS_REF: RefName = 'refs/dw/log'
export const PROJECTS_REF: RefName = 'refs/dw/projects'
export const RESULTS_REF: RefName = 'refs/dw/results'

/** A live session's ref. `active` sorts before `locks` on purpose (design §3). */
export function activeRef(session: SessionId): RefName {
  return `${ACTIVE_REF}/${encodeComponent(session)}`
}

/** The ref of a session that has ended; it wins over the active one. */
export function endedRef(session: SessionId): RefName {
  return `${ENDED_REF}/${encodeComponent(session)}`
}

/** The ref of a session's log. */
export function logRef(session: SessionId): RefName {
  return `${LOGS_REF}/${encodeComponent(session)}`
}

/** The ref of a project that was registered. */
export function projectRef(name: string): RefName {
  return `${PROJECTS_REF}/${encodeComponent(name)}`
}

/** The ref of a task's last result. */
export function resultRef(task: { readonly project: string; readonly task: string }): RefName {
  return `${RESULTS_REF}/${encodeComponent(task.project)}/${encodeComponent(task.task)}`
}

/** A lock's ref. */
export function lockRef(name: LockName): RefName {
  return `${LOCKS_REF}/${name}`
}

/** The place that a lock's ref stands for; null for any other ref. */
export function lockNameOf(ref: RefName): LockName | null {
  return ref.startsWith(`${LOCKS_REF}/`) ? (ref.slice(LOCKS_REF.length + 1) as LockName) : null
}

/** Every ref name strictly above `ref` that could hold a record, the highest first. */
export function refsAbove(ref: RefName): RefName[] {
  const parts = ref.split('/')
  const above: RefName[] = []
  for (let length = 3; length < parts.length; length += 1) {
    above.push(parts.slice(0, length).join('/') as RefName)
  }
  return above
}

/** Whether git could not hold both refs at once, or they are one (design §3, the naming rule). */
export function refsCollide(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`)
}
