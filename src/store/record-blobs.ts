import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { blobId, writeBlobs } from '../git/blobs.ts'
import type { Git } from '../git/exec.ts'
import { resolveNames } from '../git/refs.ts'
import type { Repository } from '../git/repository.ts'
import { refuseFull } from './no-space.ts'
import { refuseReadOnly } from './refused-write.ts'

const WRITE_TRIES = 5

/** Records that are written at once while somebody watches. */
const WATCHED_STEP = 40

/** Writes the blobs of records, and sees that they stay. */
export class RecordBlobs {
  readonly #git: Git
  readonly #repository: Repository

  constructor(git: Git, repository: Repository) {
    this.#git = git
    this.#repository = repository
  }

  /** Writes `bodies`; `progress` is told how many are. Throws DW_READONLY, DW_GIT. */
  async write(bodies: readonly Buffer[], progress?: (written: number) => void): Promise<void> {
    const step = progress === undefined ? bodies.length : WATCHED_STEP
    for (let at = 0; at < bodies.length; at += step) {
      await this.#writeStep(bodies.slice(at, at + step))
      progress?.(Math.min(at + step, bodies.length))
    }
  }

  async #writeStep(bodies: readonly Buffer[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await writeBlobs(this.#git, this.#repository.objectFormat, bodies)
      } catch (error) {
        if (!(error instanceof DwError)) throw error
        await refuseReadOnly(this.#repository.commonDir, error.message)
        await refuseFull(this.#repository.commonDir, bodies.length, error.message)
        // a prune beside us may have removed the directory that it was writing to
        if (tries === WRITE_TRIES) throw error
      }
    }
  }

  /** Writes those of `bodies` anew that a `prune --expire=now` has taken before a ref pointed at them. */
  async restore(bodies: readonly Buffer[]): Promise<void> {
    if (bodies.length === 0) return
    const { commonDir, objectFormat } = this.#repository
    const oids = bodies.map((body) => blobId(objectFormat, body))
    const files = oids.map((oid) => access(join(commonDir, 'objects', oid.slice(0, 2), oid.slice(2))))
    if ((await Promise.allSettled(files)).every(({ status }) => status === 'fulfilled')) return
    // packed by now, or gone
    const found = await resolveNames(this.#git, oids)
    if (found.includes(null)) await this.write(bodies)
  }
}
