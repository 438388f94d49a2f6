import { DwError } from '../../domain/error.ts'
import { parseKey } from '../../domain/key.ts'
import type { Rescue } from '../../domain/rescue.ts'
import { isOnNoBranch } from '../../git/reachable.ts'
import {
  adminDirOf,
  gitDirOf,
  removeWorktree as removeClean,
  removeKeptWorktree,
} from '../../git/worktrees.ts'
import { findClaimants } from '../identity.ts'
import { makeRescue } from '../rescue/make-rescue.ts'
import type { Workspace } from '../workspace.ts'
import { type Contents, hasWork, readContents, readContentsOfMissing } from './contents.ts'
import type { KnownWorktree } from './known-worktree.ts'
import { refuseInUse, refuseStoodIn, refuseWork } from './removal-gates.ts'

export interface RemovalAnswer {
  readonly path: string
  /** The branch, which stays; null for a detached HEAD. */
  readonly branch: string | null
  /** What was kept of it, when there was anything to keep. */
  readonly rescue: { readonly name: string; readonly content: Rescue } | null
  /** Ignored files and directories that went with it: too much to keep. */
  readonly ignored: readonly string[]
}

/**
 * Removes a linked worktree after every gate of design §9; `force` lifts the last two, once what they guard
 * is in a rescue. Small ignored files are kept in a rescue in any case. The branch stays.
 * Throws DW_MAIN_WORKTREE, DW_WORKTREE_LOCKED, DW_ALIVE, DW_IN_USE, DW_NESTED, DW_DIRTY, DW_DETACHED, DW_BUSY, DW_GIT.
 */
export async function removeWorktree(
  workspace: Workspace,
  worktree: KnownWorktree,
  request: { readonly force: boolean; readonly session?: string },
): Promise<RemovalAnswer> {
  await refuseInUse(workspace, worktree, await whoIAm(workspace, request.session))
  const { path, gitDir } = worktree
  if (gitDir === null) throw notThere(path)
  if (worktree.missing) return removeRecord(workspace, worktree, gitDir, request.force)
  const contents = await readContents(workspace, path, gitDir)
  const mustKeep = await refuseWork(workspace, path, contents, request.force)
  const kept = await makeRescue(workspace, { path, gitDir, contents, ...ownerOf(worktree) }, mustKeep)
  // somebody may have come, or written, while it was kept
  await refuseStoodIn(workspace, path)
  await refuseChanged(workspace, path, gitDir, contents)
  const polite = !mustKeep && (await removeClean(workspace.git, path, gitDir))
  if (!polite) await removeKeptWorktree(workspace.git, path)
  if ((await gitDirOf(path)) !== null || (await adminDirOf(workspace.repository.commonDir, path)) !== null) {
    throw new DwError('DW_GIT', `git left something of the worktree "${path}"`, {
      hints: ['see: git worktree list', `and look into it: ls -la ${path}`],
      details: { path },
    })
  }
  return {
    path,
    branch: contents.status.branch,
    rescue: kept === null ? null : { name: kept.name, content: kept.rescue },
    ignored: kept?.left ?? contents.status.ignored,
  }
}

async function whoIAm(workspace: Workspace, option: string | undefined): Promise<string[]> {
  const { named, stamp, binding } = await findClaimants(workspace, option)
  if (named !== undefined) return [named.id]
  return [stamp?.session, binding?.session].filter((id) => id !== undefined)
}

function ownerOf(worktree: KnownWorktree): { readonly task?: string; readonly session?: string } {
  const { stamp } = worktree
  if (stamp === undefined) return {}
  const key = parseKey(stamp.key)
  return { session: stamp.session, ...(key.kind === 'task' ? { task: key.task } : {}) }
}

async function refuseChanged(
  workspace: Workspace,
  path: string,
  gitDir: string,
  before: Contents,
): Promise<void> {
  const now = await readContents(workspace, path, gitDir)
  if (JSON.stringify(now) === JSON.stringify(before)) return
  throw new DwError('DW_BUSY', `"${path}" was changed while it was being removed`, {
    hints: ['see who works there, then try again'],
    details: { path },
  })
}

/**
 * Drops git's record of a worktree whose directory is gone. What that still keeps, the index and a HEAD on no
 * branch, is kept in a rescue first, which wants `force`: the directory may have been moved.
 */
async function removeRecord(
  workspace: Workspace,
  worktree: KnownWorktree,
  gitDir: string,
  force: boolean,
): Promise<RemovalAnswer> {
  const { path } = worktree
  const { contents, mustKeep } = await refuseKept(workspace, path, gitDir, force)
  const { branch } = contents.status
  const kept = mustKeep
    ? await makeRescue(workspace, { path, gitDir, contents, ...ownerOf(worktree) }, true)
    : null
  await removeKeptWorktree(workspace.git, path)
  return {
    path,
    branch,
    rescue: kept === null ? null : { name: kept.name, content: kept.rescue },
    ignored: [],
  }
}

/** Refuses a worktree whose directory is gone while git still keeps something of it. Whether a rescue must. */
async function refuseKept(
  workspace: Workspace,
  path: string,
  gitDir: string,
  force: boolean,
): Promise<{ readonly contents: Contents; readonly mustKeep: boolean }> {
  const contents = await readContentsOfMissing(workspace, gitDir)
  const { branch, head } = contents.status
  const detached = branch === null && head !== null && (await isOnNoBranch(workspace.git, head))
  const mustKeep = detached || hasWork(contents)
  if (!mustKeep || force) return { contents, mustKeep }
  const what = 'git still keeps what was staged there, or its HEAD'
  throw new DwError('DW_DIRTY', `the directory "${path}" is gone, but ${what}`, {
    hints: [
      'if it was moved: git worktree repair <new path>',
      'if it was deleted, keep that in a rescue: add --force',
    ],
    details: { path },
  })
}

/** Throws what {@link removeWorktree} without `force` would throw now; changes nothing. */
export async function refuseRemoval(workspace: Workspace, worktree: KnownWorktree): Promise<void> {
  await refuseInUse(workspace, worktree, [])
  const { path, gitDir, missing } = worktree
  if (gitDir === null) throw notThere(path)
  if (missing) await refuseKept(workspace, path, gitDir, false)
  else await refuseWork(workspace, path, await readContents(workspace, path, gitDir), false)
}

function notThere(path: string): DwError {
  return new DwError('DW_GIT', `git keeps no directory for the worktree "${path}"`, {
    hints: ['mend it with: git worktree repair'],
    details: { path },
  })
}
