import { dirname, join } from 'node:path'
import type { BlobId } from '../domain/record.ts'
import { blobId } from '../git/blobs.ts'
import type { Git } from '../git/exec.ts'
import { type Durability, exactly, listRefs, type RefUpdate, updateRefs } from '../git/refs.ts'
import type { Repository } from '../git/repository.ts'
import { encode } from './codec.ts'
import { corrupt, corruptFile } from './damage.ts'
import type { EarlyRead } from './early-read.ts'
import { clearStaleLocks } from './lock-files.ts'
import { refuseFull } from './no-space.ts'
import { RecordBlobs } from './record-blobs.ts'
import { anyRefFile, isRefFile, refFilesUnder, syncDirectory } from './ref-files.ts'
import { type RefName, refsAbove, refsCollide } from './ref-names.ts'
import { RefReader } from './ref-reader.ts'
import { RefWatch } from './ref-watch.ts'
import { busy, refuseReadOnly } from './refused-write.ts'
import {
  type Change,
  type Commit,
  type CommitOptions,
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

/** Changes as they will stand in the refs, and the blobs that they need. */
export interface Staged {
  readonly updates: readonly (RefUpdate & { readonly ref: RefName })[]
  readonly bodies: readonly Buffer[]
}

/** How long a lock file in the way is waited for (design §6), in milliseconds. */
const PATIENCE = 5000
const FIRST_PAUSE = 10
const LONGEST_PAUSE = 400

/** Records in the refs of a git repository. */
export class GitStore implements Store {
  readonly #git: Git
  readonly #repository: Repository
  readonly #runtime: StoreRuntime
  readonly #reader: RefReader
  readonly #blobs: RecordBlobs

  /** `early` is a listing that was started before; it serves the first read, where that asks for the same. */
  constructor(git: Git, repository: Repository, runtime: StoreRuntime, early?: EarlyRead) {
    this.#git = git
    this.#repository = repository
    this.#runtime = runtime
    this.#reader = new RefReader(git, repository.commonDir, early)
    this.#blobs = new RecordBlobs(git, repository)
  }

  async read(query: Query): Promise<Snapshot> {
    return this.#reader.read(query)
  }

  watch(changed: () => void): Watch {
    return new RefWatch(this.#repository.commonDir, changed)
  }

  /** Records come from nowhere else: what is read is as fresh as it gets. */
  async refresh(): Promise<boolean> {
    return false
  }

  async commit(changes: readonly Change[], options: CommitOptions = {}): Promise<Commit> {
    const staged = this.stage(changes)
    const { branch } = options
    const created = branch === undefined ? [] : [{ ref: branch.ref, from: null, to: branch.at as BlobId }]
    return this.move([...staged.updates, ...created], staged.bodies, options)
  }

  /** Encodes what `changes` write, and names the blobs, without writing anything. */
  stage(changes: readonly Change[]): Staged {
    const blobs = changes.map(({ from, to }) =>
      to === null ? null : encode(to, { rev: nextRev(from), nonce: this.#runtime.nonce() }),
    )
    const updates = changes.map(({ ref, from }, at): Staged['updates'][number] => {
      const blob = blobs[at] ?? null
      const to = blob === null ? null : blobId(this.#repository.objectFormat, blob)
      return { ref, from: from?.oid ?? null, to }
    })
    return { updates, bodies: blobs.filter((blob) => blob !== null) }
  }

  /** Writes blobs that no ref points at yet. */
  async write(bodies: readonly Buffer[]): Promise<void> {
    await this.#blobs.write(bodies)
  }

  /** One transaction over refs whose next values are known; `bodies` are the blobs that it needs. */
  async move(
    updates: readonly RefUpdate[],
    bodies: readonly Buffer[] = [],
    options: MoveOptions = {},
  ): Promise<Commit> {
    return (await this.moveThen(updates, [], bodies, options)).commit
  }

  /**
   * {@link move}, and then, in a second transaction, `then`, without a second process. Whether that one
   * `followed`: where it did not, it is to be tried by itself.
   */
  async moveThen(
    updates: readonly RefUpdate[],
    then: readonly RefUpdate[],
    bodies: readonly Buffer[] = [],
    options: MoveOptions = {},
  ): Promise<Moved> {
    this.#reader.forgetEarly()
    const { patience = PATIENCE, durability = 'each', isWritten = false, progress } = options
    const oids = oidsOf(updates)
    const deadline = this.#runtime.elapsed() + patience
    const records = { bodies, oids, durability, isWritten, ...(progress && { progress }) }
    return this.#apply(updates, then, records, deadline)
  }

  /** The conflict rule of design §6: after a failure, what the refs say decides, never what git said. */
  async #apply(
    updates: readonly RefUpdate[],
    then: readonly RefUpdate[],
    records: Records,
    deadline: number,
  ): Promise<Moved> {
    const { bodies, oids, durability } = records
    const done: Commit = { outcome: 'committed', oids }
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const { committed, followed, said } = await this.#attempt(updates, then, records)
      if (committed) {
        await this.#blobs.restore(bodies)
        if (durability === 'together') await this.#toDisk(updates, then)
        return { commit: done, followed }
      }
      const found = await this.#lineOf(updates)
      if (isAllThere(updates, found)) return { commit: done, followed: then.length === 0 }
      const refs = [...inConflict(updates, found), ...(await this.#takenBranches(updates, found))]
      if (refs.length > 0) {
        return {
          commit: { outcome: 'conflict', refs, landed: landedIn(updates, found) },
          followed: false,
        }
      }
      const { commonDir } = this.#repository
      const locks = await clearStaleLocks(
        commonDir,
        updates.map(({ ref }) => ref),
        this.#runtime.fileClock(),
      )
      if (locks.removed.length > 0) continue
      await refuseReadOnly(
        commonDir,
        said,
        updates.map(({ ref }) => ref),
      )
      await refuseFull(commonDir, updates.length, said)
      if (locks.present.length === 0) await this.#refuseBroken(updates, found)
      this.#runtime.signal.throwIfAborted()
      if (this.#runtime.elapsed() >= deadline) throw busy(commonDir, locks.present, said)
      await this.#runtime.sleep(pause * (0.5 + this.#runtime.random()))
    }
  }

  /** What was written out gets past the disk's own cache with the last of it: a file system's log is in order. */
  async #toDisk(updates: readonly RefUpdate[], then: readonly RefUpdate[]): Promise<void> {
    const { commonDir } = this.#repository
    const last = then.at(-1) ?? updates.at(-1)
    const places = [...(last === undefined ? [] : [dirname(last.ref)]), 'reftable']
    for (const place of places) if (await syncDirectory(join(commonDir, place))) return
  }

  async #attempt(updates: readonly RefUpdate[], then: readonly RefUpdate[], records: Records) {
    const { bodies, durability, isWritten, progress } = records
    // looked for, or written again, at each try: a prune beside us may have taken them
    if (isWritten) await this.#blobs.restore(bodies)
    else await this.#blobs.write(bodies, progress)
    // git itself would write over a symbolic ref that leads nowhere
    const created = updates.filter(({ from }) => from === null).map(({ ref }) => ref)
    if (anyRefFile(this.#repository.commonDir, created)) {
      return { committed: false, followed: false, said: 'a ref that is to be created has a file already' }
    }
    return updateRefs(this.#git, updates, { durability, then })
  }

  /** Throws DW_CORRUPT_STATE where git does not list one of `refs`, which were these blobs, although it has a file. */
  async refuseBrokenAmong(refs: ReadonlyMap<RefName, BlobId>): Promise<void> {
    const { commonDir } = this.#repository
    const names = [...refs.keys()]
    const isFile = await Promise.all(names.map((ref) => isRefFile(commonDir, ref)))
    const [broken] = await this.#reader.brokenAmong(names.filter((_, at) => isFile[at]))
    if (broken === undefined) return
    const { ref } = broken
    const oid = refs.get(ref)
    throw oid === undefined ? corrupt(broken) : corruptFile(join(commonDir, ref), ref, oid)
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
    const [broken] = await this.#reader.brokenAmong(files.filter((ref) => !found.has(ref)))
    if (broken !== undefined) throw corrupt(broken)
  }
}

/** How a transaction of known values is made. */
interface MoveOptions extends CommitOptions {
  readonly durability?: Durability
  /** The blobs were written before: they are only looked for. */
  readonly isWritten?: boolean
}

/** What became of a transaction, and whether the one after it was made, too. */
interface Moved {
  readonly commit: Commit
  readonly followed: boolean
}

/** The records of a transaction, as they are written. */
interface Records {
  readonly bodies: readonly Buffer[]
  readonly oids: ReadonlyMap<RefName, BlobId>
  readonly durability: Durability
  readonly isWritten: boolean
  readonly progress?: (written: number) => void
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

/** The refs that a transaction does not delete, with their blobs. */
export function oidsOf(updates: readonly RefUpdate[]): Map<RefName, BlobId> {
  return new Map(updates.flatMap(({ ref, to }) => (to === null ? [] : [[ref as RefName, to]])))
}
