import type { Place } from './site.ts'
import type { Troubles } from './troubles.ts'

/** What is killed is dead at the latest so long after it was marked for it, in milliseconds. */
const DEAD = 2000

/** What an untidy place is looked after with. */
export interface Care {
  /** Removes, or ages, the lock files of a place that nobody holds. */
  readonly tidy: (place: Place) => void
  /** When the oldest lock file of a place was made, whoever holds it, in milliseconds; null without any. */
  readonly oldestLock: (place: Place) => number | null
}

/** Places where a kill may have left lock files: something is wrong there until none of those is left. */
export class Untidy {
  readonly #troubles: Troubles
  readonly #care: Care
  /** With the last kill, in milliseconds, and what ends the trouble. */
  readonly #places = new Map<Place, { last: number; readonly over: () => void }>()

  constructor(troubles: Troubles, care: Care) {
    this.#troubles = troubles
    this.#care = care
  }

  get size(): number {
    return this.#places.size
  }

  /** Somebody was killed at `now`, who may have held lock files there. */
  add(place: Place, now = Date.now()): void {
    const known = this.#places.get(place)
    if (known === undefined)
      this.#places.set(place, { last: now, over: this.#troubles.begin('lock file', place.name) })
    else known.last = now
  }

  /** Looks after each place. One with a lock file that may be of a kill stays untidy, also while others run there. */
  tidy(now = Date.now()): void {
    for (const [place, { last, over }] of [...this.#places]) {
      this.#care.tidy(place)
      const oldest = this.#care.oldestLock(place)
      if (now <= last + DEAD || (oldest !== null && oldest <= last + DEAD)) continue
      over()
      this.#places.delete(place)
    }
  }

  /** Nobody runs there any more, and all was seen to. */
  clear(): void {
    for (const { over } of this.#places.values()) over()
    this.#places.clear()
  }
}
