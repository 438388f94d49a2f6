import { join } from 'node:path'
import { DirectoryWatch } from './directory-watch.ts'
import { ACTIVE_REF, ENDED_REF, type RefName } from './ref-names.ts'
import type { Watch } from './store.ts'

/**
 * Watches the records of a repository. Every change of a lock rewrites its session's record (design §5), so
 * the two flat directories of sessions show it; what else can hold them is watched for being replaced.
 */
export class RefWatch implements Watch {
  readonly pauses = { first: 200, longest: 4000 }
  readonly #directories: DirectoryWatch
  #attended: ReadonlySet<string> = new Set()

  /** `changed` is called when an attended ref may have changed, perhaps more than once for one change. */
  constructor(commonDir: string, changed: () => void) {
    const at = (...parts: string[]) => join(commonDir, ...parts)
    const sessions = [at(ACTIVE_REF), at(ENDED_REF)]
    // a directory of refs goes away with the last loose ref in it, and comes back with the next
    const containers = [at(), at('refs'), at('refs', 'dw'), at('reftable')]
    const always = new Set([
      ...containers.slice(1),
      ...sessions,
      at('packed-refs'),
      at('reftable', 'tables.list'),
    ])
    this.#directories = new DirectoryWatch([...containers, ...sessions], (path) => {
      const ref = path.startsWith(at('refs')) ? path.slice(commonDir.length + 1) : ''
      if (always.has(path) || this.#attended.has(ref)) changed()
    })
  }

  attend(sessions: readonly RefName[]): void {
    this.#attended = new Set(sessions)
    this.#directories.arm()
  }

  close(): void {
    this.#directories.close()
  }
}
