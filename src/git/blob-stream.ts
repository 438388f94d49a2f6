/** No record has as many bytes (design §4). */
export const TOO_MANY_BYTES = 512 * 1024

/** Records are other people's input: no more bytes than this are passed over in the hope of a record after them. */
const MOST_PASSED_OVER = 32 * 1024 * 1024

/** What stands before an object's bytes; `start` is where they begin, and a byte follows them. */
export interface Head<What> {
  readonly what: What
  readonly start: number
  /** In bytes; null where no object follows, and `start` is that of the next head. */
  readonly size: number | null
}

/**
 * Objects in the output of git, taken out of it as it comes. Of one that is too large to be a record the bytes
 * are passed over, so that they are never in memory.
 */
export class BlobStream<What> {
  readonly #headAt: (output: Buffer, at: number) => Head<What> | null
  readonly #found: (what: What, bytes: Buffer | null) => void
  /** What has come and is not whole yet, and how many bytes it takes at least. */
  #rest: Buffer[] = []
  #come = 0
  #needed = 0
  /** Bytes of a large object that are still to come, with the byte after them. */
  #toSkip = 0
  #skipped = 0

  /** `headAt` reads a head, null for one that is not whole yet; `found` is told each object, in order. */
  constructor(
    headAt: (output: Buffer, at: number) => Head<What> | null,
    found: (what: What, bytes: Buffer | null) => void,
  ) {
    this.#headAt = headAt
    this.#found = found
  }

  /** Whether more came than anybody should wait for: what was found is not all. */
  get isTooMuch(): boolean {
    return this.#skipped > MOST_PASSED_OVER
  }

  /** Takes the next part of the output; whether more is wanted. */
  take(chunk: Buffer): boolean {
    this.#rest.push(chunk)
    this.#come += chunk.length
    if (this.#come < this.#needed) return true
    const output = this.#rest.length === 1 ? chunk : Buffer.concat(this.#rest)
    this.#needed = 0
    let at = this.#skip(output, 0)
    while (at < output.length) {
      const head = this.#headAt(output, at)
      if (head === null) break
      const { what, start, size } = head
      if (size === null) {
        this.#found(what, null)
        at = start
      } else if (size > TOO_MANY_BYTES) {
        this.#found(what, null)
        this.#skipped += size
        this.#toSkip = size + 1
        at = this.#skip(output, start)
      } else {
        if (start + size >= output.length) {
          this.#needed = start + size + 1 - at
          break
        }
        this.#found(what, output.subarray(start, start + size))
        at = start + size + 1
      }
    }
    this.#rest = at === output.length ? [] : [output.subarray(at)]
    this.#come = output.length - at
    return !this.isTooMuch
  }

  #skip(output: Buffer, at: number): number {
    const skipped = Math.min(this.#toSkip, output.length - at)
    this.#toSkip -= skipped
    return at + skipped
  }
}
