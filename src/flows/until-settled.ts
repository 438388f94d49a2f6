import { DwError } from '../domain/error.ts'
import type { Change, CommitOptions } from '../store/store.ts'
import type { Surroundings } from './surroundings.ts'
import type { Workspace } from './workspace.ts'

/** How long a whole operation is tried anew while others move the same refs, in milliseconds. */
const PATIENCE = 60_000
/** The same where each try may be a call to a remote. */
const SHARED_PATIENCE = 90_000
/** The longest pause, in milliseconds. */
const LONGEST_PAUSE = 5000

/** What the repeating needs of a workspace. */
interface Contender {
  readonly around: Pick<Surroundings, 'elapsed' | 'sleep' | 'random' | 'signal'>
  readonly shared: unknown
}

/**
 * Repeats `attempt`, each time from a fresh read, until it returns a value; null stands for "a conflict,
 * decide anew" (design §6: the whole operation is retried, never the bare write). The second try comes at once;
 * before the later ones is a random pause as long as two tries at most, since one of those who collide has written
 * and the others only take its time from each other. Throws DW_BUSY.
 */
export async function untilSettled<T>(
  { around, shared }: Contender,
  attempt: (tries: number) => Promise<T | null>,
): Promise<T> {
  const { elapsed, sleep, random, signal } = around
  const deadline = elapsed() + (shared === null ? PATIENCE : SHARED_PATIENCE)
  for (let tries = 0; ; tries += 1) {
    signal.throwIfAborted()
    const start = elapsed()
    const result = await attempt(tries)
    if (result !== null) return result
    const end = elapsed()
    if (end > deadline) {
      throw new DwError('DW_BUSY', 'others kept changing the same records', { hints: ['try again'] })
    }
    await sleep(random() * Math.min((end - start) * Math.min(tries, 2), LONGEST_PAUSE))
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
