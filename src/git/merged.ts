import type { Git } from './exec.ts'

/** How the work of a branch got into another: by a merge, commit by commit, squashed, or not at all. */
export type Merged = 'merged' | 'rebased' | 'squashed' | null

/** What is not known yet of whether a branch was merged. */
export interface MergeDoubts {
  /** It may be part of the base's history. */
  readonly ancestor: boolean
  /** Each of its commits' patches may be in the base. */
  readonly rebased: boolean
  /** Whether merging it would change something in the base; null where git must try. */
  readonly adds: boolean | null
  /** Its whole patch may be in one commit of the base. */
  readonly squashed: boolean
}

const ALL_DOUBTS: MergeDoubts = { ancestor: true, rebased: true, adds: null, squashed: true }

/**
 * Whether `base` has all that `branch` did (design §9): `branch` is part of its history, or each commit's
 * patch is, or merging it would change nothing. Both are commits. Only what `doubts` leaves open is asked of
 * git. Throws DW_GIT.
 */
export async function mergedInto(
  git: Git,
  branch: string,
  base: string,
  doubts: MergeDoubts = ALL_DOUBTS,
): Promise<Merged> {
  if (doubts.ancestor && (await isAncestor(git, branch, base))) return 'merged'
  if (doubts.rebased && (await isRebased(git, branch, base))) return 'rebased'
  const adds = doubts.adds ?? !(await changesNothing(git, branch, base))
  return !adds || (doubts.squashed && (await isSquashed(git, branch, base))) ? 'squashed' : null
}

async function isAncestor(git: Git, branch: string, base: string): Promise<boolean> {
  return (await git.run(['merge-base', '--is-ancestor', branch, base])).status === 0
}

async function isRebased(git: Git, branch: string, base: string): Promise<boolean> {
  const cherries = await git.run(['cherry', base, branch], { timeout: 60_000 })
  const marks = cherries.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
  return cherries.status === 0 && marks.length > 0 && marks.every((line) => line.startsWith('-'))
}

/** Whether merging gives `base`'s own tree. */
async function changesNothing(git: Git, branch: string, base: string): Promise<boolean> {
  // git before 2.38 has no such merge, and answers with an error
  const merge = await git.run(['merge-tree', '--write-tree', '--no-messages', base, branch], {
    timeout: 60_000,
  })
  if (merge.status !== 0) return false
  const tree = await git.output(['rev-parse', `${base}^{tree}`])
  return merge.stdout.toString('utf8').trim() === tree.toString('utf8').trim()
}

/** Makes the branch's whole change one commit, and looks for its patch in `base`. */
async function isSquashed(git: Git, branch: string, base: string): Promise<boolean> {
  const start = await git.run(['merge-base', base, branch])
  if (start.status !== 0) return false
  const parent = start.stdout.toString('utf8').trim()
  const who = ['-c', 'user.name=git dw', '-c', 'user.email=git-dw@localhost', '-c', 'commit.gpgSign=false']
  const args = ['commit-tree', `${branch}^{tree}`, '-p', parent, '-m', 'squashed']
  const squashed = await git.output([...who, ...args])
  const cherry = await git.run(['cherry', base, squashed.toString('utf8').trim()], { timeout: 60_000 })
  return cherry.status === 0 && /^-/.test(cherry.stdout.toString('utf8'))
}
