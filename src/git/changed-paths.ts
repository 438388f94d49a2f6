import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { type Git, type GitResult, gitError } from './exec.ts'

/** Which commits a push brings to a remote. */
export interface PushedRange {
  /** What the remote's refs are to point at. */
  readonly tips: readonly string[]
  /** What the remote's refs point at now; ids of objects that are not here are passed over. */
  readonly known: readonly string[]
  /** Globs of the refs that say what the remote had when it was fetched last. */
  readonly globs: readonly string[]
}

/**
 * The paths that the commits of a push which are not on the remote yet add, change or delete, both names of a
 * rename; of a merge those that differ from all of its parents. Trees alone are read, and nothing that the
 * user has set for diffs counts. Null when a tree is not here (a partial clone). Throws DW_GIT, DW_INTERRUPTED.
 */
export async function pushedPaths(git: Git, range: PushedRange): Promise<Set<string> | null> {
  const [commits, changes] = await git.piped([...REV_LIST, ...excluded(range)], linesOf(range), [
    ...DIFF_TREE,
  ])
  return outcome([...REV_LIST], commits, changes)
}

/**
 * {@link pushedPaths} in a shallow clone: commits at its edge are left out, because what they changed is not
 * known here.
 */
export async function pushedPathsOfShallow(
  git: Git,
  edge: ReadonlySet<string>,
  range: PushedRange,
): Promise<Set<string> | null> {
  const commits = await git.run([...REV_LIST, ...excluded(range)], {
    input: linesOf(range),
    foreground: true,
  })
  const listed = commits.stdout.toString('utf8').split('\n')
  const known = listed.filter((commit) => commit !== '' && !edge.has(commit))
  const changes = await git.run(DIFF_TREE, {
    input: known.map((commit) => `${commit}\n`).join(''),
    foreground: true,
  })
  return outcome([...REV_LIST], commits, changes)
}

/** The commits at the edge of a shallow clone; undefined where it is whole. */
export async function shallowEdge(commonDir: string): Promise<Set<string> | undefined> {
  const text = await readFile(join(commonDir, 'shallow'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : new Set(text.split('\n'))
}

/** What is pushed are the objects themselves, so what replaces them here does not count. */
const REV_LIST = ['--no-replace-objects', 'rev-list', '--ignore-missing', '--stdin'] as const
const DIFF_TREE = [
  ...['--no-replace-objects', 'diff-tree', '--stdin', '-r', '-c', '--root'],
  ...['--no-renames', '--name-status', '-z', '--ignore-submodules=none'],
] as const

function excluded({ globs }: PushedRange): string[] {
  return globs.length === 0 ? [] : ['--not', ...globs.map((glob) => `--glob=${glob}`)]
}

function linesOf({ tips, known }: PushedRange): string {
  return [...tips, ...known.map((oid) => `^${oid}`)].map((line) => `${line}\n`).join('')
}

function outcome(args: readonly string[], commits: GitResult, changes: GitResult): Set<string> | null {
  // a signal from the terminal ends git as well as this program
  if (commits.status === null || changes.status === null) {
    throw new DwError('DW_INTERRUPTED', 'interrupted; the check has no answer', { hints: ['do it again'] })
  }
  if (changes.status !== 0) return null
  if (commits.status !== 0) throw gitError(args, commits)
  return pathsOf(changes.stdout)
}

/** The paths that a commit of the index would change; of a merge, those that differ from all parents. */
export async function stagedPaths(
  git: Git,
  parents: readonly string[],
  index: string | undefined,
): Promise<Set<string>> {
  const variables = index === undefined ? {} : { GIT_INDEX_FILE: index }
  const flags = ['--cached', '--no-renames', '--name-status', '-z', '--ignore-submodules=none']
  const sets = await Promise.all(
    parents.map(async (parent) => {
      const args = ['diff-index', ...flags, parent, '--']
      return pathsOf(await git.output(args, { variables, timeout: 0 }))
    }),
  )
  const [first = new Set<string>(), ...rest] = sets
  return new Set([...first].filter((path) => rest.every((other) => other.has(path))))
}

/** `<oid>` of a commit, or `<status>` and a path, each ended by NUL. */
function pathsOf(output: Buffer): Set<string> {
  const paths = new Set<string>()
  const fields = output.toString('utf8').split('\0')
  for (let at = 0; at + 1 < fields.length; at += 1) {
    if (!STATUS.test(fields[at] ?? '')) continue
    at += 1
    paths.add(fields[at] ?? '')
  }
  return paths
}

/** One letter for each parent. */
const STATUS = /^[A-Z]+[0-9]*$/
