import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ClaimAnswer } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import type { TaskKey } from '../domain/key.ts'
import { shellWord } from '../domain/shell-word.ts'
import { childEnvironment } from '../git/environment.ts'
import { type CommandEnd, runUserCommand } from '../programs/user-command.ts'
import { owesPostCreate, settlePostCreate } from '../store/local/post-create.ts'
import { errnoReason } from './errno-reason.ts'
import { projectName } from './projects.ts'
import type { Workspace } from './workspace.ts'

/** File descriptor 2: stdout is for the answer alone. */
const STDERR = 2

/** How much of a command's output an error holds, in bytes. */
const TAIL = 4096

/** A worktree that a claim hands out. */
export interface HandedOut {
  readonly gitDir: string
  readonly worktree: NonNullable<ClaimAnswer['worktree']>
  readonly session: string
  readonly task: TaskKey
}

/**
 * Runs the user's `dw.postCreate` commands in a worktree that still owes them, in order (design §9).
 * Returns what went wrong: DW_POST_CREATE, or DW_INTERRUPTED. The worktree then goes on owing them, all
 * of them, and the next claim of the task runs them again.
 */
export async function runPostCreate(workspace: Workspace, handed: HandedOut): Promise<DwError | undefined> {
  const { around, settings } = workspace
  const { gitDir, worktree } = handed
  if (!(await owesPostCreate(gitDir))) return undefined
  // a claim in one of these commands must not start them once more
  if (around.env['DW_WORKTREE'] === worktree.path) return undefined
  for (const command of settings.postCreate) {
    if (around.signal.aborted) return interrupted(workspace, handed)
    around.say(`dw.postCreate: ${command}`)
    const { end, output } = await runOne(workspace, command, handed)
    if (end instanceof Error || end.status !== 0) {
      return around.signal.aborted
        ? interrupted(workspace, handed)
        : failed(workspace, handed, command, end, output)
    }
  }
  await settlePostCreate(gitDir)
  return undefined
}

/** Runs one of them; where nothing may be written beside the answer, its output is kept for the error. */
async function runOne(
  workspace: Workspace,
  command: string,
  handed: HandedOut,
): Promise<{ end: CommandEnd | Error; output?: string }> {
  const { around } = workspace
  const run = async (output: number) =>
    runUserCommand({
      command,
      cwd: handed.worktree.path,
      env: environment(workspace, handed),
      output,
      onSignal: around.onSignal,
      isInGroup: around.isInGroup,
    })
  try {
    if (!around.isQuiet()) return { end: await run(STDERR) }
    return await withLog(join(handed.gitDir, 'dw-post-create.log'), run)
  } catch (error) {
    return { end: error instanceof Error ? error : new Error(String(error)) }
  }
}

async function withLog(
  path: string,
  run: (output: number) => Promise<CommandEnd>,
): Promise<{ end: CommandEnd; output: string }> {
  const log = await open(path, 'w')
  try {
    const end = await run(log.fd)
    return { end, output: (await readFile(path)).subarray(-TAIL).toString('utf8') }
  } finally {
    await log.close()
    await rm(path, { force: true })
  }
}

function environment(workspace: Workspace, handed: HandedOut): Record<string, string | undefined> {
  const { session, task, worktree } = handed
  return {
    ...childEnvironment(workspace.around.env, true),
    DW_SESSION: session,
    DW_WORKTREE: worktree.path,
    DW_TASK: task.task,
    DW_PROJECT: task.project,
    DW_BRANCH: worktree.branch,
    DW_BASE: worktree.base,
  }
}

async function failed(
  workspace: Workspace,
  handed: HandedOut,
  command: string,
  end: CommandEnd | Error,
  output: string | undefined,
): Promise<DwError> {
  const { path } = handed.worktree
  const how =
    end instanceof Error
      ? `cannot be started: ${errnoReason(end).reason}`
      : end.signal === null
        ? `ended with status ${end.status}`
        : `was ended by ${end.signal}`
  const kept = 'the task is yours and its worktree is there'
  return new DwError('DW_POST_CREATE', `dw.postCreate "${command}" ${how}; ${kept}`, {
    hints: [
      `run it again: ${await claimAgain(workspace, handed)}`,
      `or go on without it: cd ${shellWord(path)}`,
    ],
    details: {
      path,
      command,
      exitStatus: end instanceof Error ? null : end.status,
      signal: end instanceof Error ? null : end.signal,
      ...(output === undefined ? {} : { output }),
    },
    ...(end instanceof Error ? { cause: end } : {}),
  })
}

async function interrupted(workspace: Workspace, handed: HandedOut): Promise<DwError> {
  const { path } = handed.worktree
  return new DwError(
    'DW_INTERRUPTED',
    'interrupted in dw.postCreate; the task is yours and its worktree is there',
    {
      hints: [
        `run it again: ${await claimAgain(workspace, handed)}`,
        `or go on without it: cd ${shellWord(path)}`,
      ],
      details: { path },
      cause: workspace.around.signal.reason,
    },
  )
}

async function claimAgain(workspace: Workspace, { task }: HandedOut): Promise<string> {
  const here = await projectName(workspace)
  const project = task.project === here ? '' : ` --project ${shellWord(task.project)}`
  return `git dw claim --task ${shellWord(task.task)}${project}`
}
