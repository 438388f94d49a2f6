import { DwError } from '../domain/error.ts'
import type { SessionId } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import { type EndAnswer, type EndRequest, endSession, sessionToEnd } from './end-session.ts'
import { showKey } from './path-key.ts'
import type { Prompter } from './prompter.ts'
import { type UnfinishedWorktree, unfinishedWork } from './unfinished-work.ts'
import type { Workspace } from './workspace.ts'
import { removeOrSay } from './worktree/remove-or-say.ts'
import type { RemovalAnswer } from './worktree/remove-worktree.ts'

export interface LeaveRequest extends EndRequest {
  /** Whether its worktrees go too; undefined asks where somebody can be asked, and keeps them elsewhere. */
  readonly removeWorktree?: boolean
}

export interface LeaveAnswer extends EndAnswer {
  readonly removed: readonly RemovalAnswer[]
  /** Its worktrees that stay. */
  readonly kept: readonly string[]
}

/**
 * Ends a session with care (design §5): work that is not committed or pushed is named, and ends it only after
 * a yes or with `force`; open locks are named and, at a terminal, asked about; at the end the worktree may go,
 * through the gates of design §9. Throws DW_DIRTY, DW_INTERRUPTED, and what {@link endSession} throws.
 */
export async function leaveSession(workspace: Workspace, request: LeaveRequest): Promise<LeaveAnswer> {
  const { ask } = workspace.around
  const { session, locks } = await sessionToEnd(workspace, request)
  const worktrees = await unfinishedWork(workspace, session.id)
  await agreeToWork(ask, session.id, worktrees, request.force)
  if (ask !== null && locks.length > 0) {
    const keys = locks.map(({ key }) => showKey(workspace, key)).join(', ')
    if (!(await ask.confirm(`End ${session.id} and release ${keys}?`, true))) throw kept(session.id)
  }
  const ended = await endSession(workspace, { ...request, target: session.id })
  const removed: RemovalAnswer[] = []
  for (const { worktree } of worktrees) {
    const { path } = worktree
    const go =
      request.removeWorktree ?? (await ask?.confirm(`Remove its worktree "${path}"?`, false)) ?? false
    const answer = go ? await removeOrSay(workspace, worktree) : null
    if (answer !== null) removed.push(answer)
  }
  const gone = new Set(removed.map(({ path }) => path))
  const stay = worktrees.map(({ worktree }) => worktree.path).filter((path) => !gone.has(path))
  return { ...ended, removed, kept: stay }
}

async function agreeToWork(
  ask: Prompter | null,
  id: SessionId,
  worktrees: readonly UnfinishedWorktree[],
  force: boolean,
): Promise<void> {
  const unfinished = worktrees.filter(({ work }) => work !== null)
  if (unfinished.length === 0 || force) return
  const lines = unfinished.map(({ worktree, work }) => `"${worktree.path}" holds work of ${id}: ${work}`)
  if (ask !== null && (await ask.confirm(`${lines.join('\n')}\nEnd it all the same?`, false))) return
  const [first] = unfinished
  throw new DwError('DW_DIRTY', lines.join('\n'), {
    hints: [
      `look at it: git -C ${shellWord(first?.worktree.path ?? '.')} status`,
      'commit and push it, or end all the same: git dw end --force',
    ],
    details: { session: id, path: first?.worktree.path ?? '' },
  })
}

function kept(id: SessionId): DwError {
  return new DwError('DW_INTERRUPTED', `${id} goes on; nothing was changed`, {
    hints: ['release single keys with: git dw release <key>'],
  })
}
