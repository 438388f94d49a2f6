import { DwError } from '../domain/error.ts'
import { cutOffRecords, dropCutOff, listWorktrees, type Worktree } from '../git/worktrees.ts'
import type { Workspace } from './workspace.ts'

/** Tries of a git call that another worktree, half made at this moment, can make die. */
const TRIES = 6

/**
 * Repeats a git call that reads the worktrees' directories: git dies of one that is being made beside it
 * (`failed to read …/commondir`; 3 of 144 parallel adds on git 2.39). What fails for good fails some 0.3 s
 * later. `again` prepares the next try, or says that there is to be none.
 */
export async function pastHalfMade<T>(
  workspace: Workspace,
  call: () => Promise<T>,
  again: () => Promise<boolean> = async () => true,
): Promise<T> {
  const { random, signal, sleep } = workspace.around
  for (let tries = 1; ; tries += 1) {
    try {
      return await call()
    } catch (error) {
      const mayPass = error instanceof DwError && error.code === 'DW_GIT' && tries < TRIES && !signal.aborted
      if (!mayPass || !(await again())) throw error
      await sleep(20 + 80 * random())
    }
  }
}

/** From when on a worktree's record that git has not written whole is a dead git's, in milliseconds. */
const CUT_OFF = 2000

/** The git directories of worktrees that a killed git has left so that it cannot list any. */
export function cutOff({ around, repository }: Workspace): Promise<string[]> {
  return cutOffRecords(repository.commonDir, around.fileClock() - CUT_OFF)
}

/**
 * All worktrees, the main one first. Where a git was killed while it wrote the record of a new one, git dies of
 * that record ever after: then the record goes, which nobody was told of. Throws DW_GIT.
 */
export async function listPastHalfMade(workspace: Workspace): Promise<Worktree[]> {
  const list = () => pastHalfMade(workspace, () => listWorktrees(workspace.git))
  try {
    return await list()
  } catch (error) {
    if (!(error instanceof DwError) || error.code !== 'DW_GIT' || workspace.around.signal.aborted) throw error
    await workspace.around.sleep(CUT_OFF)
    const records = await cutOff(workspace)
    if (records.length === 0) throw error
    await Promise.all(records.map(dropCutOff))
    return list()
  }
}
