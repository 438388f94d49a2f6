import { DwError } from '../domain/error.ts'
import type { Lock, Revocation, Session, Versioned } from '../domain/record.ts'
import { describeLoss, type ShowKey } from './refusal.ts'

/** What was taken from the session that this command acts for: every command of it says so (design §5). */
export class Losses {
  readonly #found = new Map<string, Revocation>()
  readonly #regained = new Set<string>()

  note(session: Session): void {
    for (const revocation of session.revoked) {
      this.#found.set(revocation.lock, revocation)
    }
  }

  /**
   * Locks that were given up for one above them: it was claimed, or they were claimed again. What `session`,
   * as it is now, does not note any more is held again: this command ended those revocations.
   */
  forget(locks: readonly Versioned<Lock>[], session?: Session): void {
    for (const { oid } of locks) this.#found.delete(oid)
    if (session === undefined) return
    const standing = new Set<string>(session.revoked.map(({ lock }) => lock))
    for (const lock of this.#found.keys()) if (!standing.has(lock)) this.#regained.add(lock)
  }

  /** One line a lock; none for what `error` says already. `now` in milliseconds. */
  lines(now: number, show: ShowKey, error?: unknown): string[] {
    const said = error instanceof DwError && error.code === 'DW_LOST'
    return said
      ? []
      : [...this.#found.values()].map((revocation) => {
          const is = this.#regained.has(revocation.lock) ? 'yours again' : 'lost'
          return `${is}: ${describeLoss(revocation, now, show)}`
        })
  }
}
