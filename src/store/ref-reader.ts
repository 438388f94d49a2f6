import { join } from 'node:path'
import type { BlobId } from '../domain/record.ts'
import type { Git } from '../git/exec.ts'
import {
  exactly,
  listRefs,
  type NamedObject,
  type RefBlob,
  readRecordObjects,
  readRefs,
} from '../git/refs.ts'
import { type Decoded, decode } from './codec.ts'
import { type EarlyRead, isOf, readingOf } from './early-read.ts'
import { isRefFile, mentionedRefs, refFilesUnder } from './ref-files.ts'
import type { RefName } from './ref-names.ts'
import type { Entry, Query, Snapshot } from './store.ts'

/** Reads records from a repository's refs, and finds those that git does not show (design §4, §6). */
export class RefReader {
  readonly #git: Git
  readonly #commonDir: string
  #early: EarlyRead | undefined

  /** `early` serves the first read, where that asks for the same. */
  constructor(git: Git, commonDir: string, early?: EarlyRead) {
    this.#git = git
    this.#commonDir = commonDir
    this.#early = early
  }

  /** Forgets what was read early: refs are about to be moved. */
  forgetEarly(): void {
    this.#early = undefined
  }

  async read(query: Query): Promise<Snapshot> {
    const { roots, above } = readingOf(query)
    const early = this.#earlyOf(query)
    const [below, upper] = await Promise.all([
      roots.length === 0 ? [] : this.#readBelow(roots, early?.refs ?? readRefs(this.#git, roots)),
      this.#readAbove(above, early?.objects ?? readRecordObjects(this.#git, above)),
    ])
    const found = new Map<RefName, Entry>()
    for (const part of [upper, below]) for (const entry of part) found.set(entry.ref, entry)
    return found
  }

  /** Refs that git does not list although they have a file: it is empty, cut off, or leads nowhere. */
  async brokenAmong(refs: readonly string[]): Promise<Entry[]> {
    if (refs.length === 0) return []
    // it may have been written since the listing, or deleted
    const listed = new Set((await listRefs(this.#git, refs.map(exactly))).map(({ ref }) => ref))
    const broken = await Promise.all(
      refs.map(async (ref) => !listed.has(ref) && (await isRefFile(this.#commonDir, ref))),
    )
    return refs.filter((_, at) => broken[at]).map((ref) => brokenRef(this.#commonDir, ref as RefName))
  }

  /** What was read early, where it is what `query` asks for; it serves the first read alone. */
  #earlyOf(query: Query): EarlyRead | undefined {
    const early = this.#early
    this.#early = undefined
    return early !== undefined && isOf(early, readingOf(query)) ? early : undefined
  }

  async #readBelow(roots: readonly RefName[], listing: Promise<RefBlob[]>): Promise<Entry[]> {
    const [refs, files] = await Promise.all([listing, refFilesUnder(this.#commonDir, roots)])
    const listed = new Set(refs.map(({ ref }) => ref))
    return [...refs.map(entryOf), ...(await this.brokenAmong(files.filter((ref) => !listed.has(ref))))]
  }

  async #readAbove(refs: readonly RefName[], reading: Promise<(NamedObject | null)[]>): Promise<Entry[]> {
    const objects = await reading
    const read = refs.flatMap((ref, at) => {
      const object = objects[at] ?? null
      return object?.bytes && decode(ref, object.bytes).ok ? [entryOf({ ref, ...object })] : []
    })
    const sound = new Set<string>(read.map(({ ref }) => ref))
    // cat-file says the same of no ref and of a ref without its blob, and takes a branch of that name
    // for the ref: the names tell them apart
    const mentioned = await mentionedRefs(
      this.#commonDir,
      refs.filter((_, at) => objects[at] === null),
    )
    const doubtful = refs.filter((ref, at) => !sound.has(ref) && (objects[at] !== null || mentioned.has(ref)))
    if (doubtful.length === 0) return read
    const named = await listRefs(this.#git, doubtful.map(exactly))
    // what was written since is no damage: it is read by the id that it has now
    const moved = named.filter(({ ref, oid }) => objects[refs.indexOf(ref as RefName)]?.oid !== oid)
    const now = await readRecordObjects(
      this.#git,
      moved.map(({ oid }) => oid),
    )
    const rest = named.map((each) => {
      const { ref, oid } = each
      const at = moved.indexOf(each)
      const object = at < 0 ? objects[refs.indexOf(ref as RefName)] : now[at]
      const { type, bytes } = object ?? { type: null, bytes: null }
      return entryOf({ ref, oid, type, bytes })
    })
    const listed = new Set<string>(named.map(({ ref }) => ref))
    return [...read, ...rest, ...(await this.brokenAmong(doubtful.filter((ref) => !listed.has(ref))))]
  }
}

function entryOf({ ref, oid, type, bytes }: RefBlob): Entry {
  const problem = type === 'blob' ? 'is larger than any record' : `is a ${type} and no blob`
  const none: Decoded = { ok: false, newer: false, problem: type === null ? 'is missing its blob' : problem }
  return { ref: ref as RefName, oid, content: bytes === null ? none : decode(ref as RefName, bytes) }
}

function brokenRef(commonDir: string, ref: RefName): Entry {
  const problem = 'cannot be read: the file of its ref is damaged'
  return {
    ref,
    oid: '' as BlobId,
    content: { ok: false, newer: false, problem, file: join(commonDir, ref) },
  }
}
