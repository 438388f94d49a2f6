import { DwError } from '../../domain/error.ts'
import type { Workspace } from '../workspace.ts'
import type { KnownWorktree } from './known-worktree.ts'
import { type RemovalAnswer, removeWorktree } from './remove-worktree.ts'

/** Removes a worktree through every gate, or says why it stays, where that is no failure of the command. */
export async function removeOrSay(
  workspace: Workspace,
  worktree: KnownWorktree,
  session?: string,
): Promise<RemovalAnswer | null> {
  try {
    return await removeWorktree(workspace, worktree, {
      force: false,
      ...(session === undefined ? {} : { session }),
    })
  } catch (error) {
    if (!(error instanceof DwError)) throw error
    workspace.around.say(`the worktree stays: ${error.message}`)
    return null
  }
}
