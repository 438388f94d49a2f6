import type { BlobId } from '../domain/record.ts'
import type { Git } from '../git/exec.ts'
import { fitOneListing, listRefs, type RefUpdate, readRecordObjects } from '../git/refs.ts'
import { type Decoded, type DwRecord, decode } from '../store/codec.ts'
import type { GitStore } from '../store/git-store.ts'
import { type RefName, refsCollide } from '../store/ref-names.ts'
import type { Entry } from '../store/store.ts'
import { type RemoteRefs, recordOf, twinOf } from './remote-refs.ts'
import { bound, inParts } from './together.ts'
import type { ReadSide, View } from './views.ts'

/** One ref to move here, and what must stay together with it. */
export interface Move extends RefUpdate {
  /** Moves that share one of these are made together or not at all. */
  readonly groups: readonly string[]
}

/** One ref that follows the arbiter: what stands here, then what was agreed on. */
export interface Step {
  readonly ref: RefName
  readonly groups: readonly string[]
  readonly local: Pick<RefUpdate, 'from' | 'to'>
  readonly base: Pick<RefUpdate, 'from' | 'to'>
}

/** What moves here stands at the arbiter, or is about to: it is synced to disk all at once. */
const DURABILITY = 'together'
/** The most refs of one transaction, where their groups allow it: a slow disk takes 20 ms for each. */
const MOST_AT_ONCE = 250
/** Transactions that run side by side; those that delete refs would wait for each other at packed-refs. */
const LANES = 2

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
    const twins = refs.map((ref) => twinOf(this.#refs.base, ref))
    if (fitOneListing([...twins, ...refs])) return this.#both([...twins, ...refs])
    const { base } = await this.#both(twins)
    return { base, local: (await this.#both(refs)).local }
  }

  /** Everything: what was agreed on, and what stands here. */
  async all(): Promise<{ base: Values; local: Values }> {
    return this.#both([this.#refs.base, 'refs/dw'])
  }

  /** One listing: git reads refs by their names, `refs/dw-local/` and with it base before `refs/dw/`. */
  async #both(patterns: readonly string[]): Promise<{ base: Values; local: Values }> {
    const base = new Map<RefName, BlobId>()
    const local = new Map<RefName, BlobId>()
    for (const { ref, oid } of await listRefs(this.#git, patterns)) {
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
    const objects = await readRecordObjects(
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
   * Brings refs to what the arbiter has: local first, then, in a second transaction, base (design §7). A
   * group in which one has moved here meanwhile waits, also what of it does not move here: that is to go out, and
   * must not go alone. Returns the refs that wait.
   */
  async follow(all: readonly Step[], bodies: readonly Buffer[] = []): Promise<Set<string>> {
    const steps = bound(all)
    const locals = steps.flatMap((step) => this.#localMove(step))
    const bases = steps.flatMap((step) => this.#baseMove(step))
    const waiting = new Set<string>()
    if (hasFlips(locals) || hasFlips(bases)) {
      for (const ref of waitingOf(steps, await this.move(locals, bodies))) waiting.add(ref)
      await this.move(this.#basesOf(steps, waiting))
      return waiting
    }
    const parts = inParts(steps, MOST_AT_ONCE)
    if (parts.length > 1) await this.store.write(bodies)
    await inLanes(parts, lanesFor([...locals, ...bases]), async (part) => {
      const moves = part.flatMap((step) => this.#localMove(step))
      const then = part.flatMap((step) => this.#baseMove(step))
      if (moves.length > 0) {
        const options = { durability: DURABILITY, isWritten: parts.length > 1 } as const
        const { commit, followed } = await this.store.moveThen(moves, then, bodies, options)
        if (commit.outcome === 'committed' && followed) return
        const stay = commit.outcome === 'committed' ? [] : await this.move(moves, bodies)
        for (const ref of waitingOf(part, stay)) waiting.add(ref)
      }
      await this.move(this.#basesOf(part, waiting))
    })
    return waiting
  }

  #localMove({ ref, groups, local: { from, to } }: Step): Move[] {
    return from === to ? [] : [{ ref, from, to, groups }]
  }

  #baseMove({ ref, base: { from, to } }: Step): Move[] {
    return from === to ? [] : [{ ref: twinOf(this.#refs.base, ref), from, to, groups: [] }]
  }

  #basesOf(steps: readonly Step[], waiting: ReadonlySet<string>): Move[] {
    return steps.flatMap((step) => (waiting.has(step.ref) ? [] : this.#baseMove(step)))
  }

  /**
   * Moves all of `moves` that still stand where they were; a group in which one has moved waits. What git
   * cannot flip in one transaction takes two (design §3). Returns the refs that wait.
   */
  async move(moves: readonly Move[], bodies: readonly Buffer[] = []): Promise<Set<string>> {
    const waiting = new Set<string>()
    const isFlip = flipsOf(moves)
    const first = moves.filter(({ ref, to }) => to === null || !isFlip(ref))
    const second = moves.filter(({ ref, to }) => to !== null && isFlip(ref))
    for (const half of [first, second]) {
      const groups = new Set(moves.filter(({ ref }) => waiting.has(ref)).flatMap((each) => each.groups))
      const ready = without(half, groups, waiting)
      await inLanes(inParts(ready, MOST_AT_ONCE), lanesFor(ready), (part) =>
        this.#movePart(part, bodies, waiting),
      )
    }
    return waiting
  }

  async #movePart(part: readonly Move[], bodies: readonly Buffer[], waiting: Set<string>): Promise<void> {
    for (let rest = part; rest.length > 0; ) {
      const commit = await this.store.move(rest, bodies, { durability: DURABILITY })
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

function lanesFor(moves: readonly Move[]): number {
  return moves.some(({ to }) => to === null) ? 1 : LANES
}

/** Does `work` for each of `parts`, so many of them side by side. */
async function inLanes<T>(
  parts: readonly T[],
  lanes: number,
  work: (part: T) => Promise<void>,
): Promise<void> {
  const open = [...parts]
  const lane = async () => {
    for (let part = open.shift(); part !== undefined; part = open.shift()) await work(part)
  }
  await Promise.all(Array.from({ length: Math.min(lanes, parts.length) }, lane))
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

/** Whether one is created that the deletion of another must make way for. */
function hasFlips(moves: readonly Move[]): boolean {
  const isFlip = flipsOf(moves)
  return moves.some(({ ref, to }) => to !== null && isFlip(ref))
}

/** Whether a ref cannot be created beside the deletions among `moves`. */
function flipsOf(moves: readonly Move[]): (ref: string) => boolean {
  const gone = moves.filter(({ to }) => to === null).map(({ ref }) => ref)
  const names = new Set(gone)
  const above = new Set(gone.flatMap(parents))
  return (ref) => above.has(ref) || parents(ref).some((each) => names.has(each))
}

function parents(ref: string): string[] {
  const parts = ref.split('/')
  return parts.slice(1, -1).map((_, at) => parts.slice(0, at + 2).join('/'))
}

/** What waits: the moves that could not be made, and the steps without one that belong together with them. */
function waitingOf(steps: readonly Step[], stay: Iterable<string>): string[] {
  const stuck = new Set(stay)
  const groups = new Set(steps.filter(({ ref }) => stuck.has(ref)).flatMap((step) => step.groups))
  const still = steps.filter(({ local: { from, to } }) => from === to)
  const held = still.filter((step) => step.groups.some((group) => groups.has(group)))
  return [...stuck, ...held.map(({ ref }) => ref)]
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
