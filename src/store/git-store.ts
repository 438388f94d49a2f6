import { access, constants, lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import type { BlobId } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
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
import { clearStaleLocks } from './lock-files.ts'
import { type RefName, refsAbove, refsCollide } from './ref-names.ts'
import {
  type Change,
  type Commit,
  type CommitOptions,
  type Entry,
  nextRev,
  type Query,
  type Snapshot,
  type Store,
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
  /** Refs that stood in the way of a write by name; their blob may be missing. */
  readonly #seenByName = new Set<string>()

  constructor(git: Git, repository: Repository, runtime: StoreRuntime) {
    this.#git = git
    this.#repository = repository
    this.#runtime = runtime
  }

  async read(query: Query): Promise<Snapshot> {
    const above = [...new Set((query.above ?? []).flatMap(refsAbove))]
    const [below, upper] = await Promise.all([
      query.refs.length === 0 ? [] : readRefs(this.#git, query.refs),
      this.#readAbove(above),
    ])
    return new Map([...upper, ...below].map((blob) => [blob.ref as RefName, entryOf(blob)]))
  }

  /** Records come from nowhere else: what is read is as fresh as it gets. */
  async refresh(): Promise<boolean> {
    return false
  }

  async #readAbove(refs: readonly RefName[]): Promise<RefBlob[]> {
    const objects = await readObjects(this.#git, refs)
    const read = refs.flatMap((ref, at) => {
      const { oid, bytes = null } = objects[at] ?? {}
      return oid !== undefined && bytes !== null && decode(ref, bytes).ok ? [{ ref, oid, bytes }] : []
    })
    const sound = new Set<string>(read.map(({ ref }) => ref))
    const doubtful = refs.filter(
      (ref, at) => !sound.has(ref) && (objects[at] !== null || this.#seenByName.has(ref)),
    )
    if (doubtful.length === 0) return read
    // cat-file says the same of no ref and of a ref without its blob, and takes a branch of that name
    // for the ref: the names tell them apart
    const named = await listRefs(this.#git, doubtful.map(exactly))
    const rest = named.map(({ ref, oid }) => {
      const object = objects[refs.indexOf(ref as RefName)] ?? null
      return { ref, oid, bytes: object?.oid === oid ? object.bytes : null }
    })
    return [...read, ...rest]
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
    try {
      await writeBlobs(this.#git, this.#repository.objectFormat, bodies)
    } catch (error) {
      if (error instanceof DwError) await this.#refuseReadOnly(error.message)
      throw error
    }
  }

  /** One transaction over refs whose next values are known; `bodies` are the blobs that it needs. */
  async move(
    updates: readonly RefUpdate[],
    bodies: readonly Buffer[] = [],
    options: CommitOptions & { readonly durable?: boolean } = {},
  ): Promise<Commit> {
    const { patience = PATIENCE, durable = true } = options
    const oids = new Map(updates.flatMap(({ ref, to }) => (to === null ? [] : [[ref as RefName, to]])))
    return this.#apply(updates, bodies, oids, { deadline: this.#runtime.elapsed() + patience, durable })
  }

  /** The conflict rule of design §6: after a failure, what the refs say decides, never what git said. */
  async #apply(
    updates: readonly RefUpdate[],
    bodies: readonly Buffer[],
    oids: ReadonlyMap<RefName, BlobId>,
    { deadline, durable }: { readonly deadline: number; readonly durable: boolean },
  ): Promise<Commit> {
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      const failure = await this.#attempt(updates, bodies, durable)
      if (failure === null) return { outcome: 'committed', oids }
      const found = await this.#lineOf(updates)
      if (isAllThere(updates, found)) return { outcome: 'committed', oids }
      const refs = inConflict(updates, found)
      if (refs.length > 0) return { outcome: 'conflict', refs, landed: landedIn(updates, found) }
      const { commonDir } = this.#repository
      const locks = await clearStaleLocks(
        commonDir,
        updates.map(({ ref }) => ref),
        this.#runtime.fileClock(),
      )
      if (locks.removed.length > 0) continue
      await this.#refuseReadOnly(failure)
      if (locks.present.length === 0) await this.#refuseBroken(updates, found)
      this.#runtime.signal.throwIfAborted()
      if (this.#runtime.elapsed() >= deadline) throw busy(commonDir, locks.present, failure)
      await this.#runtime.sleep(pause * (0.5 + this.#runtime.random()))
    }
  }

  async #attempt(
    updates: readonly RefUpdate[],
    bodies: readonly Buffer[],
    durable: boolean,
  ): Promise<string | null> {
    // written again at each try: a prune beside us may have taken them
    await this.write(bodies)
    const result = await updateRefs(this.#git, updates, { durable })
    return result.status === 0 ? null : result.stderr
  }

  /** The refs of `updates` and all that could stand in their way, by name only, so damage cannot hide them. */
  async #lineOf(updates: readonly RefUpdate[]): Promise<Map<string, BlobId>> {
    const refs = updates.map(({ ref }) => ref as RefName)
    const created = updates.filter(({ to }) => to !== null).map(({ ref }) => ref as RefName)
    const above = [...new Set(created.flatMap(refsAbove))].map(exactly)
    const found = new Map((await listRefs(this.#git, [...refs, ...above])).map(({ ref, oid }) => [ref, oid]))
    for (const ref of found.keys()) this.#seenByName.add(ref)
    return found
  }

  /** A ref's file that is there although git lists no such ref: a crash left it empty or cut off. */
  async #refuseBroken(updates: readonly RefUpdate[], found: ReadonlyMap<string, BlobId>): Promise<void> {
    const line = updates.flatMap(({ ref }) => [...refsAbove(ref as RefName), ref])
    for (const ref of new Set(line)) {
      const path = join(this.#repository.commonDir, ref)
      const file = await lstat(path).catch(() => null)
      if (found.has(ref) || !file?.isFile()) continue
      // it may have been written since the listing
      if ((await listRefs(this.#git, [exactly(ref)])).length > 0) continue
      throw new DwError('DW_CORRUPT_STATE', `the ref "${ref}" is damaged: git cannot read its file`, {
        hints: [`look at it, and if nobody needs it remove it: rm ${shellWord(path)}`],
        details: { ref, path },
      })
    }
  }

  async #refuseReadOnly(cause: string): Promise<void> {
    const { commonDir } = this.#repository
    for (const name of ['', 'objects', 'refs', 'refs/dw']) {
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

function entryOf({ ref, oid, bytes }: RefBlob): Entry {
  const missing: Decoded = { ok: false, newer: false, problem: 'is missing its blob' }
  return { ref: ref as RefName, oid, content: bytes === null ? missing : decode(ref as RefName, bytes) }
}
