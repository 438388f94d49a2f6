import type { Surroundings } from './surroundings.ts'

/** A bell that ends a sleep early. What rings while nobody sleeps ends the next sleep at once. */
export class Wake {
  readonly #around: Surroundings
  #rung = false
  #sleeper: AbortController | null = null

  constructor(around: Surroundings) {
    this.#around = around
  }

  readonly ring = (): void => {
    this.#rung = true
    this.#sleeper?.abort()
  }

  /** Sleeps for `milliseconds`, until it rings, or until the user interrupts; whether it rang. */
  async sleep(milliseconds: number): Promise<boolean> {
    const { sleep, signal } = this.#around
    if (!this.#rung && !signal.aborted) {
      const sleeper = new AbortController()
      this.#sleeper = sleeper
      const interrupt = () => sleeper.abort()
      signal.addEventListener('abort', interrupt)
      await sleep(milliseconds, sleeper.signal).catch(() => undefined)
      signal.removeEventListener('abort', interrupt)
      this.#sleeper = null
    }
    const rang = this.#rung
    this.#rung = false
    return rang
  }
}
