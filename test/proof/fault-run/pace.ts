import { setTimeout as sleep } from 'node:timers/promises'
import { seeded } from '../../races/contest.ts'
import type { Recorder } from './recorder.ts'

const MINUTE = 60_000
/** Operations after which time passes, about. */
const OFTEN = 40

/** How time passes in a run: with its operations, and with leases that somebody waits for. */
export class Pace {
  readonly #recorder: Recorder
  readonly #random: () => number
  #steps = 0
  #next = OFTEN

  constructor(recorder: Recorder, seed: number) {
    this.#recorder = recorder
    this.#random = seeded(seed + 1)
  }

  /** An operation is over. */
  step(): void {
    this.#steps += 1
    if (this.#steps < this.#next) return
    this.#next += Math.floor(OFTEN * (0.5 + this.#random()))
    const luck = this.#random()
    // now and then so long that leases of eight hours are over, and sessions of a day
    const minutes = luck < 0.4 ? 1 : luck < 0.8 ? 6 : luck < 0.93 ? 200 : luck < 0.98 ? 500 : 1500
    this.#recorder.pass(minutes * MINUTE)
  }

  /** Lets a short lease pass, or a long one. */
  passLease(): void {
    this.#recorder.pass((this.#random() < 0.8 ? 6 : 490) * MINUTE)
  }

  /** Waits until others have done so many operations, but no longer than so many milliseconds. */
  async steps(count: number, patience: number): Promise<void> {
    const deadline = performance.now() + patience
    const until = this.#steps + count
    while (this.#steps < until && performance.now() < deadline) await sleep(20)
  }
}
