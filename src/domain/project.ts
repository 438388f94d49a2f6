import type { Holding } from './claim.ts'
import { parseKey } from './key.ts'
import { fold } from './name.ts'

/** A project as `project list` shows it. */
export interface ProjectRow {
  readonly name: string
  readonly path: string
  readonly base?: string
  readonly branch?: string
  /** False for the default project where it is not registered. */
  readonly registered: boolean
  readonly isDefault: boolean
  /** It is the project of a command that is given here. */
  readonly here: boolean
  /** Live locks of its tasks. */
  readonly tasks: number
  readonly lock?: Holding
}

/** A project as far as its place in the tree goes. */
export interface PlacedProject {
  readonly name: string
  /** As its record has it: from the top, `.` for the top itself. */
  readonly path: string
}

/**
 * The project that `directory` lies in: of those whose directory it is, or lies above it, the deepest
 * (design §3). `directory` counts from the repository's top, `''` is the top itself. Spellings that fold
 * to one are one, as in the tree of locks. Where two have one directory, which only a race of two commands
 * can bring about, the first by name counts, so that every clone decides alike.
 */
export function deepestProject<P extends PlacedProject>(
  projects: readonly P[],
  directory: string,
): P | undefined {
  const here = componentsOf(directory)
  const around = projects.filter(({ path }) => isPrefix(placeOf(path), here))
  const byDepth = (a: P, b: P) =>
    placeOf(b.path).length - placeOf(a.path).length || (fold(a.name) < fold(b.name) ? -1 : 1)
  return around.sort(byDepth)[0]
}

/** Whether the two directories, as records have them, are one. */
export function isSameDirectory(a: string, b: string): boolean {
  return placeOf(a).join('/') === placeOf(b).join('/')
}

/** The folded components of a directory as a record has it. */
function placeOf(path: string): string[] {
  const key = parseKey(path)
  return key.kind === 'path' ? componentsOf(key.path) : []
}

function componentsOf(path: string): string[] {
  return path
    .split('/')
    .filter((part) => part !== '')
    .map(fold)
}

function isPrefix(upper: readonly string[], lower: readonly string[]): boolean {
  return upper.every((part, at) => lower[at] === part)
}
