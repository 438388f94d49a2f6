import { type BranchMove, currentBranch } from '../git/branch-push.ts'
import type { Workspace } from './workspace.ts'

/** A branch here, and the one at the remote that it follows from now on. */
export interface Upstream {
  readonly branch: string
  readonly remote: string
  readonly merge: string
}

const HEADS = 'refs/heads/'

/** Options of one letter that want no value (git-push(1)), several behind one dash. */
const LETTERS = /^-[dfnquv46]{2,}$/

/** The user's options for git without `-u`, and whether it was among them. */
export function withoutUpstream(options: readonly string[]): {
  readonly options: readonly string[]
  readonly sets: boolean
} {
  const each = options.flatMap((option) =>
    LETTERS.test(option) ? [...option.slice(1)].map((letter) => `-${letter}`) : [option],
  )
  // git takes the start of an option that fits no other
  const sets = (option: string) =>
    option === '-u' || (option.length >= 4 && '--set-upstream'.startsWith(option))
  return { options: each.filter((option) => !sets(option)), sets: each.some(sets) }
}

/** The upstreams that `git push -u` would set after these moves: of branches that go to branches. */
export async function upstreamsOf(
  workspace: Workspace,
  remote: string,
  moves: readonly BranchMove[],
): Promise<readonly Upstream[]> {
  const current = moves.some(({ from }) => from === 'HEAD') ? await currentBranch(workspace.git) : null
  return moves.flatMap(({ from, to }): Upstream[] => {
    const source = from === 'HEAD' && current !== null ? HEADS + current : from
    if (!source.startsWith(HEADS) || !to.startsWith(HEADS)) return []
    return [{ branch: source.slice(HEADS.length), remote, merge: to }]
  })
}

/**
 * Sets them in the repository's configuration, as git does. What was pushed stands, so a setting that cannot
 * be written is told and is no failure. Returns those that are set.
 */
export async function setUpstreams(
  { git, around }: Workspace,
  upstreams: readonly Upstream[],
): Promise<readonly Upstream[]> {
  const set: Upstream[] = []
  for (const upstream of upstreams) {
    const { branch, remote, merge } = upstream
    const remoteSet = await git.run(['config', `branch.${branch}.remote`, remote])
    const mergeSet = await git.run(['config', `branch.${branch}.merge`, merge])
    if (remoteSet.status === 0 && mergeSet.status === 0) set.push(upstream)
    else around.say(`the upstream of "${branch}" could not be set: ${remoteSet.stderr || mergeSet.stderr}`)
  }
  return set
}
