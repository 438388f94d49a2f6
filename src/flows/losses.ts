import { DwError } from '../domain/error.ts'
import type { Lock, Revocation, Session, Versioned } from '../domain/record.ts'
import { describeLoss, type ShowKey } from './refusal.ts'

/** What was taken from the session that this command acts for: every command of it says so (design §5). */
export class Losses {
  readonly #found = new Map<string, Revocation>()

  note(session: Session): void {
    for (const revocation of session.revoked) {
      this.#found.set(revocation.lock, revocation)
    }
  }

  /** Locks that were given up for one above them: it was claimed, or they were claimed again. */
  forget(locks: readonly Versioned<Lock>[]): void {
    for (const { oid } of locks) this.#found.delete(oid)
  }

  /** One line a lock; none for what `error` says already. `now` in milliseconds. */
  lines(now: number, show: ShowKey, error?: unknown): string[] {
    const said = error instanceof DwError && error.code === 'DW_LOST'
    return said
      ? []
      : [...this.#found.values()].map((revocation) => `lost: ${describeLoss(revocation, now, show)}`)
  }
}
