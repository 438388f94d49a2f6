import type { ClaimAnswer } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { formatKey, type Key, type TaskKey } from '../domain/key.ts'
import type { SessionId } from '../domain/record.ts'
import { addWorktree, deleteBranch, gitDirOf, removeWorktree } from '../git/worktrees.ts'
import { writeStamp } from '../store/local/stamp.ts'
import { activeRef, endedRef } from '../store/ref-names.ts'
import { type ClaimRequest, claimKeys } from './claim.ts'
import { isLive, sessionIn } from './identity.ts'
import { takeBack } from './take-back.ts'
import type { Workspace } from './workspace.ts'
import {
  notOurs,
  planWorktree,
  stampedByOther,
  type WorktreeOptions,
  type WorktreePlan,
} from './worktree-plan.ts'

export interface TaskClaimRequest extends Omit<ClaimRequest, 'keys' | 'canStamp'> {
  readonly task: TaskKey
  readonly worktree: WorktreeOptions
}

/**
 * Claims a task and makes its worktree (design §5, §9). The worktree is planned first, so that nothing is
 * claimed that could not be worked on; if making it fails, or the user interrupts, the lock is released
 * again. Throws what {@link claimKeys} throws, DW_EXISTS, DW_IN_USE, DW_NOT_FOUND, DW_GIT.
 */
export async function claimTask(workspace: Workspace, request: TaskClaimRequest): Promise<ClaimAnswer> {
  const plan = await planWorktree(workspace, request.task, request.worktree)
  const { path, branch, base } = plan
  const answer = await claimKeys(workspace, {
    ...request,
    keys: [request.task],
    canStamp: true,
    terms: { ...request.terms, worktree: { path, branch, base } },
  })
  try {
    workspace.around.signal.throwIfAborted()
    if (plan.how === 'reuse') await checkReuse(workspace, plan, answer, request.worktree)
    await makeWorktree(workspace, plan)
    workspace.around.signal.throwIfAborted()
    await stamp(workspace, plan, request.task, answer.session.id)
  } catch (error) {
    if (plan.how === 'add') await undoWorktree(workspace, plan)
    throw await takeBack(workspace, answer, error)
  }
  return { ...answer, worktree: { path, branch, base, created: plan.how === 'add' } }
}

/**
 * Whether the worktree that is there may be gone on with. This is asked while the task's lock is held, so
 * that no two claims answer it at once.
 */
async function checkReuse(
  workspace: Workspace,
  plan: Extract<WorktreePlan, { how: 'reuse' }>,
  answer: ClaimAnswer,
  options: WorktreeOptions,
): Promise<void> {
  const { stamp, path, branch } = plan
  if (options.adopt || stamp?.session === answer.session.id) return
  if (stamp === undefined) {
    // a kill may have come between making it and stamping it
    const mine = answer.keys.some(({ already, lock }) => already && lock.worktree === path)
    if (!mine) throw notOurs(path, branch)
    return
  }
  const snapshot = await workspace.store.read({ refs: [activeRef(stamp.session), endedRef(stamp.session)] })
  const other = sessionIn(snapshot, stamp.session)
  if (other !== undefined && isLive(other)) throw stampedByOther(path, stamp.session)
}

async function makeWorktree(workspace: Workspace, plan: WorktreePlan): Promise<void> {
  if (plan.how === 'reuse') return
  const { path, branch, base, newBranch, replaceMissing } = plan
  await addWorktree(workspace.git, { path, branch, base: newBranch ? base : null, replaceMissing })
}

async function stamp(workspace: Workspace, plan: WorktreePlan, task: Key, session: SessionId): Promise<void> {
  const gitDir = plan.how === 'reuse' ? plan.gitDir : await gitDirOf(plan.path)
  if (gitDir === null) throw new DwError('DW_GIT', `git made no worktree at "${plan.path}"`)
  workspace.around.signal.throwIfAborted()
  await writeStamp(gitDir, { session, key: formatKey(task) })
}

/** Removes the new worktree as git politely does, and the new branch while it is where it started. */
async function undoWorktree(
  workspace: Workspace,
  plan: Extract<WorktreePlan, { how: 'add' }>,
): Promise<void> {
  const made = (await gitDirOf(plan.path)) !== null
  const removed = !made || (await removeWorktree(workspace.git, plan.path))
  if (!removed) workspace.around.say(`"${plan.path}" is left behind: git would not remove it`)
  else if (plan.newBranch) await deleteBranch(workspace.git, plan.branch, plan.base)
}
