import { DwError } from '../../domain/error.ts'
import type { TaskKey } from '../../domain/key.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { claimTask, type TaskClaim } from '../claim-task.ts'
import { checkKeys } from '../overview.ts'
import type { Workspace } from '../workspace.ts'
import type { WorktreeOptions } from '../worktree-plan.ts'

/**
 * Makes the worktree of a task that the session holds already. Throws DW_NOT_OWNER for a task that it does
 * not hold, and what {@link claimTask} throws.
 */
export async function createWorktree(
  workspace: Workspace,
  request: {
    readonly task: TaskKey
    readonly session?: string
    readonly claim: string
    readonly worktree: WorktreeOptions
  },
): Promise<TaskClaim> {
  const { task, session, worktree } = request
  const command = `git dw claim --task ${shellWord(task.task)}`
  const { checks } = await checkKeys(workspace, [task], session)
  if (checks.some(({ answer }) => answer !== 'mine')) {
    throw new DwError('DW_NOT_OWNER', `the task "${task.task}" is not yours`, {
      hints: [`claim it, which makes its worktree, too: ${command}`],
      details: { keys: [`task:${task.project}/${task.task}`] },
    })
  }
  return claimTask(workspace, {
    task,
    worktree,
    steal: false,
    terms: { claim: request.claim },
    stealing: `${command} --steal -m "<why>"`,
    ...(session === undefined ? {} : { session }),
  })
}
