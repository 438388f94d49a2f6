import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { HookName } from '../../domain/hook-name.ts'
import { realPath } from '../real-path.ts'
import type { Workspace } from '../workspace.ts'

/** Where the hooks of a repository belong. */
export type HookPlace =
  /** In git's configuration (git 2.54 and newer). */
  | { readonly by: 'config' }
  /** In a directory of this repository alone. */
  | { readonly by: 'directory'; readonly directory: string }
  /** In hooks that a tool or the user manages: nothing is written there. */
  | {
      readonly by: 'line'
      readonly directory: string
      readonly manager: 'husky' | 'lefthook' | 'other'
      readonly setting: string
    }

/** The first git that runs hooks from its configuration. */
const CONFIGURED_SINCE = [2, 54] as const

export async function findHookPlace(workspace: Workspace): Promise<HookPlace> {
  if (await runsConfigured(workspace)) return { by: 'config' }
  const directory = await hooksDirectory(workspace)
  const setting = workspace.settings.valueOf('core.hooksPath')
  if (setting === undefined || (await isOwn(workspace, directory))) return { by: 'directory', directory }
  return { by: 'line', directory, setting, manager: await managerOf(directory) }
}

async function runsConfigured({ git }: Workspace): Promise<boolean> {
  const text = (await git.output(['version'])).toString('utf8')
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(text) ?? []
  const [since, sinceMinor] = CONFIGURED_SINCE
  return Number(major) > since || (Number(major) === since && Number(minor) >= sinceMinor)
}

/** The directory that git runs hooks from; a relative core.hooksPath counts from where hooks run. */
export async function hooksDirectory({ git, repository }: Workspace): Promise<string> {
  const set = await git.run(['config', '--type=path', '--get', 'core.hooksPath'])
  const path = set.stdout.toString('utf8').replace(/\n$/, '')
  if (set.status === 0 && path !== '') return resolve(repository.toplevel ?? repository.gitDir, path)
  const output = await git.output(['rev-parse', '--path-format=absolute', '--git-path', 'hooks'])
  return output.toString('utf8').replace(/\n$/, '')
}

/**
 * Whether hooks may be written to a directory that core.hooksPath names: it is set for this repository alone,
 * and no worktree holds it, where the files would be part of the project.
 */
async function isOwn(workspace: Workspace, directory: string): Promise<boolean> {
  const { git, repository } = workspace
  const local = await git.run(['config', '--local', '--get', 'core.hooksPath'])
  if (local.status !== 0) return false
  const real = await realPath(directory)
  if (isInside(await realPath(repository.commonDir), real)) return true
  return repository.toplevel === null || !isInside(await realPath(repository.toplevel), real)
}

function isInside(outer: string, inner: string): boolean {
  const way = relative(outer, inner)
  return way !== '..' && !way.startsWith('../')
}

async function managerOf(directory: string): Promise<'husky' | 'lefthook' | 'other'> {
  if (basename(directory) === '_' || basename(directory) === '.husky') return 'husky'
  for (const name of await readdir(directory).catch(() => [])) {
    const text = await readFile(join(directory, name), 'utf8').catch(() => '')
    if (/lefthook/i.test(text)) return 'lefthook'
  }
  return 'other'
}

/** The files of a managed place that may hold our line; the first is where it belongs. */
export function lineFiles(place: Extract<HookPlace, { by: 'line' }>, top: string, name: HookName): string[] {
  const { directory, manager } = place
  if (manager === 'husky') {
    return [join(basename(directory) === '_' ? dirname(directory) : directory, name)]
  }
  if (manager === 'lefthook') return LEFTHOOK_FILES.map((file) => join(top, file))
  return [join(directory, name)]
}

const LEFTHOOK_FILES = ['', '.'].flatMap((dot) =>
  ['', '-local'].flatMap((local) =>
    ['yml', 'yaml', 'toml', 'json'].map((end) => `${dot}lefthook${local}.${end}`),
  ),
)
