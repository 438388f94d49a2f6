import type { Git } from './exec.ts'

interface Commit {
  readonly tree: string
  readonly parents: readonly string[]
}

/**
 * What lies between some commits and the last one that is common to all: two git processes, where asking git
 * for each pair would take one each.
 */
export class CommitGraph {
  readonly #commits: ReadonlyMap<string, Commit>
  readonly #reached = new Map<string, ReadonlySet<string>>()

  private constructor(commits: ReadonlyMap<string, Commit>) {
    this.#commits = commits
  }

  /** The graph of `tips`, which are commits; null where they have nothing in common. Throws DW_GIT. */
  static async read(git: Git, tips: readonly string[]): Promise<CommitGraph | null> {
    const all = [...new Set(tips)]
    if (all.length === 0 || all.length > MOST_TIPS) return null
    const common = await git.run(['merge-base', '--octopus', ...all], { timeout: LONG })
    if (common.status !== 0) return null
    // the common commit itself is in it, its parents are not
    const input = [...all, `^${common.stdout.toString('utf8').trim()}^@`, ''].join('\n')
    const args = ['rev-list', '--stdin', '--no-commit-header', '--format=%H %T %P']
    const output = await git.output(args, { input, timeout: LONG })
    const commits = new Map<string, Commit>()
    for (const line of output.toString('utf8').split('\n')) {
      const [oid = '', tree = '', ...parents] = line.split(' ')
      if (oid !== '') commits.set(oid, { tree, parents: parents.filter((parent) => parent !== '') })
    }
    return new CommitGraph(commits)
  }

  /** Commits that one tip has and the other has not. */
  aheadBehind(commit: string, base: string): { readonly ahead: number; readonly behind: number } {
    const [mine, theirs] = [this.#reach(commit), this.#reach(base)]
    return { ahead: countOutside(mine, theirs), behind: countOutside(theirs, mine) }
  }

  /** Whether both tips hold the same files; null for what is no tip. */
  isSameTree(a: string, b: string): boolean | null {
    const [first, second] = [this.#commits.get(a), this.#commits.get(b)]
    return first === undefined || second === undefined ? null : first.tree === second.tree
  }

  #reach(tip: string): ReadonlySet<string> {
    const known = this.#reached.get(tip)
    if (known !== undefined) return known
    const found = new Set<string>()
    const ahead = [tip]
    for (let oid = ahead.pop(); oid !== undefined; oid = ahead.pop()) {
      const commit = this.#commits.get(oid)
      if (commit === undefined || found.has(oid)) continue
      found.add(oid)
      ahead.push(...commit.parents)
    }
    this.#reached.set(tip, found)
    return found
  }
}

/** What fits into one command line. */
const MOST_TIPS = 1000

/** A long history takes longer than our plumbing, in milliseconds. */
const LONG = 60_000

function countOutside(inner: ReadonlySet<string>, outer: ReadonlySet<string>): number {
  let count = 0
  for (const each of inner) if (!outer.has(each)) count += 1
  return count
}
