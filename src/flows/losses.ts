import { DwError } from '../domain/error.ts'
import type { Revocation, Session } from '../domain/record.ts'
import { describeLoss, type ShowKey } from './refusal.ts'

/** What was taken from the session that this command acts for: every command of it says so (design §5). */
export class Losses {
  readonly #found = new Map<string, Revocation>()

  note(session: Session): void {
    for (const revocation of session.revoked) {
      this.#found.set(revocation.lock, revocation)
    }
  }

  /** Forgets what the session itself gave up for a key above it, which it holds by now. */
  settle(session: Session): void {
    const open = new Set<string>(session.revoked.map(({ lock }) => lock))
    for (const [lock, { by }] of this.#found) {
      if (by === session.id && !open.has(lock)) this.#found.delete(lock)
    }
  }

  /** One line a lock; none for what `error` says already. `now` in milliseconds. */
  lines(now: number, show: ShowKey, error?: unknown): string[] {
    const said = error instanceof DwError && error.code === 'DW_LOST'
    return said
      ? []
      : [...this.#found.values()].map((revocation) => `lost: ${describeLoss(revocation, now, show)}`)
  }
}
