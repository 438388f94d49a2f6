import type { CleanupItem } from '../../domain/cleanup.ts'
import { encodeComponent } from '../../domain/name.ts'
import type { SessionId } from '../../domain/record.ts'
import { type Binding, parseBinding } from '../../store/local/clone-state.ts'
import { type LocalFile, listLocalFiles, removeLocalFile } from '../../store/local/leftovers.ts'
import { activeRef, endedRef } from '../../store/ref-names.ts'
import { isTerminalGone } from '../terminal-gone.ts'
import type { Workspace } from '../workspace.ts'
import type { KnownWorktree } from '../worktree/known-worktree.ts'
import type { Outdated } from './clean-history.ts'
import type { Survey } from './survey.ts'

/** Age from which nobody is still busy with a file that is written in one go, in milliseconds. */
const ABANDONED = 600_000

/** Age from which a waiter is gone that touches its ticket every few seconds, in milliseconds. */
const SILENT_TICKET = 60_000

/**
 * What in `<common git dir>/dw` is of no use any more: bindings whose session has no record, or whose
 * terminal is gone; what was remembered of sessions that have ended; tickets and intents of the dead;
 * temporary files. Bindings of a session that ended stay with its record: they tell its agent what became of it.
 */
export async function deadFiles(
  workspace: Workspace,
  survey: Survey,
  worktrees: readonly KnownWorktree[],
): Promise<Outdated[]> {
  const { commonDir } = workspace.repository
  const files = await listLocalFiles(commonDir, workspace.around.fileClock())
  const absent = await absentSessions(workspace, survey, files)
  const judged = await Promise.all(
    files.map(async (file): Promise<Outdated[]> => {
      const why = await reason(workspace, survey, worktrees, file, absent)
      if (why === null) return []
      const what = file.directory === 'bindings' && isBinding(file) ? 'binding' : 'file'
      const item: CleanupItem = { what, name: nameOf(file), why, done: false }
      return [{ item, drop: () => removeLocalFile(commonDir, file) }]
    }),
  )
  return judged.flat()
}

/** Why the file can go; null for one that stays. */
async function reason(
  workspace: Workspace,
  survey: Survey,
  worktrees: readonly KnownWorktree[],
  file: LocalFile,
  absent: ReadonlySet<SessionId>,
): Promise<string | null> {
  const { directory, name, age, text } = file
  const isOld = age > ABANDONED
  if (name.endsWith('.tmp')) return isOld ? 'a temporary file of a command that was killed' : null
  if (directory === 'bindings') {
    if (!isBinding(file)) return isOld && name.includes('.json.after-') ? 'a turn that was taken' : null
    const binding = parseBinding(text)
    if (binding === undefined) return isOld ? 'it cannot be read, so it binds nothing' : null
    return deadBinding(workspace, survey, binding, isOld, absent)
  }
  if (!name.endsWith('.json')) return null
  if (directory === 'beats' || directory === 'observed') {
    const isLive = survey.ground.snapshot.has(`refs/dw/active/${name.slice(0, -'.json'.length)}`)
    return isLive || !isOld ? null : 'its session has ended'
  }
  if (directory === 'waiting') return age > SILENT_TICKET ? 'a claim waited that is gone' : null
  if (directory === 'worktrees') return isOld && isSettled(worktrees, name) ? 'a claim that was killed' : null
  return null
}

async function deadBinding(
  workspace: Workspace,
  survey: Survey,
  binding: Binding,
  isOld: boolean,
  absent: ReadonlySet<SessionId>,
): Promise<string | null> {
  const { session, reserved = false } = binding
  if (absent.has(session)) {
    // one that is reserved may be written by a claim right now
    return reserved && !isOld ? null : `there is no session ${session}`
  }
  const owner = survey.ground.sessions.get(session)?.session.owner
  return (await isTerminalGone(workspace, binding, owner))
    ? `its terminal is gone; it was bound to ${session}`
    : null
}

/**
 * The sessions of bindings that have no record. Looked up once more after the bindings were read: one that a
 * claim has made since the survey is there, and its binding just written.
 */
async function absentSessions(
  workspace: Workspace,
  survey: Survey,
  files: readonly LocalFile[],
): Promise<ReadonlySet<SessionId>> {
  const bindings = files.filter((file) => file.directory === 'bindings' && isBinding(file))
  const unknown = bindings.flatMap(({ text }): SessionId[] => {
    const session = parseBinding(text)?.session
    return session === undefined || isKnown(survey, session) ? [] : [session]
  })
  if (unknown.length === 0) return new Set()
  const refs = unknown.flatMap((session) => [activeRef(session), endedRef(session)])
  const now = await workspace.store.read({ refs })
  return new Set(unknown.filter((id) => !now.has(activeRef(id)) && !now.has(endedRef(id))))
}

function isKnown(survey: Survey, session: SessionId): boolean {
  // one that has locks but no record gets a record, which tells its agent
  if (survey.orphans.has(session)) return true
  return [activeRef(session), endedRef(session)].some((ref) => survey.ground.snapshot.has(ref))
}

/** Whether no worktree is there that only this note tells a later claim of (design §9). */
function isSettled(worktrees: readonly KnownWorktree[], name: string): boolean {
  const made = worktrees.find(({ path }) => `${encodeComponent(path)}.json` === name)
  return made === undefined || made.stamp !== undefined
}

function isBinding({ name }: LocalFile): boolean {
  return name.endsWith('.json') && !name.includes('.json.')
}

function nameOf({ directory, name }: LocalFile): string {
  return directory === '.' ? name : `${directory}/${name}`
}
