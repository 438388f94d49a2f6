import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { HookName, HookStanding } from '../../domain/hook-name.ts'
import { type HookFile, readHookFile } from '../../git/hook-file.ts'
import type { Workspace } from '../workspace.ts'
import { type HookPlace, lineFiles } from './hook-place.ts'
import {
  configuredCommand,
  hasLine,
  installedPiece,
  isOurs,
  KEPT_SUFFIX,
  lineFor,
} from './installed-piece.ts'

/** Names under which other tools keep a hook that they run from their own. */
const OTHERS_KEPT = ['.legacy', '.old']

/** How each of `names` stands in its place. */
export async function hookStandings(
  workspace: Workspace,
  place: HookPlace,
  names: readonly HookName[],
): Promise<HookStanding[]> {
  return Promise.all(
    names.map((name) => {
      if (place.by === 'config') return configured(workspace, name)
      if (place.by === 'line') return managed(workspace, place, name)
      return inDirectory(workspace, place.directory, name)
    }),
  )
}

/** The setting that holds a hook's command. */
export function commandSetting(name: HookName): string {
  return `hook.dw-${name}.command`
}

async function configured({ settings, around }: Workspace, name: HookName): Promise<HookStanding> {
  const path = commandSetting(name)
  const value = settings.valueOf(path)
  const wanted = configuredCommand(name, around)
  const state = value === undefined ? 'missing' : value === wanted ? 'installed' : 'outdated'
  return { hook: name, state, path, kept: null, line: null }
}

async function managed(
  { repository }: Workspace,
  place: Extract<HookPlace, { by: 'line' }>,
  name: HookName,
): Promise<HookStanding> {
  const files = lineFiles(place, repository.toplevel ?? place.directory, name)
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')))
  const at = texts.findIndex((text) => hasLine(text, name))
  const there = texts.findIndex((text) => text !== '')
  const path = files[at >= 0 ? at : Math.max(there, 0)] ?? place.directory
  const line = lineFor(name, place.manager)
  return { hook: name, state: at >= 0 ? 'added' : 'to add', path, kept: null, line }
}

async function inDirectory({ around }: Workspace, directory: string, name: HookName): Promise<HookStanding> {
  const path = join(directory, name)
  const [file, before, ...others] = await Promise.all(
    ['', KEPT_SUFFIX, ...OTHERS_KEPT].map((suffix) => readHookFile(`${path}${suffix}`)),
  )
  const kept = before?.is === 'absent' ? null : `${path}${KEPT_SUFFIX}`
  const ours = oursIn(file)
  if (ours !== null) {
    const state = ours === installedPiece(name, around) ? 'installed' : 'outdated'
    return { hook: name, state, path, kept, line: null }
  }
  const chained = file?.is === 'file' && others.some((other) => oursIn(other) !== null) && !isLefthook(file)
  const state = chained ? 'chained' : kept === null ? 'missing' : 'replaced'
  return { hook: name, state, path, kept, line: null }
}

/** lefthook puts the hook that it finds aside and does not run it. */
function isLefthook(file: Extract<HookFile, { is: 'file' }>): boolean {
  return /lefthook/i.test(file.bytes.toString('latin1'))
}

/** The text of a file of ours; null for anything else. */
export function oursIn(file: HookFile | undefined): string | null {
  const text = file?.is === 'file' ? file.bytes.toString('utf8') : ''
  return isOurs(text) ? text : null
}
