import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import {
  type FileState,
  type OldSession,
  type OldState,
  type Problem,
  type Source,
  V1_BACKUP,
} from '../domain/migration/old-state.ts'
import * as entries from './entries.ts'
import { MAX_SESSION_BYTES, namesIn, type OldFile, parseJson, readOldFile } from './old-file.ts'

/** What only such a state directory holds. */
const TELLING = ['active.json', V1_BACKUP, 'sessions.json', 'locks.json']

const SESSION_FILE = /^SESS-.*\.json$/

/** Whether the directory has old sessions or locks. */
export function isOldState(directory: string): boolean {
  if (namesIn(directory) === null) return false
  if (TELLING.some((name) => existsSync(join(directory, name)))) return true
  return namesIn(join(directory, 'sessions'))?.some((name) => SESSION_FILE.test(name)) ?? false
}

export interface ReadOptions {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly signal: AbortSignal
  /** Told how many session files are read, of how many. */
  readonly progress?: (done: number, total: number) => void
}

/** Session files that are read before others get a turn. */
const STEP = 250

/** Reads a whole state directory; nothing in it is followed, run or changed. Throws what aborted it. */
export async function readOldState(directory: string, options: ReadOptions): Promise<OldState> {
  const { now } = options
  const problems: Problem[] = []
  const read = new Reader(directory, now, problems)
  const v1 = ['active.json', V1_BACKUP].flatMap((name) => read.single(name, entries.v1Session))
  const registry = read.list('sessions.json', 'sessions', 'id', entries.registrySession, '2.0')
  const files = await sessionFiles(read, directory, options)
  const locks = read.list('locks.json', 'locks', 'lockId', entries.lockEntry)
  const inside = read.list('registry/projects.json', 'projects', 'id', entries.projectEntry)
  const beside =
    inside.state === 'absent' && namesIn(join(dirname(directory), 'registry')) !== null
      ? read.list('../registry/projects.json', 'projects', 'id', entries.projectEntry)
      : inside
  const events = read.lines('audit.log', entries.auditLine)
  return {
    v1,
    registry: registry.entries,
    files,
    locks: locks.entries,
    projects: beside.entries,
    events,
    problems,
    states: { registry: registry.state, locks: locks.state, projects: beside.state },
  }
}

async function sessionFiles(read: Reader, directory: string, options: ReadOptions): Promise<OldSession[]> {
  const names = (namesIn(join(directory, 'sessions')) ?? []).filter((name) => SESSION_FILE.test(name))
  const found: OldSession[] = []
  for (const [at, name] of names.entries()) {
    if (at % STEP === 0) {
      options.progress?.(at, names.length)
      await nextTurn()
      options.signal.throwIfAborted()
    }
    const id = name.slice(0, -'.json'.length)
    for (const session of read.single(`sessions/${name}`, entries.fileSession, id)) {
      if (session.id === id) found.push(session)
      else read.fail({ file: session.file, entry: id }, `it says that it is of "${session.id}"`)
    }
  }
  return found
}

type Parse<E> = (value: unknown, source: Source, now: number) => entries.Parsed<E>

/** Reads old files, and collects what is wrong with them. */
class Reader {
  readonly #directory: string
  readonly #now: number
  readonly #problems: Problem[]

  constructor(directory: string, now: number, problems: Problem[]) {
    this.#directory = directory
    this.#now = now
    this.#problems = problems
  }

  fail(source: Source, reason: string): void {
    this.#problems.push({ ...source, reason })
  }

  /** A file that is one entry, by the name `entry` where that is known. */
  single<E>(file: string, parse: Parse<E>, entry?: string): E[] {
    const limit = file.startsWith('sessions/') ? MAX_SESSION_BYTES : undefined
    const found = readOldFile(join(this.#directory, file), limit)
    const value = this.#json({ file, entry: entry ?? '' }, found)
    return value === undefined || (entry === undefined && entries.isEmptyV1(value))
      ? []
      : this.#entry(value, { file, entry: entry ?? idIn(value, 'sessionId') }, parse)
  }

  /** A file with a list of entries under `name`. */
  list<E>(
    file: string,
    name: string,
    id: string,
    parse: Parse<E>,
    version?: string,
  ): { readonly state: FileState; readonly entries: E[] } {
    const found = readOldFile(join(this.#directory, file))
    if (found.state === 'absent') return { state: 'absent', entries: [] }
    const source = { file, entry: '' }
    const value = this.#json(source, found)
    if (value === undefined) return { state: 'damaged', entries: [] }
    const damaged = (reason: string) => {
      this.fail(source, reason)
      return { state: 'damaged' as const, entries: [] }
    }
    const list = fieldOf(value, name)
    const has = fieldOf(value, 'version')
    if (version !== undefined && has !== version) {
      return damaged(`its version is ${JSON.stringify(has) ?? 'missing'}, not "${version}"`)
    }
    if (!Array.isArray(list)) return damaged(`it has no list "${name}"`)
    const all = list.flatMap((each: unknown, at) => {
      const known = idIn(each, id)
      return this.#entry(each, { file, entry: known === '' ? `#${at + 1}` : known }, parse)
    })
    return { state: 'read', entries: all }
  }

  /** A file with an entry on each line. */
  lines<E>(file: string, parse: Parse<E>): E[] {
    const found = readOldFile(join(this.#directory, file))
    if (found.state === 'absent') return []
    if (found.state === 'damaged') {
      this.fail({ file, entry: '' }, found.problem)
      return []
    }
    return found.text.split('\n').flatMap((line, at) => {
      if (line.trim() === '') return []
      const source = { file, entry: `line ${at + 1}` }
      const value = parseJson(line)
      if (value !== undefined) return this.#entry(value, source, parse)
      this.fail(source, NO_JSON)
      return []
    })
  }

  #json(source: Source, found: OldFile): unknown {
    if (found.state === 'absent') return undefined
    const value = found.state === 'read' ? parseJson(found.text) : undefined
    if (value !== undefined) return value
    this.fail(source, found.state === 'damaged' ? found.problem : NO_JSON)
    return undefined
  }

  #entry<E>(value: unknown, source: Source, parse: Parse<E>): E[] {
    const parsed = parse(value, source, this.#now)
    if ('entry' in parsed) return [parsed.entry]
    this.fail(source, parsed.problem)
    return []
  }
}

const NO_JSON = 'it is not JSON, or only the first part of it'

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined
}

/** The id of an entry, for its name in reports; empty where there is none to show. */
function idIn(value: unknown, field: string): string {
  const id = fieldOf(value, field)
  return typeof id === 'string' && id.length <= 200 ? id : ''
}
