import type { Holding } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { formatKey, type Key, type LockName, lockName, parseKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import type { SessionId } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import { lockRef, projectRef } from '../store/ref-names.ts'
import { readGround } from './ground.ts'
import { isDefaultProject, projectIn, unknownProject } from './projects.ts'
import type { ShowKey } from './refusal.ts'
import type { Workspace } from './workspace.ts'

/** For each key of a project lock its other key, as it is printed. */
export type Pairs = ReadonlyMap<LockName, string>

/**
 * The keys with each project's directory beside it: a project lock is two keys (design §3). The default
 * project, when it is not registered, is the whole repository. A project that is neither is DW_NOT_FOUND,
 * or with `alone` just its own key. Throws DW_CORRUPT_STATE for a record that cannot be read.
 */
export async function withDirectories(
  workspace: Workspace,
  keys: readonly Key[],
  unknown: 'refused' | 'alone' = 'refused',
): Promise<{ readonly keys: readonly Key[]; readonly pairs: Pairs }> {
  const refs = directoryRefs(keys)
  if (refs.length === 0) return { keys, pairs: new Map() }
  const snapshot = await workspace.store.read({ refs })
  const pairs = new Map<LockName, string>()
  const paired = keys.flatMap((key): Key[] => {
    if (key.kind !== 'project') return [key]
    const record = projectIn(snapshot, key.project)
    if (record === undefined && !isDefaultProject(workspace, key.project)) {
      if (unknown === 'alone') return [key]
      throw unknownProject(key.project)
    }
    const directory = parseKey(record?.path ?? '.')
    pairs.set(lockName(key), formatKey(directory))
    pairs.set(lockName(directory), formatKey(key))
    return [key, directory]
  })
  return { keys: paired, pairs }
}

/** The refs that {@link withDirectories} reads; none where no key is a project. */
export function directoryRefs(keys: readonly Key[]) {
  return [...new Set(keys.flatMap((key) => (key.kind === 'project' ? [projectRef(key.project)] : [])))]
}

/** The refs of the other halves of `holdings`, where they are halves of project locks. */
export function otherHalves(holdings: readonly Holding[]) {
  return holdings.flatMap(({ record }) =>
    record.with === undefined ? [] : [lockRef(lockName(parseKey(record.with)))],
  )
}

/** What of a release concerns project locks. */
export interface PairedRelease {
  /** The directories that go with the projects released. */
  readonly more: readonly Holding[]
  /** Directories that cannot go alone, because a project lock that stays rests on them. */
  readonly bound: readonly Holding[]
}

/**
 * Keeps project locks whole in a release: a project's directory goes with it, and does not go without it.
 * `going` are the locks named, `mine` all of the session's that were read.
 */
export function pairRelease(going: readonly Holding[], mine: readonly Holding[]): PairedRelease {
  const names = new Set(going.map(({ name }) => name))
  const others = mine.filter(({ name, state }) => !names.has(name) && state !== 'void')
  const isHalfOf = (half: Holding, whole: Holding) =>
    half.record.with !== undefined && lockName(parseKey(half.record.with)) === whole.name
  const paired = (a: Holding, b: Holding) => isHalfOf(a, b) && isHalfOf(b, a)
  const more = others.filter(
    (other) => other.key.kind === 'path' && going.some((each) => paired(each, other)),
  )
  const bound = going.filter(
    (each) =>
      each.key.kind === 'path' && each.state !== 'void' && others.some((other) => paired(each, other)),
  )
  return { more, bound }
}

/** DW_IN_USE for directories that a project lock rests on. */
export function boundToProject(bound: readonly Holding[], show: ShowKey): DwError {
  const projects = bound.map(({ record }) => record.with ?? '')
  const lines = bound.map(({ key }, at) => `"${show(key)}" goes with your lock "${projects[at]}"`)
  return new DwError('DW_IN_USE', printable(lines.join('\n')), {
    hints: [`give both back: git dw release ${projects.map(shellWord).join(' ')}`],
    details: { keys: bound.map(({ record }) => record.key) },
  })
}

/**
 * Where a project among `missing` has another name than when `me` claimed it: the command that releases it
 * by that name, which its directory's lock tells.
 */
export async function renamedHint(
  workspace: Workspace,
  missing: readonly Key[],
  me: SessionId,
): Promise<string[]> {
  const refs = missing.flatMap((key) => (key.kind === 'project' ? [projectRef(key.project)] : []))
  if (refs.length === 0) return []
  const records = [...(await workspace.store.read({ refs })).values()]
  const directories = records.flatMap(({ content }) =>
    content.ok && content.record.kind === 'project' ? [lockName(parseKey(content.record.path))] : [],
  )
  if (directories.length === 0) return []
  const { holdings } = await readGround(
    workspace,
    await workspace.store.read({ refs: directories.map(lockRef) }),
  )
  return holdings.flatMap(({ name, record }) => {
    const other = record.with === undefined ? null : parseKey(record.with)
    if (record.session !== me || !directories.includes(name) || other?.kind !== 'project') return []
    return [`you hold it by the name that it had: git dw release --project ${shellWord(other.project)}`]
  })
}
