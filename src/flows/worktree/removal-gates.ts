import { join } from 'node:path'
import { DwError, type ErrorCode, type ErrorDetails } from '../../domain/error.ts'
import { ownerName } from '../../domain/holder.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { isOnNoBranch } from '../../git/reachable.ts'
import type { RunningProcess } from '../surroundings.ts'
import type { Workspace } from '../workspace.ts'
import { liveSession } from '../worktree-reuse.ts'
import { type Contents, hasWork } from './contents.ts'
import type { KnownWorktree } from './known-worktree.ts'

/** Paths that a refusal names. */
const MOST_NAMED = 10

/**
 * The gates that nothing lifts (design §9): the main worktree, one that the user has locked, one of another
 * live session, one that a process stands in. Throws DW_MAIN_WORKTREE, DW_WORKTREE_LOCKED, DW_ALIVE, DW_IN_USE.
 */
export async function refuseInUse(
  workspace: Workspace,
  worktree: KnownWorktree,
  me: readonly string[],
): Promise<void> {
  const { path } = worktree
  if (worktree.main) {
    throw refusal('DW_MAIN_WORKTREE', `"${path}" is the main worktree`, { path }, [
      'only linked worktrees are removed: git dw worktree list',
    ])
  }
  if (worktree.locked) {
    throw refusal('DW_WORKTREE_LOCKED', `"${path}" is locked with "git worktree lock"`, { path }, [
      `if nobody needs it: git worktree unlock ${shellWord(path)}`,
    ])
  }
  const owner = worktree.stamp?.session
  const live = owner === undefined || me.includes(owner) ? null : await liveSession(workspace, owner)
  if (live !== null) {
    const who = `${live.id} (${ownerName(live.owner)})`
    throw refusal(
      'DW_ALIVE',
      `"${path}" is the worktree of ${who}, which is live`,
      { path, session: live.id },
      [`ask them to end it, or end it yourself: git dw end ${live.id} --force`],
    )
  }
  await refuseStoodIn(workspace, path)
}

/** Refuses a worktree that is the current directory of a running process. Throws DW_IN_USE. */
export async function refuseStoodIn(workspace: Workspace, path: string): Promise<void> {
  const processes = await workspace.around.processesIn(path)
  if (processes.length === 0) return
  const named = processes.slice(0, MOST_NAMED).map((each) => `${each.name} (${each.pid})`)
  const more = processes.length > MOST_NAMED ? ` and ${processes.length - MOST_NAMED} more` : ''
  const details: ErrorDetails = {
    path,
    processes: processes.map(({ pid, name }: RunningProcess) => ({ pid, name })),
  }
  throw refusal('DW_IN_USE', `${named.join(', ')}${more} stands in "${path}"`, details, [
    `leave the directory, or end the process: kill ${processes[0]?.pid ?? ''}`,
  ])
}

/**
 * The gates that `--force` lifts, once all that they guard is in a rescue (design §9): work in the files or
 * the index, and commits on no branch. Repositories inside are never lifted, because no rescue holds them.
 * Whether a rescue must keep something. Throws DW_NESTED, DW_DIRTY, DW_DETACHED.
 */
export async function refuseWork(
  workspace: Workspace,
  path: string,
  contents: Contents,
  force: boolean,
): Promise<boolean> {
  const { nested, status } = contents
  if (nested.length > 0) {
    throw refusal(
      'DW_NESTED',
      `"${path}" holds other repositories with work of their own: ${listed(nested)}`,
      { path, nested },
      [
        `see what is in them: git -C ${shellWord(join(path, nested[0] ?? ''))} status`,
        'push what is in them, or move them away, then try again',
      ],
    )
  }
  const again = `keep all of it in a rescue and remove the worktree: git dw worktree remove ${shellWord(path)} --force`
  const dirty = hasWork(contents)
  if (dirty && !force) {
    const { text, details } = describeWork(contents)
    throw refusal('DW_DIRTY', `"${path}" holds work: ${text}`, { path, ...details }, [
      `look at it: git -C ${shellWord(path)} status`,
      again,
    ])
  }
  const { head } = status
  const detached = status.branch === null && head !== null && (await isOnNoBranch(workspace.git, head))
  if (detached && !force) {
    throw refusal(
      'DW_DETACHED',
      `"${path}" has commits that are on no branch, the last one ${head}`,
      { path, head },
      [`give them one: git -C ${shellWord(path)} switch -c <branch>`, again],
    )
  }
  return dirty || detached
}

/** What is in the way, as a person reads it and as JSON lists it. */
export function describeWork(contents: Contents): { text: string; details: ErrorDetails } {
  const { status, unwatched, operation } = contents
  const changed = [...status.changed.map(({ path }) => path), ...unwatched.map(({ path }) => path)]
  const parts = [
    ...(operation === null ? [] : [`${operation} is under way`]),
    ...(changed.length === 0 ? [] : [`changed: ${listed(changed)}`]),
    ...(status.untracked.length === 0 ? [] : [`untracked: ${listed(status.untracked)}`]),
  ]
  return { text: parts.join('; '), details: { changed, untracked: status.untracked, operation } }
}

function listed(paths: readonly string[]): string {
  const more = paths.length > MOST_NAMED ? ` and ${paths.length - MOST_NAMED} more` : ''
  return `${paths.slice(0, MOST_NAMED).join(', ')}${more}`
}

function refusal(code: ErrorCode, message: string, details: ErrorDetails, hints: readonly string[]): DwError {
  return new DwError(code, message, { hints, details })
}
