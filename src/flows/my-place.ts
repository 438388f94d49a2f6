import type { Holding } from '../domain/claim.ts'
import { lockName, onOneLine } from '../domain/key.ts'
import { aheadBehind } from '../git/refs.ts'
import { readWorktreeStatus } from '../git/worktree-status.ts'
import { readStamp, type Stamp } from '../store/local/stamp.ts'
import type { Overview } from './overview.ts'
import { pathKey } from './path-key.ts'
import type { Workspace } from './workspace.ts'

/** My worktree, when the current directory is in it, and what is in it. */
export interface MyPlace {
  readonly path: string
  /** Null for a detached HEAD. */
  readonly branch: string | null
  readonly changed: number
  readonly untracked: number
  /** Commits against the upstream; without one, those since the remote's HEAD, else since the claim. */
  readonly ahead: number | null
  readonly behind: number | null
}

/** What stands in the worktree of the session, where the current directory is in it; else null, at no cost. */
export async function myPlace(workspace: Workspace, { identity }: Overview): Promise<MyPlace | null> {
  const { repository, git } = workspace
  if (identity.who !== 'session' || repository.toplevel === null) return null
  const stamp = await readStamp(repository.gitDir)
  if (stamp?.session !== identity.mine.session.id) return null
  const path = repository.toplevel
  // where git cannot tell, all else is shown
  const status = await readWorktreeStatus(git, path, { all: false }).catch(() => null)
  if (status === null) return null
  const { head, branch, upstream, changed, untracked } = status
  const distance = upstream ?? (await distanceToBase(workspace, stamp, head))
  return {
    path,
    branch,
    changed: changed.length,
    untracked: untracked.length,
    ahead: distance?.ahead ?? null,
    behind: distance?.behind ?? null,
  }
}

async function distanceToBase({ settings, git }: Workspace, stamp: Stamp, head: string | null) {
  const named = settings.base ?? (settings.remote && `refs/remotes/${settings.remote}/HEAD`)
  for (const base of [named, stamp.base]) {
    if (head === null || !base) continue
    const distance = await aheadBehind(git, head, base).catch(() => null)
    if (distance !== null) return distance
  }
  return null
}

/** The locks above, at and below the current directory, unless that is the top, where they are all locks. */
export async function locksHere(workspace: Workspace, { ground }: Overview): Promise<readonly Holding[]> {
  const { around, repository } = workspace
  if (repository.toplevel === null || around.cwd === repository.toplevel) return []
  // inside the git directory there is no path
  const here = await pathKey(workspace, { text: '.', path: '.', top: false }).catch(() => null)
  if (here === null) return []
  const name = lockName(here)
  return ground.holdings.filter((holding) => onOneLine(holding.name, name))
}
