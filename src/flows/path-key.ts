import { lstat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { DwError } from '../domain/error.ts'
import { formatKey, type Key, lockName, parseNamedKey } from '../domain/key.ts'
import { commonDirOf, gitDirOf } from '../git/worktrees.ts'
import { realPath } from './real-path.ts'
import type { Workspace } from './workspace.ts'

/**
 * The keys that `arguments_` name: paths as git takes them, `:/` for the top included, or keys as they
 * are printed. Throws DW_USAGE for a path outside the repository, in a submodule, or empty.
 */
export async function keysOf(workspace: Workspace, arguments_: readonly string[]): Promise<Key[]> {
  const keys = await Promise.all(arguments_.map((argument) => keyOf(workspace, argument)))
  for (const key of keys) lockName(key)
  return keys
}

async function keyOf(workspace: Workspace, argument: string): Promise<Key> {
  const named = parseNamedKey(argument)
  if (named !== null) return named
  if (argument === '')
    throw new DwError('DW_USAGE', 'a path is empty', { hints: ['"." is the current directory'] })
  if (argument.startsWith(':(')) {
    throw new DwError('DW_USAGE', `"${argument}": pathspec magic is not supported`, {
      hints: ['name the paths'],
    })
  }
  const { toplevel: top, bare } = workspace.repository
  if (top === null && !bare) {
    throw new DwError('DW_USAGE', `"${argument}": there is no worktree here`, { hints: ['go to a worktree'] })
  }
  if (argument.startsWith(':/'))
    return pathKey(workspace, resolve(top ?? '/', `./${argument.slice(2)}`), argument)
  const base = top === null ? '/' : workspace.around.cwd
  return pathKey(workspace, resolve(base, argument), argument)
}

async function pathKey(workspace: Workspace, absolute: string, argument: string): Promise<Key> {
  const { repository } = workspace
  // without a worktree, paths count from the top
  if (repository.toplevel === null) return inside('/', absolute, argument)
  const real = await realPath(absolute)
  const root = await worktreeOf(workspace, real, argument)
  return inside(root, real, argument)
}

function inside(root: string, real: string, argument: string): Key {
  const path = relative(root, real).split(sep).join('/')
  if (path.split('/').some((part) => part.toLowerCase() === '.git')) {
    throw new DwError('DW_USAGE', `"${argument}" is inside a git directory`, {
      hints: ['claim paths of the worktree'],
    })
  }
  return { kind: 'path', path }
}

/** The top of the worktree of this repository that `real` lies in. */
async function worktreeOf(workspace: Workspace, real: string, argument: string): Promise<string> {
  const { repository } = workspace
  const top = repository.toplevel ?? '/'
  for (let directory = real; ; directory = dirname(directory)) {
    if (directory === top) return top
    const gitDir = (await hasGit(directory)) ? await gitDirOf(directory) : null
    if (gitDir !== null) {
      if ((await realPath(await commonDirOf(gitDir))) === (await realPath(repository.commonDir)))
        return directory
      // a submodule's own directory is a path of this repository; what is in it is not
      if (directory !== real || relative(top, real).startsWith('..')) throw foreign(top, directory, argument)
    }
    if (dirname(directory) === directory) throw foreign(top, null, argument)
  }
}

async function hasGit(directory: string): Promise<boolean> {
  return lstat(join(directory, '.git')).then(
    () => true,
    () => false,
  )
}

function foreign(top: string, other: string | null, argument: string): DwError {
  const within = other !== null && !relative(top, other).startsWith('..')
  return within
    ? new DwError(
        'DW_USAGE',
        `"${argument}" is inside the submodule or repository "${relative(top, other)}"`,
        {
          hints: [`claim it there: git -C ${relative(top, other)} dw claim …`],
        },
      )
    : new DwError('DW_USAGE', `"${argument}" is outside this repository`, {
        hints: ['claim it in its own repository: git -C <directory> dw claim …'],
      })
}

/** The key as it is shown to a person: paths relative to the current directory, as git shows them. */
export function showKey(workspace: Workspace, key: Key): string {
  const { repository, around } = workspace
  if (key.kind !== 'path' || repository.toplevel === null) return formatKey(key)
  const shown = relative(around.cwd, join(repository.toplevel, key.path)).split(sep).join('/')
  return formatKey({ kind: 'path', path: shown })
}
