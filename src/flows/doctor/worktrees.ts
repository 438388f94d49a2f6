import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding } from '../../domain/finding.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { isInitializing } from '../../git/worktrees.ts'
import type { KnownWorktree } from '../worktree/known-worktree.ts'
import { ABANDONED, type Check, type Examined } from './examined.ts'

/**
 * Worktrees whose directory is gone, and such as were never finished. Of these nothing is put right: what git
 * keeps of a moved worktree brings it back, and files may lie in a half-made one. What git cannot read goes.
 */
export const checkMissingWorktrees: Check = {
  name: 'worktrees',
  ok: ({ worktrees }) => `all ${worktrees.length} worktrees are where git knows them`,
  find: async (examined) => {
    const { cutOff, unlisted, worktrees } = examined
    if (cutOff.length === 0 && unlisted !== null) throw unlisted
    const found = await Promise.all(worktrees.map((worktree) => judge(examined, worktree)))
    const records = cutOff.map((record) => judgeRecord(examined, record))
    return [...records, ...found.filter((finding) => finding !== null)]
  },
}

function judgeRecord({ fix }: Examined, gitDir: string): Finding {
  return {
    check: 'worktrees',
    state: fix ? 'fixed' : 'wrong',
    what: fix ? `the record "${gitDir}" was dropped` : `the record "${gitDir}" was not written to its end`,
    meaning: 'a git was killed while it made a worktree; git can list no worktree because of it',
    hint: fix ? null : 'git dw doctor --fix, or claim a task, which drops it, too',
  }
}

async function judge({ workspace }: Examined, worktree: KnownWorktree): Promise<Finding | null> {
  const { path, missing, gitDir, locked } = worktree
  if (missing) {
    const gone = `if it was deleted: git dw worktree remove ${shellWord(path)}`
    return {
      check: 'worktrees',
      state: 'warning',
      what: `the worktree "${path}" is not there`,
      meaning: `its directory was moved or deleted by hand${locked ? ', or is on a disk that is not mounted' : ''}; git still keeps its HEAD and index`,
      hint: `if it was moved: git worktree repair <new path>; ${gone}`,
    }
  }
  if (gitDir === null || !(await isInitializing(gitDir))) return null
  const since = await stat(join(gitDir, 'locked')).catch(() => null)
  if (since === null || workspace.around.fileClock() - since.mtimeMs < ABANDONED) return null
  return {
    check: 'worktrees',
    state: 'warning',
    what: `the worktree "${path}" was not finished`,
    meaning: 'a git was killed while it made it; files may be missing',
    hint: `claim its task again, which finishes it; or, if nothing of yours is in it: git worktree remove -f -f ${shellWord(path)}`,
  }
}
