import { initSubmodules, mayHaveSubmodules } from '../git/submodules.ts'
import { owePostCreate } from '../store/local/post-create.ts'
import type { Workspace } from './workspace.ts'
import { copyIncluded } from './worktree-include.ts'

/**
 * Makes a new worktree ready before anybody is told of it (design §9): the ignored files that
 * `.worktreeinclude` lists, the submodules, and a note where `dw.postCreate` is to run. `main` is the top of
 * the main worktree, null where there is none. Throws DW_COPY, DW_GIT, DW_CONFIG, and what interrupted it.
 */
export async function setUpWorktree(
  workspace: Workspace,
  worktree: { readonly path: string; readonly gitDir: string; readonly main: string | null },
): Promise<void> {
  const { around, git, settings } = workspace
  const { path, gitDir, main } = worktree
  if (main !== null) await copyIncluded(workspace, { from: main, to: path, gitDir })
  around.signal.throwIfAborted()
  if (settings.submodules && (await mayHaveSubmodules(path))) {
    around.say('initialising the submodules')
    await initSubmodules(git, path)
  }
  if (settings.postCreate.length > 0) await owePostCreate(gitDir)
}
