import type { Result } from '../../domain/record.ts'
import { type Merged, mergedInto } from '../../git/merged.ts'
import { listWorktrees } from '../../git/worktrees.ts'
import type { Workspace } from '../workspace.ts'
import { basesOf } from '../worktree/list-worktrees.ts'

/**
 * How the work of a result got into one of the bases; null when it did not, when this clone has not got its
 * commits, and when there are none: a branch that nobody worked on has nothing that could be merged.
 */
export async function mergedResult(workspace: Workspace, result: Result): Promise<Merged> {
  const { head, base, branch } = result
  if (head === undefined || head === base) return null
  const [main] = await listWorktrees(workspace.git)
  // what the branch itself is checked out at is no base of it
  const bases = await basesOf(workspace, main?.branch === branch ? undefined : main)
  for (const each of bases) {
    const how = await mergedInto(workspace.git, head, each)
    if (how !== null) return how
  }
  return null
}
