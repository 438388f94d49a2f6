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
 * The commits of a push that are not on the remote yet. Commits at a shallow clone's edge are left out: what
 * they changed is not known here. Throws DW_GIT, DW_INTERRUPTED.
 */
export async function pushedCommits(git: Git, commonDir: string, range: PushedRange): Promise<string[]> {
  const lines = [...range.tips, ...range.known.map((oid) => `^${oid}`)]
  const args = ['--no-replace-objects', 'rev-list', '--ignore-missing', '--stdin']
  const globs = range.globs.map((glob) => `--glob=${glob}`)
  const result = await run(git, [...args, ...(globs.length === 0 ? [] : ['--not', ...globs])], lines)
  const [commits, edge] = [linesOf(result), await shallowEdge(commonDir)]
  return commits.filter((commit) => !edge.has(commit))
}

/**
 * The paths that each of `commits` adds, changes or deletes, both names of a rename; for a merge those that
 * differ from all of its parents. Trees alone are read. Null when a tree is not here (a partial clone).
 */
export async function changedPaths(git: Git, commits: readonly string[]): Promise<Set<string> | null> {
  if (commits.length === 0) return new Set()
  const flags = [
    '--stdin',
    '-r',
    '-c',
    '--root',
    '--no-renames',
    '--name-status',
    '-z',
    '--ignore-submodules=none',
  ]
  const args = ['--no-replace-objects', 'diff-tree', ...flags]
  const result = await git.run(args, { input: `${commits.join('\n')}\n`, foreground: true })
  checkInterrupted(result)
  return result.status === 0 ? pathsOf(result.stdout) : null
}

/** The paths that a commit of the index would change; of a merge, those that differ from all parents. */
export async function stagedPaths(
  git: Git,
  parents: readonly string[],
  index: string | undefined,
): Promise<Set<string>> {
  const flags = ['--cached', '--no-renames', '--name-status', '-z', '--ignore-submodules=none']
  const sets = await Promise.all(
    parents.map(async (parent) => {
      const args = ['diff-index', ...flags, parent, '--']
      return pathsOf(await git.output(args, { index, timeout: 0 }))
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

async function shallowEdge(commonDir: string): Promise<Set<string>> {
  const text = await readFile(join(commonDir, 'shallow'), 'utf8').catch(() => '')
  return new Set(text.split('\n'))
}

async function run(git: Git, args: readonly string[], lines: readonly string[]): Promise<GitResult> {
  const result = await git.run(args, { input: `${lines.join('\n')}\n`, foreground: true })
  checkInterrupted(result)
  if (result.status !== 0) throw gitError(args, result)
  return result
}

/** A signal from the terminal ends git as well as this program. */
function checkInterrupted(result: GitResult): void {
  if (result.status !== null) return
  throw new DwError('DW_INTERRUPTED', 'interrupted; the check has no answer', { hints: ['do it again'] })
}

function linesOf(result: GitResult): string[] {
  return result.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
}
