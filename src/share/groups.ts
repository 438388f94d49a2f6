import { encodeComponent } from '../domain/name.ts'
import type { SessionId } from '../domain/record.ts'
import { ACTIVE_REF, ENDED_REF, lockNameOf } from '../store/ref-names.ts'
import { lockOf, type ReadSide, type View } from './views.ts'

const OF_SESSION = new RegExp(`^(?:${ACTIVE_REF}|${ENDED_REF}|refs/dw/log)/(.+)$`)

/**
 * The sessions, by their component in ref names, with which a ref must move: a lock is never moved, here or
 * at the arbiter, without the session that guards it.
 */
export function groupsOf(view: View, read: ReadSide): string[] {
  if (lockNameOf(view.ref) === null) return [...(OF_SESSION.exec(view.ref)?.slice(1, 2) ?? [view.ref])]
  const sides = (['base', 'local', 'remote'] as const).flatMap((side) => lockOf(read(view, side)) ?? [])
  return [...new Set(sides.map(({ session }) => encodeComponent(session as SessionId)))]
}
