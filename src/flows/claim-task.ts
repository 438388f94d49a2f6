import type { ClaimAnswer } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { formatKey, type Key, type TaskKey } from '../domain/key.ts'
import type { SessionId } from '../domain/record.ts'
import { addWorktree, deleteBranch, gitDirOf, removeWorktree } from '../git/worktrees.ts'
import { writeStamp } from '../store/local/stamp.ts'
import { type ClaimRequest, claimKeys } from './claim.ts'
import { pastHalfMade } from './half-made.ts'
import { findClaimants } from './identity.ts'
import { checkKeys } from './overview.ts'
import { takeBack } from './take-back.ts'
import { finishWorktree } from './unfinished-worktree.ts'
import type { Workspace } from './workspace.ts'
import { planWorktree, type WorktreeOptions, type WorktreePlan } from './worktree-plan.ts'
import { checkReuse } from './worktree-reuse.ts'

export interface TaskClaimRequest extends Omit<ClaimRequest, 'keys' | 'canStamp'> {
  readonly task: TaskKey
  readonly worktree: WorktreeOptions
}

/**
 * Claims a task and makes its worktree (design §5, §9). The worktree is planned first, so that nothing is
 * claimed, and taken from nobody, that could not be worked on. If making it fails, or the user interrupts,
 * the claim is taken back. Throws what {@link claimKeys} throws, DW_EXISTS, DW_IN_USE, DW_NOT_FOUND, DW_GIT.
 */
export async function claimTask(workspace: Workspace, request: TaskClaimRequest): Promise<ClaimAnswer> {
  const plan = await plannedOrRefused(workspace, request)
  const { path, branch, base } = plan
  const terms = { ...request.terms, worktree: { path, branch, base } }
  const answer = await claimKeys(workspace, { ...request, keys: [request.task], canStamp: true, terms })
  const { id } = answer.session
  try {
    workspace.around.signal.throwIfAborted()
    // asked again while the lock is held, so that no two claims answer it at once
    await checkReuse(workspace, plan, [id], request.worktree)
    await workspace.clone.intend(path)
    await makeWorktree(workspace, plan)
    workspace.around.signal.throwIfAborted()
    await stamp(workspace, plan, request.task, id)
    await workspace.clone.dropIntent(path)
  } catch (error) {
    if (plan.how === 'add') await undoWorktree(workspace, plan)
    await workspace.clone.dropIntent(path)
    throw await takeBack(workspace, answer, error)
  }
  return { ...answer, worktree: { path, branch, base, created: plan.how === 'add' } }
}

/**
 * The worktree's plan. Where something is in the way, it may be the worktree of the task's holder: then
 * the claim's own refusal says more, and is thrown instead.
 */
async function plannedOrRefused(workspace: Workspace, request: TaskClaimRequest): Promise<WorktreePlan> {
  try {
    const plan = await planWorktree(workspace, request.task, request.worktree)
    const { named, stamp, binding } = await findClaimants(workspace, request.session)
    await checkReuse(workspace, plan, [named?.id, stamp?.session, binding?.session], request.worktree)
    return plan
  } catch (error) {
    const { checks } = await checkKeys(workspace, [request.task], request.session)
    if (request.steal || checks.every(({ answer }) => answer !== 'held')) throw error
    const answer = await claimKeys(workspace, { ...request, keys: [request.task], canStamp: true })
    // released in this very moment: what was in the way counts again
    throw await takeBack(workspace, answer, error)
  }
}

async function makeWorktree(workspace: Workspace, plan: WorktreePlan): Promise<void> {
  if (plan.how === 'reuse') {
    if (plan.unfinished) await finishWorktree(workspace, plan.path, plan.gitDir)
    return
  }
  const { path, branch, base, newBranch, replaces } = plan
  const spec = { path, branch, base: newBranch ? base : null, replaces }
  await pastHalfMade(
    workspace,
    () => addWorktree(workspace.git, spec),
    async () => {
      if ((await gitDirOf(path)) !== null) return false
      // git makes the branch before it looks at the other worktrees
      if (newBranch) await deleteBranch(workspace.git, branch, base)
      return true
    },
  )
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
