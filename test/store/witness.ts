import fs from 'node:fs'
import git from 'isomorphic-git'
import { expect } from 'vitest'
import type { RefName } from '../../src/store/ref-names.ts'
import type {
  Change,
  Commit,
  CommitOptions,
  Entry,
  Query,
  Snapshot,
  Store,
  Watch,
} from '../../src/store/store.ts'

/**
 * A store that has each of its writes read back by isomorphic-git, which shares no code with git or with
 * us: both must find the same records under the same names. It knows SHA-1 and the files backend only.
 */
export class WitnessedStore implements Store {
  async refresh(): Promise<boolean> {
    return false
  }

  readonly #store: Store
  readonly #gitdir: string

  /** `commonDir` is the directory that all worktrees share: isomorphic-git knows of no other. */
  constructor(store: Store, commonDir: string) {
    this.#store = store
    this.#gitdir = commonDir
  }

  async read(query: Query): Promise<Snapshot> {
    return this.#store.read(query)
  }

  async commit(changes: readonly Change[], options?: CommitOptions): Promise<Commit> {
    const commit = await this.#store.commit(changes, options)
    if (commit.outcome !== 'committed') return commit
    const kept = changes.filter(({ to }) => to !== null).map(({ ref }) => ref)
    const entries = await this.#store.read({ refs: kept })
    for (const { ref, to } of changes) {
      if (to === null) expect(await this.#oidAt(ref), `${ref}, which was deleted`).toBeNull()
      else expect(await this.#recordAt(ref), ref).toEqual(asSeen(entries.get(ref)))
    }
    return commit
  }

  watch(changed: () => void): Watch {
    return this.#store.watch(changed)
  }

  async #oidAt(ref: RefName): Promise<string | null> {
    try {
      return await git.resolveRef({ fs, gitdir: this.#gitdir, ref })
    } catch (error) {
      if (error instanceof git.Errors.NotFoundError) return null
      throw error
    }
  }

  async #recordAt(ref: RefName): Promise<Seen> {
    const oid = (await this.#oidAt(ref)) ?? expect.fail(`isomorphic-git finds nothing at ${ref}`)
    const { blob } = await git.readBlob({ fs, gitdir: this.#gitdir, oid })
    const lines = Buffer.from(blob).toString('utf8').split('\n')
    return { oid, values: lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line)) }
  }
}

/** A ref's blob, line by line. */
interface Seen {
  readonly oid: string
  readonly values: readonly unknown[]
}

/** What a reader of the blob itself should see of an entry that the store read. */
function asSeen(entry: Entry | undefined): Seen {
  if (!entry?.content.ok) return expect.fail(`the store itself cannot read ${entry?.ref}`)
  const { record } = entry.content
  if (record.kind === 'log') return { oid: entry.oid, values: record.events }
  // the kind of refs/dw/meta follows from its name and is not written
  const { kind, ...fields } = record
  return { oid: entry.oid, values: [kind === 'meta' ? fields : record] }
}
