import { encodeFileName } from '../domain/name.ts'
import type { RefName } from '../store/ref-names.ts'

/** Where this clone keeps what it knows of one remote (design §3): never pushed by us. */
export interface RemoteRefs {
  /** Per ref, the value on which this clone and the remote last agreed. */
  readonly base: string
  /** What the last fetch found. */
  readonly seen: string
}

/** The namespaces of the remote called `name`. */
export function remoteRefs(name: string): RemoteRefs {
  const root = `refs/dw-local/remote/${encodeFileName(name)}`
  return { base: `${root}/base`, seen: `${root}/seen` }
}

const RECORDS = 'refs/dw/'

/** The twin of a record's ref below `root`. */
export function twinOf(root: string, ref: RefName): string {
  return `${root}/${ref.slice(RECORDS.length)}`
}

/** The record's ref of which `twin` is the twin below `root`; null for any other ref. */
export function recordOf(root: string, twin: string): RefName | null {
  return twin.startsWith(`${root}/`) ? `refs/dw/${twin.slice(root.length + 1)}` : null
}
