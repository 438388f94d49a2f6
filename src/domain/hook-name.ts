import { DwError } from './error.ts'

/** The hooks that git dw has (design §10). */
export const HOOK_NAMES = [
  'pre-push',
  'pre-commit',
  'post-checkout',
  'post-commit',
  'post-merge',
  'post-rewrite',
] as const

export type HookName = (typeof HOOK_NAMES)[number]

/** Whether git stops when the hook says no: then ours runs before one that was there, else after it. */
export function isCheck(name: HookName): boolean {
  return name.startsWith('pre-')
}

/** The hooks in lists such as `pre-push,post-commit`; all of them for no list. Throws DW_USAGE. */
export function hookNames(lists: readonly string[]): HookName[] {
  const wanted = lists.flatMap((list) => list.split(',')).filter((name) => name !== '')
  const wrong = wanted.find((name) => !HOOK_NAMES.some((known) => known === name))
  if (wrong !== undefined || (lists.length > 0 && wanted.length === 0)) {
    throw new DwError('DW_USAGE', `"${wrong ?? ''}" is no hook of git dw`, {
      hints: [`name some of: ${HOOK_NAMES.join(',')}`],
    })
  }
  return HOOK_NAMES.filter((name) => wanted.length === 0 || wanted.includes(name))
}

/** How a hook stands in a repository. */
export interface HookStanding {
  readonly hook: HookName
  /**
   * `installed`; `outdated`, ours but not as this version writes it; `missing`; `replaced`, ours was there
   * and another tool has put its own in its place; `chained`, another tool runs ours from its own;
   * `to add`, where a line is to be put into a hook that a tool manages, and `added`, where it stands.
   */
  readonly state: 'installed' | 'outdated' | 'missing' | 'replaced' | 'chained' | 'to add' | 'added'
  /** Where it is, or where the line belongs; the name of the setting for git's own configured hooks. */
  readonly path: string
  /** The hook that was there before and that ours runs. */
  readonly kept: string | null
  /** The line to add. */
  readonly line: string | null
}
