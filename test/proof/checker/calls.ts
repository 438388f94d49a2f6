import type { Answer, Call } from '../history.ts'
import { covers, isOnLine } from './keys.ts'

/** A call with when it began and ended, as indices into the history. */
export interface Made {
  readonly call: Call
  readonly from: number
  /** Null while it goes on, and for one that was killed before it answered. */
  to: number | null
  answer: Answer | null
}

/** The calls so far. */
export class Calls {
  readonly #made = new Map<number, Made>()

  called(call: Call, at: number): void {
    this.#made.set(call.id, { call, from: at, to: null, answer: null })
  }

  over(id: number, answer: Answer | null, at: number): void {
    const made = this.#made.get(id)
    if (made === undefined || answer === null) return
    made.to = at
    made.answer = answer
  }

  get(id: number | null): Made | undefined {
    return id === null ? undefined : this.#made.get(id)
  }

  all(): IterableIterator<Made> {
    return this.#made.values()
  }

  /** Whether `session` itself let go of `place`, or tried to, by a call that was not over at `since`. */
  gaveUp(session: string, place: string, since: number): boolean {
    return this.#some(session, since, ({ kind, keys }) => {
      if (kind === 'end') return true
      // an own lock makes way for one above it
      if (kind === 'claim' || kind === 'steal') return keys.some((key) => key !== place && covers(key, place))
      return kind === 'release' && (keys.length === 0 || keys.some((key) => isOnLine(key, place)))
    })
  }

  /** Whether `session` was told that it has ended: then it is promised nothing. */
  ended(session: string): boolean {
    for (const { call, answer } of this.#made.values())
      if (call.session === session && call.kind === 'end' && answer?.code === null) return true
    return false
  }

  /** Whether `session` claimed `place` by a call that was not over at `since`, and was not refused. */
  claimed(session: string, place: string, since: number): boolean {
    return this.#some(
      session,
      since,
      (call) => isClaim(call) && call.keys.some((key) => isOnLine(key, place)),
    )
  }

  /** Whether the claim that took a lock was told so. */
  acknowledged({ session, claim, place }: { session: string; claim: string; place: string }): boolean {
    for (const { call, answer } of this.#made.values()) {
      const isIts =
        call.claim === undefined ? call.keys.some((key) => covers(key, place)) : call.claim === claim
      if (call.session === session && isClaim(call) && isIts && answer?.code === null) return true
    }
    return false
  }

  /**
   * Whether another claim of the same session went on beside `made`, or came after it, and may have left a lock
   * on `place`: one that was not refused, or one of a directory above, which takes anew what made way for it.
   */
  claimedBeside(made: Made, place: string): boolean {
    const fits = (key: string) => covers(key, place) || covers(place, key)
    const isAbove = (key: string) => key !== place && covers(key, place)
    for (const other of this.#made.values()) {
      const { call, to, answer } = other
      if (other === made || call.session !== made.call.session || !isClaim(call)) continue
      const isBeside = to === null || to >= made.from
      const isRefused = answer !== null && answer.code !== null
      if (isBeside && call.keys.some(isRefused ? isAbove : fits)) return true
    }
    return false
  }

  #some(session: string, since: number, fits: (call: Call) => boolean): boolean {
    for (const { call, to } of this.#made.values()) {
      if (call.session === session && (to === null || to >= since) && fits(call)) return true
    }
    return false
  }
}

export function isClaim({ kind }: Call): boolean {
  return kind === 'claim' || kind === 'steal'
}
