import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { SessionId } from '../domain/record.ts'
import { countCommits } from '../git/reachable.ts'
import { readStamp } from '../store/local/stamp.ts'
import type { Workspace } from './workspace.ts'
import { type Contents, hasWork, readContents } from './worktree/contents.ts'
import { type KnownWorktree, knownWorktrees } from './worktree/known-worktree.ts'
import { basesOf } from './worktree/list-worktrees.ts'
import { describeWork } from './worktree/removal-gates.ts'

/** A worktree of a session with what would be left undone in it. */
export interface UnfinishedWorktree {
  readonly worktree: KnownWorktree
  /** What is there, for a person; null when everything is committed and pushed. */
  readonly work: string | null
}

/**
 * The worktrees whose stamp names `session`, and what is uncommitted or unpushed in each: commits that no
 * branch of a remote has, nor the base. Throws DW_GIT.
 */
export async function unfinishedWork(
  workspace: Workspace,
  session: SessionId,
): Promise<UnfinishedWorktree[]> {
  // most sessions have none on this machine, and then git need not be asked
  if (!(await hasWorktree(workspace.repository.commonDir, session))) return []
  const known = await knownWorktrees(workspace)
  const mine = known.filter(({ stamp, missing }) => stamp?.session === session && !missing)
  if (mine.length === 0) return []
  const bases = await basesOf(workspace, known[0])
  return Promise.all(
    mine.map(async (worktree) => {
      const { path, gitDir } = worktree
      const contents = gitDir === null ? null : await readContents(workspace, path, gitDir)
      return { worktree, work: contents === null ? null : await workIn(workspace, contents, bases) }
    }),
  )
}

/** Whether a stamp in one of the worktrees' git directories names the session. */
async function hasWorktree(commonDir: string, session: SessionId): Promise<boolean> {
  const records = join(commonDir, 'worktrees')
  const names = await readdir(records).catch(() => [])
  const stamps = await Promise.all(names.map((name) => readStamp(join(records, name))))
  return stamps.some((stamp) => stamp?.session === session)
}

async function workIn(
  workspace: Workspace,
  contents: Contents,
  bases: readonly string[],
): Promise<string | null> {
  const { head } = contents.status
  const unpushed = head === null ? 0 : await countCommits(workspace.git, head, bases)
  const parts = [
    ...(hasWork(contents) ? [describeWork(contents).text] : []),
    ...(unpushed === 0 ? [] : [`${unpushed} ${unpushed === 1 ? 'commit' : 'commits'} not pushed`]),
  ]
  return parts.length === 0 ? null : parts.join('; ')
}
