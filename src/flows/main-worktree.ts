import { resolve } from 'node:path'
import type { Worktree } from '../git/worktrees.ts'
import type { Workspace } from './workspace.ts'

/**
 * The top of the main worktree; null in a bare repository. `listed` is the first entry of git's list, which
 * is right unless `core.worktree` or GIT_WORK_TREE put it elsewhere, as git itself does in a submodule.
 */
export function mainWorktree(workspace: Workspace, listed: Worktree | undefined): string | null {
  const { repository, settings } = workspace
  const { gitDir, commonDir, toplevel } = repository
  if (gitDir === commonDir && toplevel !== null) return toplevel
  if (settings.mainWorktree !== undefined) return resolve(commonDir, settings.mainWorktree)
  return listed === undefined || listed.bare ? null : listed.path
}
