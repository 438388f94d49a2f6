import { lockName, parseKey, type TaskKey } from '../../domain/key.ts'
import type { Result } from '../../domain/record.ts'
import { namedFiles } from '../../domain/result.ts'
import { changedFiles } from '../../git/changed-files.ts'
import { readWorktreeStatus } from '../../git/worktree-status.ts'
import type { Stamp } from '../../store/local/stamp.ts'
import type { Workspace } from '../workspace.ts'
import { type KnownWorktree, knownWorktrees } from '../worktree/known-worktree.ts'
import { basesOf } from '../worktree/list-worktrees.ts'

/** What is in the worktree of a task. */
export interface Work {
  readonly worktree: KnownWorktree
  /** What a result says of it. */
  readonly fields: Pick<Result, 'branch' | 'head' | 'files' | 'omitted'>
  /** How many paths are changed or untracked. */
  readonly uncommitted: number
}

/**
 * The worktree whose stamp names `task`, and what a result says of it; null where there is none on this
 * machine. `files` are those given; else those that its commits changed since they left the base. Throws DW_GIT.
 */
export async function findWork(
  workspace: Workspace,
  task: TaskKey,
  files: readonly string[] | undefined,
): Promise<Work | null> {
  const known = await knownWorktrees(workspace)
  const worktree = known.find(({ stamp, missing }) => !missing && isTasks(stamp, task))
  if (worktree === undefined) return null
  const status = await readWorktreeStatus(workspace.git, worktree.path, { all: false })
  const { branch, head } = status
  const named =
    files !== undefined
      ? { files }
      : namedFiles(head === null ? [] : await filesSince(workspace, known[0], worktree, head))
  return {
    worktree,
    fields: {
      ...(branch === null ? {} : { branch }),
      ...(head === null ? {} : { head }),
      ...named,
    },
    uncommitted: status.changed.length + status.untracked.length,
  }
}

/** The paths that the branch changed since it left the base, or, where the base has it all, since its claim. */
async function filesSince(
  workspace: Workspace,
  main: KnownWorktree | undefined,
  worktree: KnownWorktree,
  head: string,
): Promise<string[]> {
  const [base] = await basesOf(workspace, main)
  const files = base === undefined ? [] : await changedFiles(workspace.git, base, head)
  const start = worktree.stamp?.base
  if (files.length > 0 || !start || start === head || start === base) return files
  return changedFiles(workspace.git, start, head)
}

function isTasks(stamp: Stamp | undefined, task: TaskKey): boolean {
  if (stamp === undefined) return false
  try {
    return lockName(parseKey(stamp.key)) === lockName(task)
  } catch {
    return false
  }
}
