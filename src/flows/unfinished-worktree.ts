import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { completeWorktree, isInitializing } from '../git/worktrees.ts'
import type { Workspace } from './workspace.ts'

/** How long a git that still makes the worktree is waited for, in milliseconds. */
const PATIENCE = 5000
const PAUSE = 100
/** Age from which a lock file of an unfinished worktree has no living owner, in milliseconds. */
const STALE = 60_000

/**
 * Completes a worktree that a killed claim left half made. Nobody was told of it, so there is no work in
 * it; one that git had completed is left as it is. Throws DW_BUSY while git seems to be at it still.
 */
export async function finishWorktree(
  workspace: Workspace,
  plan: { readonly path: string; readonly gitDir: string; readonly branch: string },
): Promise<void> {
  const { path, gitDir, branch } = plan
  const { elapsed, fileClock, sleep } = workspace.around
  const deadline = elapsed() + PATIENCE
  while (await isInitializing(gitDir)) {
    const locks = await lockFiles(gitDir)
    if (locks.length === 0 && (await completeWorktree(workspace.git, path, branch))) return
    const dead = locks.filter(({ writtenAt }) => fileClock() - writtenAt > STALE)
    if (dead.length > 0) await Promise.all(dead.map(({ file }) => rm(file, { force: true })))
    else if (elapsed() > deadline) throw stillBeingMade(path)
    else await sleep(PAUSE)
  }
}

/** The lock files of the git that makes, or made, the worktree: of its index and its HEAD; times in milliseconds. */
async function lockFiles(gitDir: string): Promise<readonly { file: string; writtenAt: number }[]> {
  const found = ['index.lock', 'HEAD.lock'].map(async (name) => {
    const file = join(gitDir, name)
    const stats = await stat(file).catch(() => null)
    return stats === null ? [] : [{ file, writtenAt: stats.mtimeMs }]
  })
  return (await Promise.all(found)).flat()
}

/** DW_BUSY for a worktree that a claim makes, or has just made, at `path`. */
export function stillBeingMade(path: string): DwError {
  return new DwError('DW_BUSY', `the worktree "${path}" is still being made, or was until a minute ago`, {
    hints: ['try again in a minute'],
    details: { path },
  })
}
