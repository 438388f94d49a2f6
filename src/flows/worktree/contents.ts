import { lstat, mkdtemp, readdir, rmdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hashAsAdded, readIndexNotes, type UnwatchedPath } from '../../git/worktree-files.ts'
import { readStatusOfMissing, readWorktreeStatus, type WorktreeStatus } from '../../git/worktree-status.ts'
import type { Workspace } from '../workspace.ts'

/** All that would go with a worktree. */
export interface Contents {
  readonly status: WorktreeStatus
  /** Changed files that git was told not to look at. */
  readonly unwatched: readonly UnwatchedPath[]
  /** Repositories inside that are not this one: no rescue can hold them. */
  readonly nested: readonly string[]
  /** What is under way there, as a person says it: a merge, a rebase. */
  readonly operation: string | null
}

/** Reads everything that would go with the worktree at `path`. Throws DW_GIT. */
export async function readContents(workspace: Workspace, path: string, gitDir: string): Promise<Contents> {
  const { git } = workspace
  const [status, notes, operation] = await Promise.all([
    readWorktreeStatus(git, path, { all: true }),
    readIndexNotes(git, path),
    operationIn(gitDir),
  ])
  const [unwatched, nested, modules] = await Promise.all([
    changedAmong(workspace, path, notes.unwatched),
    nestedIn(
      path,
      status,
      notes.submodules.map((each) => each.path),
    ),
    ownCommitsOfSubmodules(
      workspace,
      gitDir,
      notes.submodules.map(({ oid }) => oid),
    ),
  ])
  const changed = status.changed.filter(({ submodule }) => submodule).map((each) => each.path)
  return { status, unwatched, operation, nested: [...new Set([...nested, ...changed, ...modules])] }
}

/** What is left of a worktree whose files are gone. Throws DW_GIT. */
export async function readContentsOfMissing(workspace: Workspace, gitDir: string): Promise<Contents> {
  const empty = await mkdtemp(join(tmpdir(), 'git-dw-'))
  try {
    const status = await readStatusOfMissing(workspace.git, gitDir, empty)
    return { status, unwatched: [], nested: [], operation: await operationIn(gitDir) }
  } finally {
    await rmdir(empty)
  }
}

/** Whether the worktree holds work: something changed, something untracked, something under way. */
export function hasWork(contents: Contents): boolean {
  const { status, unwatched, operation, nested } = contents
  return (
    status.changed.length + status.untracked.length + unwatched.length + nested.length > 0 ||
    operation !== null
  )
}

const OPERATIONS: Readonly<Record<string, string>> = {
  'rebase-merge': 'a rebase',
  'rebase-apply': 'a rebase',
  MERGE_HEAD: 'a merge',
  CHERRY_PICK_HEAD: 'a cherry-pick',
  REVERT_HEAD: 'a revert',
  BISECT_LOG: 'a bisect',
}

async function operationIn(gitDir: string): Promise<string | null> {
  const names = new Set(await readdir(gitDir).catch(() => []))
  const found = Object.keys(OPERATIONS).find((name) => names.has(name))
  return found === undefined ? null : (OPERATIONS[found] ?? null)
}

async function changedAmong(
  workspace: Workspace,
  path: string,
  files: readonly UnwatchedPath[],
): Promise<UnwatchedPath[]> {
  const kinds = await Promise.all(files.map((file) => lstat(join(path, file.path)).catch(() => null)))
  const present = files.filter((_, at) => kinds[at]?.isFile())
  const oids = await hashAsAdded(
    workspace.git,
    path,
    present.map((file) => file.path),
  )
  return present.filter((file, at) => oids[at] !== file.oid)
}

/** Repositories that lie in the worktree: untracked ones, those in ignored directories, submodules of the old form. */
async function nestedIn(
  path: string,
  status: WorktreeStatus,
  submodules: readonly string[],
): Promise<string[]> {
  const untracked = status.untracked.filter((name) => name.endsWith('/'))
  const ignored = status.ignored.filter((name) => name.endsWith('/'))
  const inside = await Promise.all(ignored.map((name) => repositoriesUnder(path, name)))
  const embedded = await Promise.all(
    submodules.map(async (name) => {
      const kind = await lstat(join(path, name, '.git')).catch(() => null)
      return kind?.isDirectory() ? [name] : []
    }),
  )
  return [...untracked, ...inside.flat(), ...embedded.flat()]
}

async function repositoriesUnder(top: string, directory: string): Promise<string[]> {
  const entries = await readdir(join(top, directory), { withFileTypes: true }).catch(() => [])
  if (entries.some(({ name }) => name === '.git')) return [directory]
  const found: string[] = []
  for (const entry of entries) {
    // a link is not followed: what it leads to does not go with the worktree
    if (entry.isDirectory()) found.push(...(await repositoriesUnder(top, `${directory}${entry.name}/`)))
  }
  return found
}

/**
 * Submodules whose repositories, which go with the worktree, have commits that neither a remote of theirs
 * has nor the index names.
 */
async function ownCommitsOfSubmodules(
  workspace: Workspace,
  gitDir: string,
  named: readonly string[],
): Promise<string[]> {
  const modules = await moduleDirectories(join(gitDir, 'modules'))
  const own = await Promise.all(
    modules.map(async (directory) => {
      const args = ['rev-list', '--max-count=1', '--ignore-missing', '--all', 'HEAD']
      const known = ['--not', '--remotes', '--tags', ...named, '--']
      const result = await workspace.git.run([`--git-dir=${directory}`, ...args, ...known], {
        entering: true,
      })
      return result.status !== 0 || result.stdout.length > 0
    }),
  )
  return modules.filter((_, at) => own[at]).map((directory) => directory.slice(`${gitDir}/modules/`.length))
}

async function moduleDirectories(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const isRepository = await stat(join(directory, 'HEAD')).then(
    () => true,
    () => false,
  )
  if (isRepository) return [directory, ...(await moduleDirectories(join(directory, 'modules')))]
  const below = await Promise.all(
    entries
      .filter((entry) => entry.isDirectory())
      .map((entry) => moduleDirectories(join(directory, entry.name))),
  )
  return below.flat()
}
