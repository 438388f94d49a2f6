import { DwError } from '../domain/error.ts'
import type { Change, CommitOptions } from '../store/store.ts'
import type { Surroundings } from './surroundings.ts'
import type { Workspace } from './workspace.ts'

/** How long a whole operation is tried anew while others move the same refs, in milliseconds. */
const PATIENCE = 30_000
/** The same where each try may be a call to a remote. */
const SHARED_PATIENCE = 90_000
/** The longest pause, in milliseconds. */
const LONGEST_PAUSE = 5000

/** A try that has found nobody in its way and made or learnt something: the next one goes on from it at once. */
export const GO_ON = Symbol('go on')

/** What the repeating needs of a workspace. */
interface Contender {
  readonly around: Pick<Surroundings, 'elapsed' | 'sleep' | 'random' | 'signal'>
  readonly shared: unknown
}

/**
 * Repeats `attempt`, each time from a fresh read, until it returns a value; null stands for "a conflict,
 * decide anew" (design §6: the whole operation is retried, never the bare write). After the first conflict the
 * next try comes at once; after the later ones there is a random pause of two tries' length at most, since one of
 * those who collide has written, and the others only take its time from each other. Throws DW_BUSY.
 */
export async function untilSettled<T>(
  { around, shared }: Contender,
  attempt: (tries: number) => Promise<T | null | typeof GO_ON>,
): Promise<T> {
  const { elapsed, sleep, random, signal } = around
  const deadline = elapsed() + (shared === null ? PATIENCE : SHARED_PATIENCE)
  let conflicts = 0
  for (let tries = 0; ; tries += 1) {
    signal.throwIfAborted()
    const start = elapsed()
    const result = await attempt(tries)
    if (result !== null && result !== GO_ON) return result
    const end = elapsed()
    if (end > deadline) {
      throw new DwError('DW_BUSY', 'others kept changing the same records', { hints: ['try again'] })
    }
    const longest = result === GO_ON ? 0 : (end - start) * Math.min(conflicts, 2)
    if (result === null) conflicts += 1
    await sleep(random() * Math.min(longest, LONGEST_PAUSE), signal).catch((error: unknown) => {
      signal.throwIfAborted()
      throw error
    })
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
