import type { Timestamp } from './record.ts'

/** A version of a path in a rescued index; stages 1 to 3 are those of a conflict (git-ls-files(1)). */
export interface RescuedEntry {
  readonly path: string
  readonly stage: number
  readonly mode: string
  readonly oid: string
}

/** A file as it lay in the worktree, byte for byte. */
export interface RescuedFile {
  readonly path: string
  /** `link` is a symbolic link: its target is the content. */
  readonly type: 'file' | 'link'
  /** Permission bits, as chmod(1) takes them: `644`. */
  readonly mode: string
  readonly state: 'tracked' | 'untracked' | 'ignored'
}

/**
 * What a removed worktree contained beyond its HEAD, as `rescue.json` in the rescue's commit tells it
 * (design §9). The contents stand beside it: `index/<stage>/<path>`, `work/<path>`, `state/<path>`.
 */
export interface Rescue {
  readonly v: 1
  readonly at: Timestamp
  /** Where the worktree was. */
  readonly path: string
  readonly task?: string
  readonly session?: string
  /** The branch's short name; null for a detached HEAD. */
  readonly branch: string | null
  /** Null on a branch without a commit. */
  readonly head: string | null
  /** Index entries that HEAD does not have. */
  readonly index: readonly RescuedEntry[]
  /** Paths of HEAD that the index does not have. */
  readonly unindexed: readonly string[]
  /** Paths that are to be added (git add -N). */
  readonly intended: readonly string[]
  readonly files: readonly RescuedFile[]
  /** Tracked paths whose file was gone. */
  readonly gone: readonly string[]
  /** Paths that git was told not to look at, with the flag that told it (git-update-index(1)). */
  readonly unwatched: readonly {
    readonly path: string
    readonly flag: 'assume-unchanged' | 'skip-worktree'
  }[]
  /** Files of the worktree's git directory: a merge, a rebase, its reflog. */
  readonly state: readonly string[]
  /** Refs that only this worktree had. */
  readonly refs: readonly { readonly name: string; readonly oid: string }[]
}

/** `3 changed, 1 untracked and 2 ignored files`, as messages count what a rescue holds. */
export function countOf(rescue: Pick<Rescue, 'files' | 'gone' | 'index' | 'unindexed' | 'intended'>): string {
  const paths = (state: string) => rescue.files.filter((file) => file.state === state).map(({ path }) => path)
  const changed = new Set([
    ...paths('tracked'),
    ...rescue.gone,
    ...rescue.index.map(({ path }) => path),
    ...rescue.unindexed,
    ...rescue.intended,
  ]).size
  const parts = [
    [changed, 'changed'],
    [paths('untracked').length, 'untracked'],
    [paths('ignored').length, 'ignored'],
  ].filter(([count]) => count !== 0)
  const text = parts.map(([count, what]) => `${count} ${what}`)
  const last = text.pop()
  if (last === undefined) return 'no files'
  const total = parts.reduce((sum, [count]) => sum + Number(count), 0)
  return `${text.length === 0 ? last : `${text.join(', ')} and ${last}`} ${total === 1 ? 'file' : 'files'}`
}
