import { rename } from 'node:fs/promises'
import type { ClaimAnswer } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { formatKey, type TaskKey } from '../domain/key.ts'
import type { SessionId } from '../domain/record.ts'
import {
  addWorktree,
  adminDirOf,
  createBranch,
  deleteBranch,
  dropEmpty,
  dropUnfinished,
  gitDirOf,
  isInitializing,
  listWorktrees,
  removeWorktree,
} from '../git/worktrees.ts'
import { readStamp, writeStamp } from '../store/local/stamp.ts'
import { dropLeftLock } from '../store/lock-files.ts'
import type { NewBranch } from '../store/store.ts'
import { claimKeys } from './claim.ts'
import type { ClaimRequest } from './claim-request.ts'
import { pastHalfMade } from './half-made.ts'
import { findClaimants } from './identity.ts'
import { checkKeys } from './overview.ts'
import { runPostCreate } from './post-create.ts'
import { takeBack } from './take-back.ts'
import { finishWorktree, stillBeingMade } from './unfinished-worktree.ts'
import type { Workspace } from './workspace.ts'
import { planWorktree, type WorktreeOptions, type WorktreePlan } from './worktree-plan.ts'
import { checkReuse } from './worktree-reuse.ts'
import { setUpWorktree } from './worktree-setup.ts'

/** A task that was claimed, with its worktree. */
export interface TaskClaim {
  readonly answer: ClaimAnswer
  /** Why the worktree is not quite ready: its `dw.postCreate` is to be run again. */
  readonly problem?: DwError
}

export interface TaskClaimRequest extends Omit<ClaimRequest, 'keys' | 'canStamp'> {
  readonly task: TaskKey
  readonly worktree: WorktreeOptions
}

/** How often a claim is planned anew because somebody made its branch meanwhile. */
const PLANS = 5

/**
 * Claims a task and makes its worktree (design §5, §9). The worktree is planned first, so that nothing is
 * claimed, and taken from nobody, that could not be worked on. If making it fails, or the user interrupts,
 * the claim is taken back; but not when only `dw.postCreate` does not succeed. Throws what {@link claimKeys} throws, DW_EXISTS, DW_IN_USE, DW_NOT_FOUND, DW_COPY, DW_GIT.
 */
export async function claimTask(workspace: Workspace, request: TaskClaimRequest): Promise<TaskClaim> {
  for (let plans = 1; ; plans += 1) {
    const plan = await plannedOrRefused(workspace, request)
    try {
      return await claimPlanned(workspace, request, plan)
    } catch (error) {
      const branchTaken = error instanceof DwError && error.code === 'DW_EXISTS' && plan.how === 'add'
      if (!branchTaken || plans === PLANS || workspace.around.signal.aborted) throw error
    }
  }
}

async function claimPlanned(
  workspace: Workspace,
  request: TaskClaimRequest,
  plan: WorktreePlan,
): Promise<TaskClaim> {
  const { path, branch, base } = plan
  const branchRef = `refs/heads/${branch}` as const
  const terms = { ...request.terms, worktree: { path, branch, base } }
  const newBranch: NewBranch | null =
    plan.how === 'add' && plan.newBranch ? { ref: branchRef, at: base } : null
  const answer = await claimKeys(workspace, {
    ...request,
    keys: [request.task],
    canStamp: true,
    terms,
    ...(newBranch === null ? {} : { branch: newBranch }),
  })
  // the claim's transaction made it, and only if it was not there: so it is ours to take back
  const already = answer.keys.every((key) => key.already)
  const made = { branch: newBranch !== null && !already, worktree: false }
  const { around, clone } = workspace
  let gitDir: string
  try {
    around.signal.throwIfAborted()
    const maker = { session: answer.session.id, key: formatKey(request.task) }
    await clone.intend(path, maker, around.fileClock())
    await clone.intend(branchRef, maker, around.fileClock()).catch((error: unknown) => {
      // whoever is taking it goes on with it
      made.branch = false
      throw error
    })
    if (newBranch !== null && already) made.branch = await createBranch(workspace.git, branch, base)
    await checkAgain(workspace, plan, request, answer.session.id)
    made.worktree = plan.how === 'add'
    await makeWorktree(workspace, plan)
    around.signal.throwIfAborted()
    gitDir = await gitDirOfMade(plan)
    if (plan.how === 'add' || plan.unfinished) {
      await setUpWorktree(workspace, { path, gitDir, main: plan.main })
      around.signal.throwIfAborted()
    }
    await writeStamp(gitDir, { session: answer.session.id, key: formatKey(request.task), base })
    for (const each of [path, branchRef]) await clone.dropIntent(each)
  } catch (error) {
    await undo(workspace, plan, made)
    for (const each of [path, branchRef]) await clone.dropIntent(each, answer.session.id)
    // git, too, ends at a Ctrl-C: what it says then is not the reason
    throw await takeBack(workspace, answer, around.signal.aborted ? around.signal.reason : error)
  }
  const worktree = { path, branch, base, created: plan.how === 'add' }
  const handed = { gitDir, worktree, session: answer.session.id, task: request.task }
  const problem = await runPostCreate(workspace, handed)
  return { answer: { ...answer, worktree }, ...(problem === undefined ? {} : { problem }) }
}

/** The worktree as it is now, while nobody else can be taking it: what was planned may have passed. */
async function checkAgain(
  workspace: Workspace,
  plan: WorktreePlan,
  request: TaskClaimRequest,
  me: SessionId,
): Promise<void> {
  if (plan.how !== 'reuse') return
  const now = await readStamp(plan.gitDir)
  await checkReuse(workspace, { ...plan, stamp: now }, request.task, [me], request.worktree)
}

/**
 * The worktree's plan. Where something is in the way, it may be the worktree of the task's holder: then
 * the claim's own refusal says more, and is thrown instead.
 */
async function plannedOrRefused(workspace: Workspace, request: TaskClaimRequest): Promise<WorktreePlan> {
  const { task, worktree, session } = request
  try {
    const plan = await planWorktree(workspace, task, worktree)
    const { named, stamp, binding } = await findClaimants(workspace, session)
    await checkReuse(workspace, plan, task, [named?.id, stamp?.session, binding?.session], worktree)
    return plan
  } catch (error) {
    const { checks } = await checkKeys(workspace, [task], session)
    if (request.steal || checks.every(({ answer }) => answer !== 'held')) throw error
    const answer = await claimKeys(workspace, { ...request, keys: [task], canStamp: true })
    // released in this very moment: what was in the way counts again
    throw await takeBack(workspace, answer, error)
  }
}

async function makeWorktree(workspace: Workspace, plan: WorktreePlan): Promise<void> {
  if (plan.how === 'reuse') {
    if (plan.unfinished) await finishWorktree(workspace, plan)
    return
  }
  const { path, branch, replaces, isLeft } = plan
  if (isLeft) await moveAside(workspace, path)
  await pastHalfMade(
    workspace,
    () => addWorktree(workspace.git, { path, branch, replaces }),
    async () => (await gitDirOf(path)) === null,
  )
}

/**
 * What a killed claim left is nobody's work, but it is not ours to say so: it is moved, never removed. Throws
 * DW_BUSY where another claim has put a worktree there since it was looked at.
 */
async function moveAside(workspace: Workspace, path: string): Promise<void> {
  if ((await adminDirOf(workspace.repository.commonDir, path)) !== null) throw stillBeingMade(path)
  const aside = `${path}.left-${workspace.around.randomWord().slice(0, 8)}`
  try {
    await rename(path, aside)
  } catch (error) {
    // another claim has moved it
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return
    throw error
  }
  workspace.around.say(`moved what a claim that was killed had left to "${aside}"`)
}

async function gitDirOfMade(plan: WorktreePlan): Promise<string> {
  const gitDir = plan.how === 'reuse' ? plan.gitDir : await gitDirOf(plan.path)
  if (gitDir === null) {
    throw new DwError('DW_GIT', `git made no worktree at "${plan.path}"`, {
      hints: ['see: git worktree list'],
    })
  }
  return gitDir
}

/** Tries at taking back what was made, while a git that was interrupted, too, is still ending. */
const UNDO_TRIES = 20
const UNDO_PAUSE = 100

/** Removes the worktree and the branch that this claim made, and says what git would not let it remove. */
async function undo(
  workspace: Workspace,
  plan: WorktreePlan,
  made: { readonly worktree: boolean; readonly branch: boolean },
): Promise<void> {
  const { around, repository } = workspace
  let left = ''
  for (let tries = 1; tries <= UNDO_TRIES; tries += 1) {
    if (made.worktree) await undoWorktree(workspace, plan)
    if (made.worktree && (await gitDirOf(plan.path)) !== null) {
      left = `the worktree "${plan.path}" is left behind: git would not remove it`
    } else {
      if (!made.branch) return
      const isFree = await isBranchFree(workspace, plan)
      if (isFree && (await deleteBranch(workspace.git, plan.branch, plan.base))) return
      const ref = `refs/heads/${plan.branch}`
      const lock = isFree ? await dropLeftLock(repository.commonDir, ref, around.fileClock()) : null
      const why = lock === null ? 'git would not remove it' : `"${lock}" is in the way`
      left = `the branch "${plan.branch}" is left behind: ${why}`
    }
    await around.sleep(UNDO_PAUSE)
  }
  around.say(left)
}

/** Removes the new worktree as git politely does, or what git has left of one that it could not finish. */
async function undoWorktree(workspace: Workspace, plan: WorktreePlan): Promise<void> {
  const gitDir = await gitDirOf(plan.path)
  const wasThere = plan.how === 'add' && plan.replaces === 'missing'
  if (gitDir !== null && !(await isInitializing(gitDir)))
    await removeWorktree(workspace.git, plan.path, gitDir)
  else if (!wasThere) await dropUnfinished(workspace.git, workspace.repository.commonDir, plan.path)
  // git was stopped when it had made nothing else
  await dropEmpty(plan.path)
}

/** Whether nobody else has checked the new branch out. */
async function isBranchFree(workspace: Workspace, { path, branch }: WorktreePlan): Promise<boolean> {
  const worktrees = await listWorktrees(workspace.git).catch(() => null)
  // where git cannot list them, nobody but this claim knows of the branch
  return worktrees?.every((each) => each.branch !== branch || each.path === path) ?? true
}
