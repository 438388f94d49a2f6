import type { Git } from './exec.ts'

export interface Commit {
  readonly tree: string
  readonly parents: readonly string[]
}

interface Apart {
  readonly ahead: readonly string[]
  readonly behind: readonly string[]
}

/**
 * What lies between some commits and the last one that is common to all: two git processes, where asking git
 * for each pair would take one each.
 */
export class CommitGraph {
  readonly #commits: ReadonlyMap<string, Commit>
  readonly #reached = new Map<string, ReadonlySet<string>>()
  readonly #apart = new Map<string, Apart>()

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
  apart(commit: string, base: string): Apart {
    const known = this.#apart.get(`${commit} ${base}`)
    if (known !== undefined) return known
    const [mine, theirs] = [this.#reach(commit), this.#reach(base)]
    const found = { ahead: outside(mine, theirs), behind: outside(theirs, mine) }
    this.#apart.set(`${commit} ${base}`, found)
    return found
  }

  /** The last commit that both tips have; null where there are several, or none. */
  forkOf(a: string, b: string): Commit | null {
    const [mine, theirs] = [this.#reach(a), this.#reach(b)]
    const common = [...mine].filter((oid) => theirs.has(oid))
    const below = new Set(common.flatMap((oid) => this.#commits.get(oid)?.parents ?? []))
    const [fork, ...more] = common.filter((oid) => !below.has(oid))
    return fork === undefined || more.length > 0 ? null : (this.#commits.get(fork) ?? null)
  }

  /** Whether the commit has several parents. */
  isMerge(commit: string): boolean {
    return (this.#commits.get(commit)?.parents.length ?? 0) > 1
  }

  /** The tree of a tip. */
  treeOf(tip: string): string {
    return this.#commits.get(tip)?.tree ?? ''
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

function outside(inner: ReadonlySet<string>, outer: ReadonlySet<string>): string[] {
  return [...inner].filter((each) => !outer.has(each))
}
