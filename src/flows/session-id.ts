import { DwError } from '../domain/error.ts'
import type { SessionId } from '../domain/record.ts'
import { ACTIVE_REF, ENDED_REF } from '../store/ref-names.ts'
import type { Workspace } from './workspace.ts'

/** Whether `text` is an id as it is written, and no start of one. */
export function isWholeId(text: string): text is SessionId {
  return /^SESS-[0-9A-HJKMNP-TV-Z]{10}$/.test(text)
}

/**
 * The session that `text` names: a whole id, or any prefix that fits one alone, with or without `SESS-`.
 * Live sessions come before ended ones. Throws DW_AMBIGUOUS when two fit, DW_USAGE for an empty text.
 * An id that fits none is returned as it is, for the caller to miss.
 */
export async function resolveSessionId(workspace: Workspace, text: string): Promise<SessionId> {
  if (text === '')
    throw new DwError('DW_USAGE', 'a session id is empty', {
      hints: ['see who is there with: git dw sessions'],
    })
  if (isWholeId(text)) return text
  const live = fitting(await idsUnder(workspace, ACTIVE_REF), text)
  const all = live.length > 0 ? live : fitting(await idsUnder(workspace, ENDED_REF), text)
  if (all.length > 1) {
    throw new DwError('DW_AMBIGUOUS', `"${text}" fits ${all.length} sessions: ${all.join(', ')}`, {
      hints: ['give more letters'],
      details: { sessions: all },
    })
  }
  return all[0] ?? (text as SessionId)
}

async function idsUnder(
  workspace: Workspace,
  root: typeof ACTIVE_REF | typeof ENDED_REF,
): Promise<SessionId[]> {
  const snapshot = await workspace.store.read({ refs: [root] })
  return [...snapshot.values()].flatMap(({ content }) =>
    content.ok && content.record.kind === 'session' ? [content.record.id] : [],
  )
}

function fitting(ids: readonly SessionId[], text: string): SessionId[] {
  const wanted = text.toUpperCase()
  const exact = ids.filter((id) => id.toUpperCase() === wanted)
  if (exact.length > 0) return exact
  return ids.filter(
    (id) => id.toUpperCase().startsWith(wanted) || id.toUpperCase().startsWith(`SESS-${wanted}`),
  )
}
