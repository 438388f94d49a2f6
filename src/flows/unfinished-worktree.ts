import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { completeWorktree, isInitializing } from '../git/worktrees.ts'
import type { Workspace } from './workspace.ts'

/** How long a git that still makes the worktree is waited for, in milliseconds. */
const PATIENCE = 5000
const PAUSE = 100
/** Age from which the index.lock of an unfinished worktree has no living owner, in milliseconds. */
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
  const lock = join(gitDir, 'index.lock')
  const deadline = elapsed() + PATIENCE
  while (await isInitializing(gitDir)) {
    const created = await stat(lock).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    )
    if (created === null && (await completeWorktree(workspace.git, path, branch))) return
    if (created !== null && fileClock() - created > STALE) await rm(lock, { force: true })
    else if (elapsed() > deadline) throw stillBeingMade(path)
    else await sleep(PAUSE)
  }
}

function stillBeingMade(path: string): DwError {
  return new DwError('DW_BUSY', `the worktree "${path}" is still being made, or was until a minute ago`, {
    hints: ['try again in a minute'],
    details: { path },
  })
}
