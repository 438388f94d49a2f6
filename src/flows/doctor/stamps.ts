import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Finding } from '../../domain/finding.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { activeRef, endedRef } from '../../store/ref-names.ts'
import type { KnownWorktree } from '../worktree/known-worktree.ts'
import type { Check, Examined } from './examined.ts'

/**
 * Stamps of worktrees that name no session there is. They stay: with its stamp the worktree is found again
 * by a claim of its task, without it would count as the user's own and stand in the way.
 */
export const checkStamps: Check = {
  name: 'stamps',
  ok: ({ worktrees }) => {
    const stamped = worktrees.filter(({ stamp }) => stamp !== undefined).length
    return `all ${stamped} worktrees that claims made name a session there is`
  },
  find: async (examined) => {
    if (examined.unlisted !== null) throw examined.unlisted
    const found = await Promise.all(examined.worktrees.map((worktree) => judge(examined, worktree)))
    return found.filter((finding) => finding !== null)
  },
}

async function judge({ ground }: Examined, worktree: KnownWorktree): Promise<Finding | null> {
  const { path, stamp, gitDir, main } = worktree
  const hint = `claim its task to go on in it, or remove it: git dw worktree remove ${shellWord(path)}`
  if (stamp === undefined) {
    if (main || gitDir === null || !(await isThere(join(gitDir, 'dw-stamp.json')))) return null
    return {
      check: 'stamps',
      state: 'warning',
      what: `the stamp of the worktree "${path}" cannot be read`,
      meaning: 'it counts as your own: no claim goes on in it without --adopt',
      hint: `remove the stamp: rm ${shellWord(join(gitDir, 'dw-stamp.json'))}`,
    }
  }
  const { session } = stamp
  if (ground.snapshot.has(activeRef(session)) || ground.snapshot.has(endedRef(session))) return null
  return {
    check: 'stamps',
    state: 'warning',
    what: `the worktree "${path}" was made for ${session}, which has no record`,
    meaning: `nobody works in it for "${stamp.key}" any more; what is in it is still there`,
    hint,
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
