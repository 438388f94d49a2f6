import { encodeComponent } from '../name.ts'
import type { OldSession, OldState, Problem } from './old-state.ts'
import type { MigrationItem } from './plan.ts'
import { someOf } from './some-of.ts'

/** The old sessions, each once. */
export interface United {
  /** By their ids as refs have them; what is contradictory is left out. */
  readonly sessions: ReadonlyMap<string, OldSession>
  readonly problems: readonly Problem[]
  /** Older copies of sessions that are there in a newer form. */
  readonly items: readonly MigrationItem[]
}

/** One id in any spelling: two that a ref cannot tell apart are one. */
export const idKey = encodeComponent

/**
 * Brings together what the registry, the session files and v1 say of each session. Where they contradict
 * each other, or an id is there twice, the session is a problem and no session; where only one of them has
 * it, that is a problem too, but what it says is kept.
 */
export function uniteSessions(old: OldState): United {
  const problems: Problem[] = []
  const items: MigrationItem[] = []
  const sessions = new Map<string, OldSession>()
  const doubtful = new Set<string>()
  const reported = new Set(old.problems.map(({ entry }) => idKey(entry)))
  const registry = once(old.registry, doubtful, problems)
  const files = once(old.files, doubtful, problems)
  for (const key of new Set([...registry.keys(), ...files.keys()])) {
    if (doubtful.has(key)) continue
    const [entry, file] = [registry.get(key), files.get(key)]
    const found = entry ?? file
    if (found === undefined) continue
    if (entry !== undefined && file !== undefined) {
      const differences = contradictions(entry, file)
      if (differences.length === 0) sessions.set(key, merged(entry, file))
      else {
        doubtful.add(key)
        problems.push({ ...at(file), reason: `it contradicts ${entry.file}: ${differences.join('; ')}` })
      }
      continue
    }
    sessions.set(key, found)
    const reason = missing(old, found, file === undefined)
    if (reason !== null && !reported.has(key)) problems.push({ ...at(found), reason })
  }
  if (old.states.registry === 'absent' && files.size > 0) {
    const reason = `it is not there, but sessions/ has ${files.size}`
    problems.push({ file: 'sessions.json', entry: '', reason })
  }
  for (const session of old.v1) {
    const key = idKey(session.id)
    const newer = sessions.get(key)
    if (newer === undefined && !doubtful.has(key)) {
      sessions.set(key, session)
    } else {
      // v2 left the file of v1 where it was, and went on from it
      const why = `an older copy of what ${newer?.file ?? 'v2'} has`
      items.push({ what: 'session', name: session.id, file: session.file, brought: false, why })
    }
  }
  return { sessions, problems, items }
}

/** The sessions of one source by id; those whose id is there twice become problems. */
function once(
  sessions: readonly OldSession[],
  doubtful: Set<string>,
  problems: Problem[],
): Map<string, OldSession> {
  const byId = new Map<string, OldSession[]>()
  for (const session of sessions) {
    const key = idKey(session.id)
    byId.set(key, [...(byId.get(key) ?? []), session])
  }
  for (const [key, same] of byId) {
    if (same.length === 1) continue
    doubtful.add(key)
    problems.push(
      ...same.map((session) => ({
        ...at(session),
        reason: `its id is there ${same.length} times${spellings(same)}`,
      })),
    )
  }
  return new Map([...byId].flatMap(([key, [first]]) => (first === undefined ? [] : [[key, first] as const])))
}

/** How an id is written that is written in more than one way; a ref cannot tell them apart. */
function spellings(same: readonly OldSession[]): string {
  const ids = [...new Set(same.map(({ id }) => id))]
  return ids.length === 1 ? '' : `, as ${someOf(ids)}`
}

/** What two sources say of one session and cannot both be true. */
function contradictions(entry: OldSession, file: OldSession): string[] {
  const facts: readonly (readonly [string, string | null, string | null])[] = [
    ['the status', entry.status, file.status],
    // what came from v1 has its project in the registry alone
    ['the project', entry.project?.id ?? null, file.project?.id ?? entry.project?.id ?? null],
    ['the task', entry.task, file.task],
    ['the worktree', entry.worktree?.path ?? null, file.worktree?.path ?? null],
  ]
  return facts.flatMap(([name, there, here]) =>
    there === here ? [] : [`${name} there is ${quoted(there)}, here ${quoted(here)}`],
  )
}

function quoted(value: string | null): string {
  return value === null ? 'none' : `"${value}"`
}

/** The session with what either knows, begun when the first says and heard from when the last says. */
function merged(entry: OldSession, file: OldSession): OldSession {
  return {
    ...file,
    project: file.project ?? entry.project,
    createdAt: entry.createdAt < file.createdAt ? entry.createdAt : file.createdAt,
    lastActivity: entry.lastActivity > file.lastActivity ? entry.lastActivity : file.lastActivity,
  }
}

/** Why it is a problem that only one source has the session; null where it is none. */
function missing(old: OldState, found: OldSession, noFile: boolean): string | null {
  // of an ended session the file is not needed any more
  if (noFile) return found.status === 'ended' ? null : `sessions/${found.id}.json is not there`
  return old.states.registry === 'read' ? 'sessions.json does not list it' : null
}

function at({ file, entry }: OldSession): { readonly file: string; readonly entry: string } {
  return { file, entry }
}
