import { basename, dirname, join, resolve } from 'node:path'
import { DwError } from '../../domain/error.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { isOldState } from '../../legacy/read-state.ts'
import { realPath } from '../real-path.ts'
import type { Workspace } from '../workspace.ts'

/** Where an older dw kept its files, from the top of the main worktree. */
const USUAL = ['state', '.dw']

/** The top of the main worktree as far as it is known without a process; null where there is none. */
function mainTop({ repository, settings }: Workspace): string | null {
  const { gitDir, commonDir, toplevel, bare } = repository
  if (bare) return null
  if (gitDir === commonDir) return toplevel
  if (settings.mainWorktree !== undefined) return resolve(commonDir, settings.mainWorktree)
  return basename(commonDir) === '.git' ? dirname(commonDir) : null
}

/** A directory as a setting or an old file has it: `~/` is the home, what is relative counts from `from`. */
export function absolutePath(path: string, from: string, home: string): string {
  return path.startsWith('~/') && home !== '' ? join(home, path.slice(2)) : resolve(from, path)
}

/** The directory that `dw.legacyState` names; null where it is unset or empty. */
function settledPath(workspace: Workspace): string | null {
  const { settings, around, repository } = workspace
  const { legacyState = '' } = settings
  if (legacyState === '') return null
  return absolutePath(legacyState, mainTop(workspace) ?? repository.commonDir, around.home)
}

/** The old state directories of this repository: `dw.legacyState`, else what lies in the usual places. */
export async function findStates(workspace: Workspace): Promise<string[]> {
  const path = settledPath(workspace)
  if (path !== null) {
    const real = await realPath(path)
    return isOldState(real) ? [real] : []
  }
  const top = mainTop(workspace)
  if (workspace.settings.legacyState === '' || top === null) return []
  // only directories that lie there themselves: a link in a repository may lead anywhere
  const usual = USUAL.map((name) => join(top, name)).filter(isOldState)
  return Promise.all(usual.map(realPath))
}

/** The state directory that a command is about. Throws DW_NOT_FOUND, DW_AMBIGUOUS. */
export async function stateToMigrate(workspace: Workspace, named: string | undefined): Promise<string> {
  if (named !== undefined) {
    const path = await realPath(resolve(workspace.around.cwd, named))
    if (isOldState(path)) return path
    throw new DwError('DW_NOT_FOUND', `"${named}" holds no sessions and locks of an older dw`, {
      hints: ['name the directory with sessions.json or active.json in it: git dw migrate <state-dir>'],
      details: { path },
    })
  }
  const [first, ...more] = await findStates(workspace)
  if (first === undefined) {
    throw new DwError('DW_NOT_FOUND', 'there are no files of an older dw in this repository', {
      hints: [
        ...emptySetting(workspace),
        'if they lie elsewhere, name their directory: git dw migrate <state-dir>',
      ],
    })
  }
  if (more.length === 0) return first
  throw ambiguous([first, ...more])
}

/** That a setting names a directory without old files. */
function emptySetting(workspace: Workspace): string[] {
  const path = settledPath(workspace)
  return path === null ? [] : [`there are none in "${path}", which dw.legacyState names`]
}

/** DW_AMBIGUOUS for several state directories. */
export function ambiguous(states: readonly string[], option = ''): DwError {
  return new DwError('DW_AMBIGUOUS', `there are ${states.length}: ${states.join(', ')}`, {
    hints: states.map((state) => `git dw migrate ${shellWord(state)}${option}`),
    details: { paths: states },
  })
}
