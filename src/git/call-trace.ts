/** One git process: what it was started with, and from when until when it ran, in milliseconds. */
export interface GitCall {
  readonly args: readonly string[]
  readonly start: number
  readonly end: number
}

/** Every git process that one command starts, in the order of their ends. */
export class CallTrace {
  readonly calls: GitCall[] = []
  /** A clock for differences only, in milliseconds. */
  readonly #elapsed: () => number

  constructor(elapsed: () => number) {
    this.#elapsed = elapsed
  }

  /** Notes the start of a process; call what it returns at its end. */
  begin(args: readonly string[]): () => void {
    const start = this.#elapsed()
    return () => void this.calls.push({ args, start, end: this.#elapsed() })
  }
}
