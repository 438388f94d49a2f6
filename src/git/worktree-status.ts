import type { Git } from './exec.ts'

/** One path that git sees as different, by `git status --porcelain=v2` (git-status(1)). */
export interface ChangedPath {
  /** From the worktree's top. */
  readonly path: string
  /** What the index has that HEAD does not, as git's letter; null for nothing. */
  readonly staged: string | null
  /** What the file has that the index does not, as git's letter; null for nothing. */
  readonly unstaged: string | null
  /** The versions in the index: one at stage 0, or up to three of a conflict. */
  readonly index: readonly IndexEntry[]
  /** A submodule whose commit, files or untracked files differ. */
  readonly submodule: boolean
}

export interface IndexEntry {
  readonly stage: 0 | 1 | 2 | 3
  readonly mode: string
  readonly oid: string
}

/** What a worktree holds beyond its HEAD. */
export interface WorktreeStatus {
  /** HEAD's commit; null on a branch without one. */
  readonly head: string | null
  /** The branch's short name; null for a detached HEAD. */
  readonly branch: string | null
  /** Commits against the upstream; null where there is none. */
  readonly upstream: { readonly name: string; readonly ahead: number; readonly behind: number } | null
  readonly changed: readonly ChangedPath[]
  /** A directory that is a repository of its own ends with "/". */
  readonly untracked: readonly string[]
  /** Ignored files and directories; these end with "/". */
  readonly ignored: readonly string[]
}

/**
 * Reads the status of the worktree at `path`, without touching its index. `all` lists untracked files one
 * by one, and ignored ones too. Throws DW_GIT.
 */
export async function readWorktreeStatus(
  git: Git,
  path: string,
  options: { readonly all: boolean },
): Promise<WorktreeStatus> {
  const lists = options.all ? ['--untracked-files=all', '--ignored=matching'] : ['--untracked-files=normal']
  const output = await git.output(
    [
      // what another program cached of the files does not count where files may be removed
      ...['-c', 'core.fsmonitor=false', '-c', 'core.untrackedCache=false', '--no-optional-locks'],
      ...['status', '--porcelain=v2', '-z', '--branch', '--no-renames', '--ignore-submodules=none', ...lists],
    ],
    { cwd: path, entering: true, timeout: STATUS_TIMEOUT },
  )
  return parseStatus(output.toString('utf8'))
}

/**
 * Reads the status of several worktrees by one git process of ours, which starts the others itself: from here
 * a process costs more than a small status does. Null for one that could not be read that way.
 */
export async function readStatuses(git: Git, paths: readonly string[]): Promise<(WorktreeStatus | null)[]> {
  const repos = paths.flatMap((path) => ['-c', `dw.statusof=${path}`])
  const result = await git.run(
    [
      ...['-c', 'core.fsmonitor=false', '-c', 'core.untrackedCache=false', '--no-optional-locks', ...repos],
      ...['for-each-repo', '--config=dw.statusof', '--', 'status', '--porcelain=v2', '-z', '--branch'],
      ...['--no-renames', '--ignore-submodules=none', '--untracked-files=normal'],
    ],
    { entering: true, timeout: STATUS_TIMEOUT },
  )
  // each status begins with this header
  const parts = result.stdout.toString('utf8').split(/(?<=^|\0)(?=# branch\.oid )/)
  // where one failed, it is not known whose the others are
  if (result.status !== 0 || parts.length !== paths.length) return paths.map(() => null)
  return parts.map(parseStatus)
}

/** A status of a large worktree takes longer than our plumbing, in milliseconds. */
const STATUS_TIMEOUT = 120_000

/**
 * What the git directory of a worktree still keeps when its files are gone: HEAD, and what was staged.
 * `empty` is an empty directory to stand in for the files. Throws DW_GIT.
 */
export async function readStatusOfMissing(git: Git, gitDir: string, empty: string): Promise<WorktreeStatus> {
  const output = await git.output(
    [
      ...[`--git-dir=${gitDir}`, `--work-tree=${empty}`, '-c', 'core.bare=false', '--no-optional-locks'],
      ...['status', '--porcelain=v2', '-z', '--branch', '--no-renames', '--ignore-submodules=all'],
    ],
    { cwd: empty, entering: true, timeout: STATUS_TIMEOUT },
  )
  const status = parseStatus(output.toString('utf8'))
  const staged = status.changed.filter((each) => each.staged !== null)
  return { ...status, changed: staged.map((each) => ({ ...each, unstaged: null })), untracked: [] }
}

/** Reads what `git status --porcelain=v2 -z --branch --no-renames` prints. */
function parseStatus(output: string): WorktreeStatus {
  const lines = output.split('\0').filter((line) => line !== '')
  const header = new Map(
    lines.filter((line) => line.startsWith('# ')).map((line) => splitAt(line.slice(2), ' ')),
  )
  const oid = header.get('branch.oid')
  const name = header.get('branch.head')
  const after = (mark: string) => lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(2))
  return {
    head: oid === undefined || oid === '(initial)' ? null : oid,
    branch: name === undefined || name === '(detached)' ? null : name,
    upstream: upstreamOf(header),
    changed: [...after('1 ').map(ordinary), ...after('u ').map(unmerged)],
    untracked: after('? '),
    ignored: after('! '),
  }
}

function upstreamOf(header: ReadonlyMap<string, string>): WorktreeStatus['upstream'] {
  const name = header.get('branch.upstream')
  const counts = /^\+(\d+) -(\d+)$/.exec(header.get('branch.ab') ?? '')
  if (name === undefined || counts === null) return null
  return { name, ahead: Number(counts[1]), behind: Number(counts[2]) }
}

function ordinary(line: string): ChangedPath {
  const [letters = '..', submodule = 'N...', , mode = '', , , oid = '', ...path] = line.split(' ')
  return {
    path: path.join(' '),
    staged: letterAt(letters, 0),
    unstaged: letterAt(letters, 1),
    index: /^0+$/.test(mode) ? [] : [{ stage: 0, mode, oid }],
    submodule: submodule.startsWith('S'),
  }
}

function unmerged(line: string): ChangedPath {
  const [
    letters = 'UU',
    submodule = 'N...',
    m1 = '',
    m2 = '',
    m3 = '',
    ,
    h1 = '',
    h2 = '',
    h3 = '',
    ...path
  ] = line.split(' ')
  const stages = [
    { stage: 1, mode: m1, oid: h1 },
    { stage: 2, mode: m2, oid: h2 },
    { stage: 3, mode: m3, oid: h3 },
  ] as const
  return {
    path: path.join(' '),
    staged: letters[0] ?? 'U',
    unstaged: letters[1] ?? 'U',
    index: stages.filter(({ mode }) => !/^0+$/.test(mode)),
    submodule: submodule.startsWith('S'),
  }
}

function letterAt(letters: string, at: number): string | null {
  const letter = letters[at] ?? '.'
  return letter === '.' ? null : letter
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)]
}
