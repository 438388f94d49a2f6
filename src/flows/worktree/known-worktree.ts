import { resolve } from 'node:path'
import { DwError } from '../../domain/error.ts'
import { type Key, lockName, parseKey, taskKey } from '../../domain/key.ts'
import { adminDirOf, gitDirOf, listWorktrees, type Worktree } from '../../git/worktrees.ts'
import { readStamp, type Stamp } from '../../store/local/stamp.ts'
import { cutOff, pastHalfMade } from '../half-made.ts'
import { projectName } from '../projects.ts'
import { realPath } from '../real-path.ts'
import type { Workspace } from '../workspace.ts'

/** A worktree that git knows of, with whose it is. */
export interface KnownWorktree extends Worktree {
  readonly main: boolean
  /** Its own git directory, also when its files are gone; null when that is not to be found. */
  readonly gitDir: string | null
  /** Its directory was deleted or moved by hand. */
  readonly missing: boolean
  readonly stamp: Stamp | undefined
}

/** All worktrees, the main one first. Throws DW_GIT. */
export async function knownWorktrees(workspace: Workspace): Promise<KnownWorktree[]> {
  const all = await pastHalfMade(workspace, () => listWorktrees(workspace.git)).catch((error) =>
    explain(workspace, error),
  )
  const { commonDir } = workspace.repository
  return Promise.all(
    all.map(async (worktree, at): Promise<KnownWorktree> => {
      const main = at === 0
      const present = await gitDirOf(worktree.path)
      const gitDir = present ?? (main ? commonDir : await adminDirOf(commonDir, worktree.path))
      const stamp = main || gitDir === null ? undefined : await readStamp(gitDir)
      return { ...worktree, main, gitDir, missing: !main && present === null, stamp }
    }),
  )
}

/** Tells the way out where git cannot list worktrees because of what a killed one left. */
async function explain(workspace: Workspace, error: unknown): Promise<never> {
  const isCutOff = error instanceof DwError && error.code === 'DW_GIT' && (await cutOff(workspace)).length > 0
  if (!isCutOff) throw error
  throw new DwError('DW_GIT', error.message, {
    hints: ['a git was killed while it made a worktree; drop what it left: git dw doctor --fix'],
    details: error.details,
  })
}

/**
 * The worktree that `name` names: a task, a branch, or a directory. Throws DW_NOT_FOUND, DW_AMBIGUOUS.
 */
export async function findWorktree(
  workspace: Workspace,
  name: string,
  project?: string,
): Promise<KnownWorktree> {
  const all = await knownWorktrees(workspace)
  const key = asTask(name, await projectName(workspace, project))
  const path = await realPath(resolve(workspace.around.cwd, name))
  const byTask = all.filter(({ stamp }) => key !== null && stamp !== undefined && isKeys(stamp, key))
  const byPath = all.filter((worktree) => worktree.path === path)
  const byBranch = all.filter((worktree) => worktree.branch === name)
  const found = [byTask, byPath, byBranch].find((each) => each.length > 0) ?? []
  const [first, ...more] = found
  if (first === undefined) {
    throw new DwError('DW_NOT_FOUND', `there is no worktree of "${name}"`, {
      hints: ['see what there is: git dw worktree list'],
    })
  }
  if (more.length === 0) return first
  const paths = found.map((worktree) => worktree.path)
  throw new DwError('DW_AMBIGUOUS', `"${name}" has ${paths.length} worktrees: ${paths.join(', ')}`, {
    hints: ['name one by its directory'],
    details: { paths },
  })
}

function asTask(name: string, project: string): Key | null {
  try {
    const printed = /^task:/.test(name) ? parseKey(name) : null
    return printed ?? taskKey(project, name)
  } catch {
    return null
  }
}

function isKeys(stamp: Stamp, key: Key): boolean {
  try {
    return lockName(parseKey(stamp.key)) === lockName(key)
  } catch {
    return false
  }
}
