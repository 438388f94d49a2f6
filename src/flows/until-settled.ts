import { DwError } from '../domain/error.ts'
import type { Change, CommitOptions } from '../store/store.ts'
import type { Workspace } from './workspace.ts'

/** How long a whole operation is tried anew while others move the same refs, in milliseconds. */
const PATIENCE = 15_000
/** The same where each try may be a call to a remote. */
const SHARED_PATIENCE = 90_000
const LONGEST_PAUSE = 200

/**
 * Repeats `attempt`, each time from a fresh read, until it returns a value; null stands for "a conflict,
 * decide anew" (design §6: the whole operation is retried, never the bare write). Throws DW_BUSY.
 */
export async function untilSettled<T>(
  workspace: Workspace,
  attempt: (tries: number) => Promise<T | null>,
): Promise<T> {
  const { elapsed, sleep, random, signal } = workspace.around
  const deadline = elapsed() + (workspace.shared === null ? PATIENCE : SHARED_PATIENCE)
  for (let tries = 0; ; tries += 1) {
    signal.throwIfAborted()
    const result = await attempt(tries)
    if (result !== null) return result
    if (elapsed() > deadline) {
      throw new DwError('DW_BUSY', 'others kept changing the same records', { hints: ['try again'] })
    }
    await sleep(Math.min(2 ** tries, LONGEST_PAUSE) * random())
  }
}

/** Commits; whether it was not a conflict. */
export async function commits(
  workspace: Workspace,
  changes: readonly Change[],
  decided: CommitOptions['decided'] = 'arbiter',
): Promise<boolean> {
  return (await workspace.store.commit(changes, { decided })).outcome === 'committed'
}
