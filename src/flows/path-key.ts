import { lstat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { DwError } from '../domain/error.ts'
import { formatKey, type Key } from '../domain/key.ts'
import { commonDirOf, gitDirOf } from '../git/worktrees.ts'
import { realPath } from './real-path.ts'
import type { Workspace } from './workspace.ts'

/** Where paths count from: a part of a {@link Workspace}. */
export interface Place {
  readonly around: Pick<Workspace['around'], 'cwd'>
  readonly repository: Pick<Workspace['repository'], 'toplevel' | 'commonDir' | 'bare'>
}

/** A path as it was given, for messages, and where it counts from. */
export interface GivenPath {
  readonly text: string
  /** Without what only says where it counts from. */
  readonly path: string
  /** It counts from the top of the worktree, not from the current directory. */
  readonly top: boolean
}

/** The longest name that file systems take, in UTF-16 units. */
const MAX_NAME = 255

/** The key of one path. Throws DW_USAGE for a path outside the repository, in a submodule, or too long. */
export async function pathKey(place: Place, given: GivenPath): Promise<Key> {
  const { repository, around } = place
  const { toplevel, bare } = repository
  if (toplevel === null && !bare) {
    throw new DwError('DW_USAGE', `"${given.text}": there is no worktree here`, {
      hints: ['go to a worktree'],
    })
  }
  refuseLongNames(given)
  // without a worktree, paths count from the top
  if (toplevel === null) return bareKey(given)
  const absolute = resolve(given.top ? toplevel : around.cwd, given.top ? `./${given.path}` : given.path)
  const real = await realPath(absolute)
  const root = await worktreeOf(place, real, given.text)
  return inside(root, real, given.text)
}

function bareKey({ path, text }: GivenPath): Key {
  const above = `./${path}`.split('/').reduce((depth, part) => {
    if (depth < 0 || part === '' || part === '.') return depth
    return part === '..' ? depth - 1 : depth + 1
  }, 0)
  if (above < 0) {
    throw new DwError('DW_USAGE', `"${text}" is outside this repository`, {
      hints: ['in a bare repository, paths count from the top'],
    })
  }
  return inside('/', resolve('/', `./${path}`), text)
}

function refuseLongNames({ path, text }: GivenPath): void {
  const longest = path.split('/').reduce((most, name) => Math.max(most, name.length), 0)
  if (longest <= MAX_NAME) return
  throw new DwError(
    'DW_USAGE',
    `a name in "${shortened(text)}" has ${longest} characters; ${MAX_NAME} is the most`,
    {
      hints: ['no file can have such a name: look at what was given'],
    },
  )
}

/** The start of a text that is too long for a message. */
export function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 60)}…`
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
async function worktreeOf({ repository }: Place, real: string, argument: string): Promise<string> {
  const top = repository.toplevel ?? '/'
  for (let directory = real; ; directory = dirname(directory)) {
    if (directory === top) return top
    const gitDir = (await hasGit(directory)) ? await gitDirOf(directory) : null
    if (gitDir !== null) {
      if ((await realPath(await commonDirOf(gitDir))) === (await realPath(repository.commonDir)))
        return directory
      // a submodule's own directory is a path of this repository; what is in it is not
      if (directory !== real || leaves(top, real)) throw foreign(top, directory, argument)
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

function leaves(top: string, path: string): boolean {
  return relative(top, path).split(sep)[0] === '..'
}

function foreign(top: string, other: string | null, argument: string): DwError {
  return other !== null && !leaves(top, other)
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

/** Paths with a component that joining would drop or follow. */
const NEEDS_JOINING = /(?:^|\/)\.{0,2}(?:\/|$)/

/** The key as it is shown to a person: paths relative to the current directory, as git shows them. */
export function showKey(workspace: Workspace, key: Key): string {
  const { repository, around } = workspace
  if (key.kind !== 'path' || repository.toplevel === null) return formatKey(key)
  // at the top most paths are shown as they are: listings show thousands
  if (around.cwd === repository.toplevel && !NEEDS_JOINING.test(key.path)) return formatKey(key)
  const shown = relative(around.cwd, join(repository.toplevel, key.path)).split(sep).join('/')
  return formatKey({ kind: 'path', path: shown })
}
