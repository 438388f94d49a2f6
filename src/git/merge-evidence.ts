import type { Commit, CommitGraph } from './commit-graph.ts'
import type { Git } from './exec.ts'
import type { MergeDoubts } from './merged.ts'

/** What a diff does to each path: the modes and blobs before and after, as `git diff-tree --raw` has them. */
type Changes = ReadonlyMap<string, string>

interface Pair {
  readonly head: string
  readonly base: string
  /** The last commit that both have. */
  readonly fork: Commit
}

/**
 * What the files that commits changed tell of whether branches were merged, read by one git process for all
 * of them; only where that leaves a doubt is git asked for a branch.
 */
export class MergeEvidence {
  readonly #graph: CommitGraph
  /** By commit, and by the two trees of a pair. */
  readonly #changes: ReadonlyMap<string, Changes>
  readonly #pairs: readonly Pair[]
  /** For each base the file lists of its commits, with the commits that have each. */
  readonly #byFiles = new Map<string, ReadonlyMap<string, readonly string[]>>()

  private constructor(graph: CommitGraph, changes: ReadonlyMap<string, Changes>, pairs: readonly Pair[]) {
    this.#graph = graph
    this.#changes = changes
    this.#pairs = pairs
  }

  /** Reads what `heads` and `bases`, which are tips of the graph, changed since they parted. Throws DW_GIT. */
  static async read(
    git: Git,
    graph: CommitGraph,
    heads: readonly string[],
    bases: readonly string[],
  ): Promise<MergeEvidence> {
    const pairs: Pair[] = []
    const asked = new Set<string>()
    for (const base of bases) {
      for (const head of new Set(heads)) {
        const fork = graph.forkOf(head, base)
        if (fork === null || head === base) continue
        const { ahead, behind } = graph.apart(head, base)
        if (ahead.length === 0) continue
        pairs.push({ head, base, fork })
        for (const commit of [...ahead, ...behind]) asked.add(commit)
        for (const tip of [head, base]) asked.add(treesOf(graph, fork, tip))
      }
    }
    if (asked.size === 0) return new MergeEvidence(graph, new Map(), pairs)
    const input = [...asked, ''].join('\n')
    const args = ['diff-tree', '--stdin', '-r', '--root', '--raw', '-z', '--no-renames', '--no-abbrev']
    const output = await git.output([...args, '--ignore-submodules=none'], { input, timeout: LONG })
    return new MergeEvidence(graph, parse(output.toString('utf8')), pairs)
  }

  /** What is still to be asked of git for this branch and base; null where nothing is known of them. */
  doubts(head: string, base: string): MergeDoubts | null {
    const pair = this.#pairs.find((each) => each.head === head && each.base === base)
    if (pair === undefined) return null
    const { ahead } = this.#graph.apart(head, base)
    const single = ahead.filter((commit) => !this.#graph.isMerge(commit))
    const theirs = this.#filesOf(head, base)
    const whole = this.#between(pair, head)
    return {
      ancestor: false,
      // the same patch changes the same files
      rebased: single.length > 0 && single.every((commit) => theirs.has(filesIn(this.#of(commit)))),
      adds: addsTo(whole, this.#between(pair, base)),
      squashed: theirs.has(filesIn(whole)),
    }
  }

  /** The lists of files that a commit changed which the base has and the head has not. */
  #filesOf(head: string, base: string): ReadonlySet<string> {
    const all = this.#byFiles.get(base) ?? this.#listFiles(base)
    const mine = new Set(this.#graph.apart(head, base).behind)
    return new Set(
      [...all].filter(([, commits]) => commits.some((each) => mine.has(each))).map(([list]) => list),
    )
  }

  #listFiles(base: string): ReadonlyMap<string, readonly string[]> {
    const commits = new Set(
      this.#pairs
        .filter((pair) => pair.base === base)
        .flatMap(({ head }) => this.#graph.apart(head, base).behind),
    )
    const found = new Map<string, string[]>()
    for (const commit of commits) {
      if (this.#graph.isMerge(commit)) continue
      const list = filesIn(this.#of(commit))
      found.set(list, [...(found.get(list) ?? []), commit])
    }
    this.#byFiles.set(base, found)
    return found
  }

  #between({ fork }: Pair, tip: string): Changes {
    return this.#of(treesOf(this.#graph, fork, tip))
  }

  #of(asked: string): Changes {
    return this.#changes.get(asked) ?? new Map()
  }
}

/** A long history takes longer than our plumbing, in milliseconds. */
const LONG = 60_000

function treesOf(graph: CommitGraph, fork: Commit, tip: string): string {
  return `${fork.tree} ${graph.treeOf(tip)}`
}

function filesIn(changes: Changes): string {
  return [...changes.keys()].sort().join('\0')
}

/** Whether merging `mine` would change what has `theirs`: false and true are certain, null is not. */
function addsTo(mine: Changes, theirs: Changes): boolean | null {
  const emptied = new Set(
    [...theirs].flatMap(([path, change]) => (isDeletion(change) ? [directoryOf(path)] : [])),
  )
  const lacking = [...mine].filter(([path, change]) => theirs.get(path) !== change)
  // git may take what was deleted and what is new for one file that was moved
  const isPlain = (change: string) => !isDeletion(change) && !(emptied.size > 0 && isNew(change))
  if (lacking.length === 0) return [...mine.values()].every(isPlain) ? false : null
  // a new file follows its directory where theirs was moved, so it need not be missed at its path
  const isMissed = ([path, change]: readonly [string, string]) =>
    !theirs.has(path) && !(isNew(change) && directoriesOf(path).some((each) => emptied.has(each)))
  return lacking.some(isMissed) ? true : null
}

const isDeletion = (change: string) => change.endsWith(' D')
const isNew = (change: string) => change.endsWith(' A')

/** With a slash at its end; empty for the top. */
function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

/** All directories above a path, the top included. */
function directoriesOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return ['', ...parts.map((_, at) => `${parts.slice(0, at + 1).join('/')}/`)]
}

/**
 * Reads `git diff-tree --stdin --raw -z`: a commit ends with NUL, two trees with a line break, and each path
 * stands after what became of it.
 */
function parse(output: string): Map<string, Changes> {
  const found = new Map<string, Map<string, string>>()
  let current = new Map<string, string>()
  const tokens = output.split('\0')
  for (let at = 0; at < tokens.length; at += 1) {
    const [last = '', ...trees] = (tokens[at] ?? '').split('\n').reverse()
    for (const header of [...trees.reverse(), ...(last === '' || last.startsWith(':') ? [] : [last])]) {
      current = new Map()
      found.set(header, current)
    }
    if (!last.startsWith(':')) continue
    at += 1
    current.set(tokens[at] ?? '', last)
  }
  return found
}
