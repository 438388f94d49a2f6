import { DwError } from '../../domain/error.ts'
import type { HookName, HookStanding } from '../../domain/hook-name.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { isSameHook, keepHook, readHookFile, restoreHook, writeHook } from '../../git/hook-file.ts'
import type { Workspace } from '../workspace.ts'
import { findHookPlace, type HookPlace, hooksDirectory } from './hook-place.ts'
import { commandSetting, hookStandings, oursIn } from './hook-standings.ts'
import { configuredCommand, installedPiece, KEPT_SUFFIX } from './installed-piece.ts'

/** What a change of the hooks came to. */
export interface HooksChange {
  readonly place: HookPlace
  readonly hooks: readonly HookStanding[]
  /** The hooks that were written or taken out. */
  readonly changed: readonly HookName[]
}

/**
 * Installs `names` (design §10). A hook that is there is kept and run by ours; where a tool manages the
 * hooks nothing is written. Throws DW_EXISTS, DW_READONLY.
 */
export async function installHooks(workspace: Workspace, names: readonly HookName[]): Promise<HooksChange> {
  const place = await findHookPlace(workspace)
  const before = await hookStandings(workspace, place, names)
  const changed: HookName[] = []
  for (const standing of before) {
    if (['installed', 'chained', 'added', 'to add'].includes(standing.state)) continue
    await writing(standing.path, () =>
      place.by === 'config' ? configure(workspace, standing.hook) : putInPlace(workspace, standing),
    )
    changed.push(standing.hook)
  }
  // one hook in two places would run twice
  if (place.by === 'config') await takeOutOfDirectory(workspace, await hooksDirectory(workspace), names)
  if (place.by === 'directory') await takeOutOfConfig(workspace, names)
  const hooks = changed.length === 0 ? before : await hookStandings(await reread(workspace), place, names)
  return { place, hooks, changed }
}

/** Takes `names` out again: what was there before is put back as it was. Throws DW_READONLY. */
export async function uninstallHooks(workspace: Workspace, names: readonly HookName[]): Promise<HooksChange> {
  const place = await findHookPlace(workspace)
  const directories = new Set([await hooksDirectory(workspace), `${workspace.repository.commonDir}/hooks`])
  const changed = new Set<HookName>(await takeOutOfConfig(workspace, names))
  for (const directory of directories) {
    for (const name of await takeOutOfDirectory(workspace, directory, names)) changed.add(name)
  }
  const hooks = await hookStandings(await reread(workspace), place, names)
  return { place, hooks, changed: names.filter((name) => changed.has(name)) }
}

/** How all hooks stand. */
export async function hooksStatus(workspace: Workspace, names: readonly HookName[]): Promise<HooksChange> {
  const place = await findHookPlace(workspace)
  return { place, hooks: await hookStandings(workspace, place, names), changed: [] }
}

async function putInPlace({ around }: Workspace, { hook, path }: HookStanding): Promise<void> {
  const file = await readHookFile(path)
  if (file.is === 'directory') {
    throw new DwError('DW_EXISTS', `"${path}" is a directory`, { hints: ['move it away'], details: { path } })
  }
  if (file.is !== 'absent' && oursIn(file) === null) {
    const kept = `${path}${KEPT_SUFFIX}`
    if ((await readHookFile(kept)).is === 'absent') await keepHook(path, kept)
    else if (!(await isSameHook(path, kept))) {
      throw new DwError(
        'DW_EXISTS',
        `"${path}" was replaced since it was installed, and "${kept}" is there`,
        {
          hints: ['remove or rename the one that is not needed any more, then install again'],
          details: { path: kept },
        },
      )
    }
  }
  await writeHook(path, installedPiece(hook, around))
}

async function configure({ git, around }: Workspace, name: HookName): Promise<void> {
  await git.output(['config', '--local', commandSetting(name), configuredCommand(name, around)])
  await git.output(['config', '--local', `hook.dw-${name}.event`, name])
}

async function takeOutOfConfig(workspace: Workspace, names: readonly HookName[]): Promise<HookName[]> {
  const there = names.filter((name) => workspace.settings.valueOf(commandSetting(name)) !== undefined)
  for (const name of there) {
    await workspace.git.run(['config', '--local', '--remove-section', `hook.dw-${name}`])
  }
  return there
}

async function takeOutOfDirectory(
  workspace: Workspace,
  directory: string,
  names: readonly HookName[],
): Promise<HookName[]> {
  const standings = await hookStandings(workspace, { by: 'directory', directory }, names)
  const ours = standings.filter(({ state }) => state === 'installed' || state === 'outdated')
  for (const { path, kept } of ours) await writing(path, () => restoreHook(path, kept))
  return ours.map(({ hook }) => hook)
}

/** The workspace with the settings as they are now. */
async function reread(workspace: Workspace): Promise<Workspace> {
  return { ...workspace, settings: await workspace.settings.reread(workspace.git) }
}

async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
    if (!['EACCES', 'EPERM', 'EROFS'].includes(code)) throw cause
    throw new DwError('DW_READONLY', `"${path}" cannot be written by this user`, {
      cause,
      hints: [`see whose it is with: ls -ld ${shellWord(path)}`],
    })
  }
}
