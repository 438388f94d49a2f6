import type { Git } from '../git/exec.ts'
import { type NamedObject, type RefBlob, readRecordObjects, readRefs } from '../git/refs.ts'
import { type RefName, refsAbove } from './ref-names.ts'
import type { Query } from './store.ts'

/** What a query reads, as git is asked for it: refs with all below them, and refs for themselves. */
export interface Reading {
  readonly roots: readonly RefName[]
  readonly above: readonly RefName[]
}

/** A reading that was started before it was asked for. */
export interface EarlyRead {
  readonly reading: Reading
  readonly refs: Promise<RefBlob[]>
  readonly objects: Promise<(NamedObject | null)[]>
}

/** What `query` asks git for. */
export function readingOf(query: Query): Reading {
  return { roots: query.refs, above: [...new Set((query.above ?? []).flatMap(refsAbove))] }
}

/** Starts to read what `query` asks for; that it fails is told to whoever asks for it, or to nobody. */
export function startEarlyRead(git: Git, query: Query): EarlyRead {
  const reading = readingOf(query)
  const [refs, objects] = [readRefs(git, reading.roots), readRecordObjects(git, reading.above)]
  for (const each of [refs, objects]) each.catch(() => undefined)
  return { reading, refs, objects }
}

/** Whether it reads exactly this. */
export function isOf({ reading }: EarlyRead, { roots, above }: Reading): boolean {
  return areSame(reading.roots, roots) && areSame(reading.above, above)
}

function areSame(some: readonly RefName[], others: readonly RefName[]): boolean {
  return some.length === others.length && some.every((ref, at) => ref === others[at])
}
