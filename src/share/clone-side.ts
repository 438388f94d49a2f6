import type { BlobId } from '../domain/record.ts'
import type { Git } from '../git/exec.ts'
import { listRefs, type RefUpdate, readObjects } from '../git/refs.ts'
import { type Decoded, type DwRecord, decode } from '../store/codec.ts'
import type { GitStore } from '../store/git-store.ts'
import { type RefName, refsCollide } from '../store/ref-names.ts'
import type { Entry } from '../store/store.ts'
import { type RemoteRefs, recordOf, twinOf } from './remote-refs.ts'
import type { ReadSide, View } from './views.ts'

/** One ref to move here, and what must stay together with it. */
export interface Move extends RefUpdate {
  /** Moves that share one of these are made together or not at all. */
  readonly groups: readonly string[]
}

/** The most refs of one transaction that are each synced to disk. */
const MOST_DURABLE = 100

/** This clone's refs of one remote: reading base, local and seen, and moving them by compare-and-swap. */
export class CloneSide {
  readonly #git: Git
  readonly #refs: RemoteRefs
  readonly store: GitStore

  constructor(git: Git, store: GitStore, refs: RemoteRefs) {
    this.#git = git
    this.store = store
    this.#refs = refs
  }

  /** The base and the local value of `refs`, each with what is below it; base is read first. */
  async values(refs: readonly RefName[]): Promise<{ base: Values; local: Values }> {
    // a sync moves local first and base after it: a base read first is never ahead of the local value
    const base = await this.#twins(this.#refs.base, refs)
    const local = new Map((await listRefs(this.#git, refs)).map(({ ref, oid }) => [ref as RefName, oid]))
    return { base, local }
  }

  async #twins(root: string, refs: readonly RefName[]): Promise<Values> {
    const found = await listRefs(
      this.#git,
      refs.map((ref) => twinOf(root, ref)),
    )
    return new Map(
      found.flatMap(({ ref, oid }): [RefName, BlobId][] => {
        const record = recordOf(root, ref)
        return record === null ? [] : [[record, oid]]
      }),
    )
  }

  /** Everything: what was agreed on, and what stands here. */
  async all(): Promise<{ base: Values; local: Values }> {
    const found = await listRefs(this.#git, [this.#refs.base, 'refs/dw'])
    const base = new Map<RefName, BlobId>()
    const local = new Map<RefName, BlobId>()
    for (const { ref, oid } of found) {
      const record = recordOf(this.#refs.base, ref)
      if (record !== null) base.set(record, oid)
      else local.set(ref as RefName, oid)
    }
    return { base, local }
  }

  /** What the last fetch found. */
  async seen(): Promise<Values> {
    const found = await listRefs(this.#git, [this.#refs.seen])
    return new Map(
      found.flatMap(({ ref, oid }): [RefName, BlobId][] => {
        const record = recordOf(this.#refs.seen, ref)
        return record === null ? [] : [[record, oid]]
      }),
    )
  }

  /** Reads records by object id, in one process. */
  async records(wanted: readonly { readonly ref: RefName; readonly oid: BlobId }[]): Promise<Records> {
    const byOid = new Map(wanted.map((each) => [each.oid, each]))
    const list = [...byOid.values()]
    const objects = await readObjects(
      this.#git,
      list.map(({ oid }) => oid),
    )
    const decoded = list.map(({ ref, oid }, at): [BlobId, Decoded] => {
      const bytes = objects[at]?.bytes ?? null
      return [oid, bytes === null ? missing : decode(ref, bytes)]
    })
    return new Records(new Map(decoded))
  }

  /** The base twin of a record's ref. */
  baseOf(ref: RefName): string {
    return twinOf(this.#refs.base, ref)
  }

  /**
   * Moves all of `moves` that still stand where they were; a group in which one has moved waits. What git
   * cannot flip in one transaction takes two (design §3). Returns the refs that wait.
   */
  async move(moves: readonly Move[], bodies: readonly Buffer[] = []): Promise<Set<string>> {
    const waiting = new Set<string>()
    const gone = moves.filter(({ to }) => to === null).map(({ ref }) => ref)
    const isFlip = flipsOf(gone)
    const first = moves.filter(({ ref, to }) => to === null || !isFlip(ref))
    const second = moves.filter(({ ref, to }) => to !== null && isFlip(ref))
    for (const part of [first, second]) await this.#movePart(part, bodies, waiting)
    return waiting
  }

  async #movePart(part: readonly Move[], bodies: readonly Buffer[], waiting: Set<string>): Promise<void> {
    const groups = new Set(part.filter(({ ref }) => waiting.has(ref)).flatMap((each) => each.groups))
    for (let rest = without(part, groups, waiting); rest.length > 0; ) {
      // what many refs take here stands at the arbiter, too, and syncing each to disk takes seconds
      const commit = await this.store.move(rest, bodies, { durable: rest.length <= MOST_DURABLE })
      if (commit.outcome === 'committed') return
      const moved = rest.filter(({ ref }) => commit.refs.some((other) => refsCollide(ref, other)))
      for (const { ref } of moved) waiting.add(ref)
      const more = new Set(moved.flatMap((each) => each.groups))
      const fewer = without(rest, more, waiting)
      // a conflict that names none of ours would come again and again
      if (fewer.length === rest.length) {
        for (const { ref } of rest) waiting.add(ref)
        return
      }
      rest = fewer
    }
  }
}

/** Object ids by the record's ref. */
export type Values = ReadonlyMap<RefName, BlobId>

const missing: Decoded = { ok: false, newer: false, problem: 'is missing its blob' }

/** Records that were read by object id. */
export class Records {
  readonly #decoded: ReadonlyMap<BlobId, Decoded>

  constructor(decoded: ReadonlyMap<BlobId, Decoded>) {
    this.#decoded = decoded
  }

  get(oid: BlobId): DwRecord | null {
    const found = this.#decoded.get(oid)
    return found?.ok ? found.record : null
  }

  entry(ref: RefName, oid: BlobId | null): Entry | null {
    return oid === null ? null : { ref, oid, content: this.#decoded.get(oid) ?? missing }
  }

  /** For {@link planSync}. */
  get readSide(): ReadSide {
    return (view: View, side) => {
      const oid = view[side]
      return oid === null ? null : this.get(oid)
    }
  }
}

/** Whether a ref cannot be created beside the deletion of one of `gone`. */
function flipsOf(gone: readonly string[]): (ref: string) => boolean {
  const names = new Set(gone)
  const above = new Set(gone.flatMap(parents))
  return (ref) => above.has(ref) || parents(ref).some((each) => names.has(each))
}

function parents(ref: string): string[] {
  const parts = ref.split('/')
  return parts.slice(1, -1).map((_, at) => parts.slice(0, at + 2).join('/'))
}

/** `moves` without those that wait, and without all that belong together with these. */
function without(moves: readonly Move[], groups: Set<string>, waiting: Set<string>): Move[] {
  for (let grew = true; grew; ) {
    grew = false
    for (const { ref, groups: own } of moves) {
      if (!waiting.has(ref) && !own.some((group) => groups.has(group))) continue
      if (waiting.has(ref) && own.every((group) => groups.has(group))) continue
      waiting.add(ref)
      for (const group of own) groups.add(group)
      grew = true
    }
  }
  return moves.filter(({ ref }) => !waiting.has(ref))
}
