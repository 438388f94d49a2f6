import type { BlobId } from '../domain/record.ts'
import { blobId } from '../git/blobs.ts'
import { decode, encode } from './codec.ts'
import { type RefName, refsAbove, refsCollide } from './ref-names.ts'
import {
  type Change,
  type Commit,
  type Entry,
  nextRev,
  type Query,
  type Snapshot,
  type Store,
  type Watch,
} from './store.ts'

/** A store in memory for tests: the rules of git's refs, without git. */
export class MemoryStore implements Store {
  readonly #blobs = new Map<RefName, Buffer>()
  readonly #nonce: () => string
  readonly #watchers = new Set<{ readonly changed: () => void; attended: ReadonlySet<RefName> }>()

  constructor(nonce: () => string) {
    this.#nonce = nonce
  }

  async read(query: Query): Promise<Snapshot> {
    const wanted = new Set<RefName>((query.above ?? []).flatMap(refsAbove))
    const isWanted = (ref: RefName) =>
      wanted.has(ref) || query.refs.some((root) => ref === root || ref.startsWith(`${root}/`))
    const entries = [...this.#blobs].filter(([ref]) => isWanted(ref)).sort(([a], [b]) => (a < b ? -1 : 1))
    return new Map(entries.map(([ref, bytes]): [RefName, Entry] => [ref, entryOf(ref, bytes)]))
  }

  async refresh(): Promise<boolean> {
    return false
  }

  async commit(changes: readonly Change[]): Promise<Commit> {
    const moved = changes.filter((change) => this.#oid(change.ref) !== (change.from?.oid ?? null))
    const inTheWay = changes
      .filter((change) => change.to !== null && change.from === null)
      .flatMap(({ ref }) => [...this.#blobs.keys()].filter((other) => refsCollide(ref, other)))
    const refs = [...new Set([...moved.map(({ ref }) => ref), ...inTheWay])]
    if (refs.length > 0) return { outcome: 'conflict', refs, landed: new Map() }
    const told = [...this.#watchers].filter((watcher) => changes.some(({ ref }) => watcher.attended.has(ref)))
    const oids = new Map<RefName, BlobId>()
    for (const { ref, from, to } of changes) {
      if (to === null) this.#blobs.delete(ref)
      else this.write(ref, encode(to, { rev: nextRev(from), nonce: this.#nonce() }))
      const oid = this.#oid(ref)
      if (oid !== null) oids.set(ref, oid)
    }
    for (const { changed } of told) changed()
    return { outcome: 'committed', oids }
  }

  watch(changed: () => void): Watch {
    const watcher = { changed, attended: new Set<RefName>() }
    this.#watchers.add(watcher)
    return {
      pauses: { first: 200, longest: 4000 },
      attend: (sessions) => {
        watcher.attended = new Set(sessions)
      },
      close: () => void this.#watchers.delete(watcher),
    }
  }

  /** Puts bytes under a ref as somebody else's write would, sound or not. */
  write(ref: RefName, bytes: Buffer): void {
    this.#blobs.set(ref, bytes)
  }

  #oid(ref: RefName): BlobId | null {
    const bytes = this.#blobs.get(ref)
    return bytes === undefined ? null : blobId('sha1', bytes)
  }
}

function entryOf(ref: RefName, bytes: Buffer): Entry {
  return { ref, oid: blobId('sha1', bytes), content: decode(ref, bytes) }
}
