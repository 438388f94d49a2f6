import { formatDuration } from '../../domain/duration.ts'
import type { DwError } from '../../domain/error.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { childEnvironment } from '../../git/environment.ts'
import { exitStatusOf, type RunningProgram, startUserProgram } from '../../programs/user-command.ts'
import { claimTask, type TaskClaim, type TaskClaimRequest } from '../claim-task.ts'
import { openWorkspace, type Workspace } from '../workspace.ts'
import { giveBack } from './give-back.ts'
import { guardLock } from './guard-lock.ts'
import { notReady, notStarted } from './not-started.ts'

export interface RunRequest {
  readonly claim: TaskClaimRequest
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]]
  /** Leaves the lock, and a session that started here, as they are at the end. */
  readonly keep: boolean
  /** How long to wait for the task, as a duration; undefined does not wait. */
  readonly wait?: string
  /** The same run as a command, for hints. */
  readonly again: string
}

/**
 * Claims a task, runs a program in its worktree while it keeps the lock alive, and gives back what it took
 * (design §5). Returns the program's exit status, 128+n for a signal's. A lock that is lost meanwhile ends
 * the program: SIGTERM, and after `dw.runGrace` SIGKILL. Throws DW_LOST then, DW_NO_COMMAND,
 * DW_NOT_EXECUTABLE, DW_POST_CREATE, and what {@link claimTask} throws.
 */
export async function runTask(workspace: Workspace, request: RunRequest): Promise<number> {
  const claim = await claimed(workspace, request)
  // what follows goes on when the user interrupts: that is for the program to heed
  const { signal } = new AbortController()
  const calm = { ...(await openWorkspace({ ...workspace.around, signal })), losses: workspace.losses }
  const release = async () => (request.keep ? null : giveBack(calm, claim.answer))
  let program: RunningProgram
  try {
    workspace.around.signal.throwIfAborted()
    if (claim.problem !== undefined) throw notReady(request.command[0], claim.problem, request.again)
    program = await start(workspace, claim, request.command)
  } catch (error) {
    await release()
    throw error
  }
  const over = new AbortController()
  const guarded = guard(calm, claim, program, over.signal)
  const end = await program.ended
  over.abort()
  const lost = (await guarded) ?? (await release())
  if (lost !== null) throw lost
  return exitStatusOf(end)
}

async function claimed(workspace: Workspace, request: RunRequest): Promise<TaskClaim> {
  const { claim, wait, again } = request
  const attempt = () => claimTask(workspace, claim)
  if (wait === undefined) return attempt()
  const { claimWaiting } = await import('../claim-waiting.ts')
  const { task, session } = claim
  const waiting = { keys: [task], limit: wait, again, ...(session === undefined ? {} : { session }) }
  return claimWaiting(workspace, waiting, attempt)
}

/** Starts the program in the worktree, with the variables that `dw.postCreate` has. */
async function start(
  workspace: Workspace,
  { answer }: TaskClaim,
  [program, ...args]: RunRequest['command'],
): Promise<RunningProgram> {
  const { around } = workspace
  const { worktree, session, keys } = answer
  const key = keys[0]?.key
  if (worktree === undefined || key?.kind !== 'task') throw new Error('a task without its worktree')
  const env = {
    ...childEnvironment(around.env, true),
    DW_SESSION: session.id,
    DW_WORKTREE: worktree.path,
    DW_TASK: key.task,
    DW_PROJECT: key.project,
    DW_BRANCH: worktree.branch,
    DW_BASE: worktree.base,
  }
  const { onSignal, isInGroup } = around
  try {
    return await startUserProgram({ program, args, cwd: worktree.path, env, onSignal, isInGroup })
  } catch (error) {
    throw notStarted(program, worktree.path, error)
  }
}

/** Looks after the lock while the program runs, and ends the program when the lock is lost. */
async function guard(
  workspace: Workspace,
  { answer }: TaskClaim,
  program: RunningProgram,
  over: AbortSignal,
): Promise<DwError | null> {
  const { around, settings } = workspace
  const [first] = answer.keys
  if (first === undefined) return null
  // what covers the task may be a lock above it
  const { key } = first.lock
  const lost = await guardLock(workspace, { key, session: answer.session.id }, over)
  if (lost === null || over.aborted) return lost
  const grace = settings.runGrace
  around.say(`lost: ${lost.message}`)
  around.say(`ending the command: SIGTERM, and SIGKILL after ${formatDuration(grace)}`)
  program.kill('SIGTERM')
  await around.sleep(grace * 1000, over).catch(() => undefined)
  if (!over.aborted) program.kill('SIGKILL')
  await program.ended
  const path = answer.worktree?.path ?? ''
  const left = await around.processesIn(path)
  if (left.length > 0) {
    const named = left.map(({ pid, name }) => `${name} (${pid})`).join(', ')
    around.say(`still running in ${shellWord(path)}: ${named}`)
  }
  return lost
}
