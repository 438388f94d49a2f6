import type { RefUpdate } from '../../../src/git/refs.ts'

/** Refs by name. */
type Refs = ReadonlyMap<string, string>

/** The refs of one repository, kept by the rules of git's files: compare-and-swap, and the naming rule. */
export class MemoryRepository {
  readonly refs = new Map<string, string>()
  readonly #moved: (update: RefUpdate, isCut: boolean) => void

  /** `moved` is told each ref that moved, in order, and whether the rest of its transaction was not made. */
  constructor(moved: (update: RefUpdate, isCut: boolean) => void) {
    this.#moved = moved
  }

  /**
   * One transaction: all or none; whether it was made. Git commits it ref by ref, what it writes in the order
   * that it was given and then what it deletes, and a kill can leave the first of them: `upTo` is how many are
   * made. All of it is made at once, as far as anybody sees: then it is told by name.
   */
  transact(updates: readonly RefUpdate[], upTo = Number.POSITIVE_INFINITY): boolean {
    if (!updates.every(({ ref, from }) => (this.refs.get(ref) ?? null) === from)) return false
    const created = updates.filter(({ from, to }) => from === null && to !== null).map(({ ref }) => ref)
    if (created.some((ref) => this.#isInTheWay(ref, created))) return false
    const isCut = upTo < updates.length
    const ordered = [...updates].sort((a, b) => rank(a) - rank(b) || (isCut ? 0 : a.ref < b.ref ? -1 : 1))
    for (const update of ordered.slice(0, upTo)) this.#set(update, isCut)
    return true
  }

  /** Makes the refs below `root` those of `refs`, whatever they were. */
  mirror(root: string, refs: Refs): void {
    for (const [ref, from] of [...this.refs]) {
      if (ref.startsWith(`${root}/`) && !refs.has(ref)) this.#set({ ref, from: from as never, to: null })
    }
    for (const [ref, to] of refs) {
      const from = this.refs.get(ref) ?? null
      if (from !== to) this.#set({ ref, from: from as never, to: to as never })
    }
  }

  /** Refs at and below each of `patterns`; one that ends in `[x]` is that ref alone, one in `*` a prefix. */
  list(patterns: readonly string[]): { ref: string; oid: string }[] {
    const fits = patterns.map(fitter)
    return [...this.refs]
      .filter(([ref]) => fits.some((suits) => suits(ref)))
      .map(([ref, oid]) => ({ ref, oid }))
      .sort((a, b) => (a.ref < b.ref ? -1 : 1))
  }

  #isInTheWay(ref: string, created: readonly string[]): boolean {
    const collides = (other: string) => other.startsWith(`${ref}/`) || ref.startsWith(`${other}/`)
    if (created.some(collides)) return true
    for (const other of this.refs.keys()) if (collides(other)) return true
    return false
  }

  #set(update: RefUpdate, isCut = false): void {
    if (update.to === null) this.refs.delete(update.ref)
    else this.refs.set(update.ref, update.to)
    this.#moved(update, isCut)
  }
}

function rank({ to }: RefUpdate): number {
  return to === null ? 1 : 0
}

function fitter(pattern: string): (ref: string) => boolean {
  const exact = /^(.*)\[(.)\]$/.exec(pattern)
  if (exact) return (ref) => ref === `${exact[1]}${exact[2]}`
  if (pattern.endsWith('*')) return (ref) => ref.startsWith(pattern.slice(0, -1))
  return (ref) => ref === pattern || ref.startsWith(`${pattern}/`)
}
