import { DwError } from './error.ts'
import { encodeComponent, encodePath, nameProblem } from './name.ts'

/** What can be held: a task, a project, or a path from the repository's top (`''` is the top itself). */
export type Key =
  | { readonly kind: 'task'; readonly project: string; readonly task: string }
  | { readonly kind: 'project'; readonly project: string }
  | { readonly kind: 'path'; readonly path: string }

/** The key of a task. */
export type TaskKey = Extract<Key, { kind: 'task' }>

/**
 * A key's place in the tree of locks, folded and encoded: `path/src/a.ts`, `task/<project>/<task>`.
 * Two keys conflict exactly when one's place is the other's or lies under it, which is git's own rule
 * for ref names (design §3).
 */
export type LockName = string & { readonly __brand: 'LockName' }

/** Longest lock name, in bytes; with its prefixes it stays under PATH_MAX (design §3). */
export const MAX_LOCK_NAME_BYTES = 700

/** The place of `key`. Throws DW_USAGE for a key that is too long when encoded. */
export function lockName(key: Key): LockName {
  const name = unboundedLockName(key)
  if (name.length > MAX_LOCK_NAME_BYTES) {
    throw new DwError(
      'DW_USAGE',
      `the key is too long: ${name.length} bytes when encoded, ${MAX_LOCK_NAME_BYTES} is the most`,
      { hints: ['claim a directory above it'] },
    )
  }
  return name
}

function unboundedLockName(key: Key): LockName {
  if (key.kind === 'path') {
    const path = encodePath(key.path)
    return (path === '' ? 'path' : `path/${path}`) as LockName
  }
  const names = key.kind === 'task' ? [key.project, key.task] : [key.project]
  return ['task', ...names.map(encodeComponent)].join('/') as LockName
}

/** Whether `upper` lies strictly above `lower` in the tree. */
export function isAbove(upper: LockName, lower: LockName): boolean {
  return lower.startsWith(`${upper}/`)
}

/** Whether the two places are the same or one lies above the other. */
export function onOneLine(a: LockName, b: LockName): boolean {
  return a === b || isAbove(a, b) || isAbove(b, a)
}

/** Drops keys that are named twice or lie under another of the same list (design §5, Claim). */
export function dropCovered(keys: readonly Key[]): Key[] {
  const named = new Map<LockName, Key>()
  for (const key of keys) {
    const name = lockName(key)
    if (!named.has(name)) named.set(name, key)
  }
  const covered = (name: LockName) => prefixes(name).some((above) => named.has(above))
  return [...named].filter(([name]) => !covered(name)).map(([, key]) => key)
}

/** Every place strictly above `name` that a lock could stand at, the highest first. */
export function prefixes(name: LockName): LockName[] {
  const parts = name.split('/')
  const shortest = parts[0] === 'path' ? 1 : 2
  const above: LockName[] = []
  for (let length = shortest; length < parts.length; length += 1) {
    above.push(parts.slice(0, length).join('/') as LockName)
  }
  return above
}

/**
 * The key as text, as it stands in records and JSON: `task:<project>/<task>`, `project:<project>`, a path.
 * A path that would be read as another key, as a pathspec or as an option starts with `./`.
 */
export function formatKey(key: Key): string {
  if (key.kind === 'task') return `task:${key.project}/${key.task}`
  if (key.kind === 'project') return `project:${key.project}`
  if (key.path === '') return '.'
  return /^(?:(?:task|project)?:|-)/.test(key.path) ? `./${key.path}` : key.path
}

/** Reads a task or project key as {@link formatKey} prints it; null for anything else, a path included. */
export function parseNamedKey(text: string): Key | null {
  if (!text.startsWith('task:') && !text.startsWith('project:')) return null
  const task = /^task:([^/]*)\/(.*)$/s.exec(text)
  if (task) return taskKey(task[1] ?? '', task[2] ?? '')
  const project = /^project:(.*)$/s.exec(text)
  if (project) return projectKey(project[1] ?? '')
  return null
}

/** Reads a key as it stands in a record. Throws DW_USAGE when it names nothing. */
export function parseKey(text: string): Key {
  const named = parseNamedKey(text)
  if (named) return named
  const path = text.startsWith('./') ? text.slice(2) : text
  return { kind: 'path', path: path === '.' ? '' : path }
}

/** A task's key. Throws DW_USAGE for names that design §3 refuses. */
export function taskKey(project: string, task: string): TaskKey {
  return { kind: 'task', project: checkName('project', project), task: checkName('task', task) }
}

/** A project's key. Throws DW_USAGE for a name that design §3 refuses. */
export function projectKey(project: string): Key {
  return { kind: 'project', project: checkName('project', project) }
}

function checkName(what: 'task' | 'project', name: string): string {
  const problem = nameProblem(name)
  if (problem === null) return name
  throw new DwError('DW_USAGE', `"${name}" cannot name a ${what}: it ${problem}`, {
    hints: ['use 1 to 100 characters without "/" or control characters, not starting with "-" or "."'],
  })
}
