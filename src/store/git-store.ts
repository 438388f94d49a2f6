import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import type { BlobId } from '../domain/record.ts'
import { blobId, writeBlobs } from '../git/blobs.ts'
import type { Git } from '../git/exec.ts'
import {
  exactly,
  listRefs,
  type RefBlob,
  type RefUpdate,
  readObjects,
  readRefs,
  updateRefs,
} from '../git/refs.ts'
import type { Repository } from '../git/repository.ts'
import { type Decoded, decode, encode } from './codec.ts'
import { corrupt } from './damage.ts'
import { clearStaleLocks } from './lock-files.ts'
import { isRefFile, mentionedRefs, refFilesUnder } from './ref-files.ts'
import { type RefName, refsAbove, refsCollide } from './ref-names.ts'
import { RefWatch } from './ref-watch.ts'
import {
  type Change,
  type Commit,
  type CommitOptions,
  type Entry,
  nextRev,
  type Query,
  type Snapshot,
  type Store,
  type Watch,
} from './store.ts'

/** What the store needs of its surroundings. */
export interface StoreRuntime {
  /** Milliseconds since the epoch; only differences count. */
  readonly elapsed: () => number
  /** The wall clock of the file system, in milliseconds since the epoch. */
  readonly fileClock: () => number
  readonly sleep: (milliseconds: number) => Promise<void>
  /** A fraction from 0 up to 1. */
  readonly random: () => number
  /** A new random word. */
  readonly nonce: () => string
  /** Aborted when the user interrupts: nothing is waited for any more. */
  readonly signal: AbortSignal
}

/** How long a lock file in the way is waited for (design §6), in milliseconds. */
const PATIENCE = 5000
const FIRST_PAUSE = 10
const LONGEST_PAUSE = 400

/** Records that are written at once while somebody watches. */
const WATCHED_STEP = 40

/** Records in the refs of a git repository. */
export class GitStore implements Store {
  readonly #git: Git
  readonly #repository: Repository
  readonly #runtime: StoreRuntime

  constructor(git: Git, repository: Repository, runtime: StoreRuntime) {
    this.#git = git
    this.#repository = repository
    this.#runtime = runtime
  }

  async read(query: Query): Promise<Snapshot> {
    const above = [...new Set((query.above ?? []).flatMap(refsAbove))]
    const [below, upper] = await Promise.all([
      query.refs.length === 0 ? [] : this.#readBelow(query.refs),
      this.#readAbove(above),
    ])
    return new Map([...upper, ...below].map((entry) => [entry.ref, entry]))
  }

  watch(changed: () => void): Watch {
    return new RefWatch(this.#repository.commonDir, changed)
  }

  async #readBelow(roots: readonly RefName[]): Promise<Entry[]> {
    const [refs, files] = await Promise.all([
      readRefs(this.#git, roots),
      refFilesUnder(this.#repository.commonDir, roots),
    ])
    const listed = new Set(refs.map(({ ref }) => ref))
    return [...refs.map(entryOf), ...(await this.#brokenAmong(files.filter((ref) => !listed.has(ref))))]
  }

  /** Refs that git does not list although they have a file: it is empty, cut off, or leads nowhere. */
  async #brokenAmong(refs: readonly string[]): Promise<Entry[]> {
    if (refs.length === 0) return []
    const { commonDir } = this.#repository
    // it may have been written since the listing, or deleted
    const listed = new Set((await listRefs(this.#git, refs.map(exactly))).map(({ ref }) => ref))
    const broken = await Promise.all(
      refs.map(async (ref) => !listed.has(ref) && (await isRefFile(commonDir, ref))),
    )
    return refs.filter((_, at) => broken[at]).map((ref) => brokenRef(commonDir, ref as RefName))
  }

  async #readAbove(refs: readonly RefName[]): Promise<Entry[]> {
    const objects = await readObjects(this.#git, refs)
    const read = refs.flatMap((ref, at) => {
      const object = objects[at] ?? null
      return object?.bytes && decode(ref, object.bytes).ok ? [entryOf({ ref, ...object })] : []
    })
    const sound = new Set<string>(read.map(({ ref }) => ref))
    // cat-file says the same of no ref and of a ref without its blob, and takes a branch of that name
    // for the ref: the names tell them apart
    const mentioned = await mentionedRefs(
      this.#repository.commonDir,
      refs.filter((_, at) => objects[at] === null),
    )
    const doubtful = refs.filter((ref, at) => !sound.has(ref) && (objects[at] !== null || mentioned.has(ref)))
    if (doubtful.length === 0) return read
    const named = await listRefs(this.#git, doubtful.map(exactly))
    const rest = named.map(({ ref, oid }) => {
      const object = objects[refs.indexOf(ref as RefName)] ?? null
      const { type, bytes } = object?.oid === oid ? object : { type: null, bytes: null }
      return entryOf({ ref, oid, type, bytes })
    })
    const listed = new Set<string>(named.map(({ ref }) => ref))
    return [...read, ...rest, ...(await this.#brokenAmong(doubtful.filter((ref) => !listed.has(ref))))]
  }

  async commit(changes: readonly Change[], options: CommitOptions = {}): Promise<Commit> {
    const blobs = changes.map(({ from, to }) =>
      to === null ? null : encode(to, { rev: nextRev(from), nonce: this.#runtime.nonce() }),
    )
    const updates = changes.map(({ ref, from }, at): RefUpdate => {
      const blob = blobs[at] ?? null
      const to = blob === null ? null : blobId(this.#repository.objectFormat, blob)
      return { ref, from: from?.oid ?? null, to }
    })
    const bodies = blobs.filter((blob) => blob !== null)
    const oids = new Map(updates.flatMap(({ ref, to }) => (to === null ? [] : [[ref as RefName, to]])))
    const { branch, patience = PATIENCE, progress } = options
    if (branch !== undefined) updates.push({ ref: branch.ref, from: null, to: branch.at as BlobId })
    const write = async () => this.#write(bodies, progress)
    return this.#apply(updates, write, oids, this.#runtime.elapsed() + patience)
  }

  /** The conflict rule of design §6: after a failure, what the refs say decides, never what git said. */
  async #apply(
    updates: readonly RefUpdate[],
    write: () => Promise<void>,
    oids: ReadonlyMap<RefName, BlobId>,
    deadline: number,
  ): Promise<Commit> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const failure = await this.#attempt(updates, write)
      if (failure === null) return { outcome: 'committed', oids }
      const found = await this.#lineOf(updates)
      if (isAllThere(updates, found)) return { outcome: 'committed', oids }
      const refs = [...inConflict(updates, found), ...(await this.#takenBranches(updates, found))]
      if (refs.length > 0) return { outcome: 'conflict', refs, landed: landedIn(updates, found) }
      const { commonDir } = this.#repository
      const locks = await clearStaleLocks(
        commonDir,
        updates.map(({ ref }) => ref),
        this.#runtime.fileClock(),
      )
      if (locks.removed.length > 0) continue
      await this.#refuseReadOnly(
        failure,
        updates.map(({ ref }) => ref),
      )
      if (locks.present.length === 0) await this.#refuseBroken(updates, found)
      this.#runtime.signal.throwIfAborted()
      if (this.#runtime.elapsed() >= deadline) throw busy(commonDir, locks.present, failure)
      await this.#runtime.sleep(pause * (0.5 + this.#runtime.random()))
    }
  }

  async #write(bodies: readonly Buffer[], progress?: (written: number) => void): Promise<void> {
    const step = progress === undefined ? bodies.length : WATCHED_STEP
    for (let at = 0; at < bodies.length; at += step) {
      await writeBlobs(this.#git, this.#repository.objectFormat, bodies.slice(at, at + step))
      progress?.(Math.min(at + step, bodies.length))
    }
  }

  async #attempt(updates: readonly RefUpdate[], write: () => Promise<void>): Promise<string | null> {
    try {
      // written again at each try: a prune beside us may have taken them
      await write()
    } catch (error) {
      if (error instanceof DwError) await this.#refuseReadOnly(error.message)
      throw error
    }
    // git itself would write over a symbolic ref that leads nowhere
    const created = updates.filter(({ from }) => from === null).map(({ ref }) => ref)
    const taken = await Promise.all(created.map((ref) => isRefFile(this.#repository.commonDir, ref)))
    if (taken.includes(true)) return 'a ref that is to be created has a file already'
    const result = await updateRefs(this.#git, updates)
    return result.status === 0 ? null : result.stderr
  }

  /** Branches to be created whose name has a file that git lists no branch for: they are the user's. */
  async #takenBranches(updates: readonly RefUpdate[], found: ReadonlyMap<string, BlobId>): Promise<string[]> {
    const unlisted = updates.filter(({ ref }) => ref.startsWith('refs/heads/') && !found.has(ref))
    const refs = unlisted.map(({ ref }) => ref)
    const files = await Promise.all(refs.map((ref) => isRefFile(this.#repository.commonDir, ref)))
    return refs.filter((_, at) => files[at])
  }

  /** The refs of `updates` and all that could stand in their way, by name only, so damage cannot hide them. */
  async #lineOf(updates: readonly RefUpdate[]): Promise<Map<string, BlobId>> {
    const refs = updates.map(({ ref }) => ref as RefName)
    const created = updates.filter(({ to }) => to !== null).map(({ ref }) => ref as RefName)
    const above = [...new Set(created.flatMap(refsAbove))].map(exactly)
    return new Map((await listRefs(this.#git, [...refs, ...above])).map(({ ref, oid }) => [ref, oid]))
  }

  /** DW_CORRUPT_STATE for a ref's file on the line of `updates` that git itself cannot read. */
  async #refuseBroken(updates: readonly RefUpdate[], found: ReadonlyMap<string, BlobId>): Promise<void> {
    const { commonDir } = this.#repository
    const refs = updates.map(({ ref }) => ref as RefName)
    const above = [...new Set(refs.flatMap(refsAbove))]
    const isFile = await Promise.all(above.map((ref) => isRefFile(commonDir, ref)))
    const files = [...above.filter((_, at) => isFile[at]), ...(await refFilesUnder(commonDir, refs))]
    const [broken] = await this.#brokenAmong(files.filter((ref) => !found.has(ref)))
    if (broken !== undefined) throw corrupt(broken)
  }

  async #refuseReadOnly(cause: string, refs: readonly string[] = []): Promise<void> {
    const { commonDir } = this.#repository
    for (const name of ['', 'objects', 'refs', 'refs/dw', ...directoriesOf(refs)]) {
      const writable = await access(join(commonDir, name), constants.W_OK).then(
        () => true,
        (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
      )
      if (writable) continue
      throw new DwError('DW_READONLY', `"${join(commonDir, name)}" cannot be written by this user`, {
        cause,
        hints: ['see whose it is with: ls -ld', 'reading commands work all the same: git dw status'],
      })
    }
  }
}

/** The directories that hold the files of `refs`, the highest first. */
function directoriesOf(refs: readonly string[]): Set<string> {
  return new Set(refs.flatMap((ref) => refsAbove(ref as RefName)).sort())
}

/** What a transaction wrote before git found it could not finish: two that collide are seen late (design §3). */
function landedIn(updates: readonly RefUpdate[], found: ReadonlyMap<string, BlobId>): Map<RefName, BlobId> {
  const landed = updates.flatMap(({ ref, to }): [RefName, BlobId][] =>
    to !== null && found.get(ref) === to ? [[ref as RefName, to]] : [],
  )
  return new Map(landed)
}

/** Whether the transaction landed though git did not say so; fresh blobs are the proof, so there must be one. */
function isAllThere(updates: readonly RefUpdate[], found: ReadonlyMap<string, BlobId>): boolean {
  const landed = ({ ref, to }: RefUpdate) => (found.get(ref) ?? null) === to
  return updates.every(landed) && updates.some(({ to }) => to !== null)
}

function inConflict(updates: readonly RefUpdate[], found: ReadonlyMap<string, BlobId>): string[] {
  const moved = updates.filter(({ ref, from }) => (found.get(ref) ?? null) !== from).map(({ ref }) => ref)
  const created = updates.filter(({ from, to }) => from === null && to !== null)
  const inTheWay = [...found.keys()].filter((ref) => created.some((update) => refsCollide(ref, update.ref)))
  return [...new Set([...moved, ...inTheWay])]
}

function busy(commonDir: string, lockFiles: readonly string[], cause: string): DwError {
  const named = lockFiles.map((name) => `"${commonDir}/${name}"`).join(', ')
  return new DwError(
    'DW_BUSY',
    `the refs could not be written${named === '' ? '' : `: ${named} is in the way`}`,
    {
      hints:
        named === ''
          ? ['try again', 'if it stays, look for damage with: git fsck']
          : ['try again; remove the file only if no git process is running'],
      details: { lockFiles },
      cause,
    },
  )
}

function entryOf({ ref, oid, type, bytes }: RefBlob): Entry {
  const problem = type === null ? 'is missing its blob' : `is a ${type} and no blob`
  const none: Decoded = { ok: false, newer: false, problem }
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
