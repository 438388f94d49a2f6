import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { type Key, lockName, parseNamedKey } from '../domain/key.ts'
import { hasMagic, looksLikeGlob, type Pathspec, parsePathspec } from '../domain/pathspec.ts'
import { expandPathspecs } from './expand-pathspecs.ts'
import { type GivenPath, type Place, pathKey, shortened } from './path-key.ts'
import type { Workspace } from './workspace.ts'

/** What a command's arguments name. */
export interface NamedKeys {
  readonly keys: readonly Key[]
  /** Those of the keys that a pathspec was expanded to. */
  readonly expanded: ReadonlySet<Key>
}

/** The keys that `arguments_` name, as {@link namedKeys} reads them. */
export async function keysOf(workspace: Workspace, arguments_: readonly string[]): Promise<readonly Key[]> {
  return (await namedKeys(workspace, arguments_)).keys
}

/**
 * The keys that `arguments_` name: paths as git takes them, keys as they are printed, and pathspecs with
 * magic, which stand for the tracked files that they fit (design §3). Where something is excluded, paths
 * stand for the tracked files in them, too. Throws DW_USAGE for what names nothing in this repository, and
 * DW_NOT_FOUND for a pathspec that fits nothing.
 */
export async function namedKeys(workspace: Workspace, arguments_: readonly string[]): Promise<NamedKeys> {
  const read = await Promise.all(arguments_.map((argument) => readArgument(workspace, argument)))
  const excludes = read.some((each) => each.is === 'pathspec' && each.pathspec.exclude)
  const pathspecs = read.flatMap((each) => {
    if (each.is === 'pathspec') return [each.pathspec]
    return excludes && each.key.kind === 'path' ? [asPathspec(each.key.path)] : []
  })
  const files = pathspecs.length === 0 ? [] : await expandPathspecs(workspace, pathspecs)
  const expanded = await Promise.all(
    files.map(
      async ({ path, isLink }): Promise<Key> =>
        isLink ? pathKey(workspace, { text: path, path, top: true }) : { kind: 'path', path },
    ),
  )
  // the files stand where the first pathspec stood
  const first = read.findIndex((each) => each.is === 'pathspec' || (excludes && each.key.kind === 'path'))
  const keys = read.flatMap((each, at) => [
    ...(at === first ? expanded : []),
    ...(each.is === 'pathspec' || (excludes && each.key.kind === 'path') ? [] : [each.key]),
  ])
  for (const key of keys) lockName(key)
  return { keys, expanded: new Set(expanded) }
}

/**
 * The keys that `arguments_` name, where all are plain paths or keys as they are printed: they can be told
 * without git. Null where one is more than that. Throws DW_USAGE as {@link namedKeys} does.
 */
export async function plainKeys(place: Place, arguments_: readonly string[]): Promise<readonly Key[] | null> {
  if (arguments_.some((each) => hasMagic(each) || looksLikeGlob(each))) return null
  return Promise.all(
    arguments_.map(
      async (text) => parseNamedKey(text) ?? (await pathKey(place, { text, path: text, top: false })),
    ),
  )
}

type Read =
  | { readonly is: 'pathspec'; readonly pathspec: Pathspec }
  | { readonly is: 'key'; readonly key: Key }

async function readArgument(workspace: Workspace, argument: string): Promise<Read> {
  if (argument === '') {
    throw new DwError('DW_USAGE', 'a path is empty', { hints: ['"." is the current directory'] })
  }
  refuseMangled(argument)
  const named = parseNamedKey(argument)
  if (named !== null) return { is: 'key', key: named }
  const pathspec = hasMagic(argument) ? parsePathspec(argument) : null
  const fromTop = pathspec !== null && isPlainFromTop(pathspec)
  if (pathspec !== null && !fromTop) return { is: 'pathspec', pathspec }
  const given: GivenPath = { text: argument, path: pathspec?.pattern ?? argument, top: fromTop }
  const key = await pathKey(workspace, given)
  if (key.kind === 'path') await adviseGlob(workspace, argument, key.path)
  return { is: 'key', key }
}

/** `:/docs` is the path `docs` from the top, which need not exist. */
function isPlainFromTop({ text, pattern, top, exclude }: Pathspec): boolean {
  return top && !exclude && !text.startsWith(':(') && !looksLikeGlob(pattern)
}

/** Bytes that are no UTF-8 arrive as U+FFFD: which name was meant cannot be told any more. */
function refuseMangled(argument: string): void {
  if (!argument.includes('\ufffd')) return
  throw new DwError('DW_USAGE', `"${shortened(argument)}" is not UTF-8`, {
    hints: ['claim a directory above it'],
  })
}

/** Says that a path is taken as it is written, where a pattern was probably meant. */
async function adviseGlob(workspace: Workspace, argument: string, path: string): Promise<void> {
  if (!looksLikeGlob(argument)) return
  const there = await lstat(join(workspace.repository.toplevel ?? '/', path)).then(
    () => true,
    () => false,
  )
  if (there) return
  workspace.around.say(
    `"${argument}" is taken as the name of one file; for the files that it fits: ':(glob)${argument}'`,
  )
}

function asPathspec(path: string): Pathspec {
  return { text: `:(top,literal)${path}`, pattern: path, exclude: false, top: true, literal: true }
}
