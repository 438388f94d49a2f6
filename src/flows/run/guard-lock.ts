import { DwError } from '../../domain/error.ts'
import { type Key, type LockName, lockName, parseKey } from '../../domain/key.ts'
import type { BlobId, Lock, SessionId } from '../../domain/record.ts'
import { activeRef, endedRef, lockRef } from '../../store/ref-names.ts'
import type { Entry } from '../../store/store.ts'
import { heartbeat } from '../heartbeat.ts'
import { type Claimants, identityRefs, sessionIn, settleIdentity } from '../identity.ts'
import { showKey } from '../path-key.ts'
import { lost } from '../refusal.ts'
import { Wake } from '../wake.ts'
import type { Workspace } from '../workspace.ts'

/** Longest time between two looks, in milliseconds: what is not seen as it happens is seen then. */
const LONGEST_PAUSE = 15_000

/** Shortest time to the next look where nothing changed, in milliseconds: a heartbeat that failed is tried again. */
const SHORTEST_PAUSE = 1000

/**
 * Keeps the lease of a lock alive until `over` is aborted, by the rule of heartbeats (design §5), and looks
 * after the lock meanwhile. Returns DW_LOST once somebody else took it or ended its session, else null; what
 * its own session gives up is not lost. Trouble with reading or writing is said once and tried again.
 */
export async function guardLock(
  workspace: Workspace,
  lock: Pick<Lock, 'key' | 'session'>,
  over: AbortSignal,
): Promise<DwError | null> {
  const { around, clone, store } = workspace
  const wake = new Wake({ ...around, signal: over })
  const watch = store.watch(wake.ring)
  const guard = new LockGuard(workspace, lock)
  try {
    while (!over.aborted) {
      watch.attend([activeRef(lock.session), endedRef(lock.session)])
      const error = await guard.look()
      if (error !== null) return error
      const due = ((await clone.beat(lock.session))?.due ?? 0) - around.now()
      await wake.sleep(Math.min(LONGEST_PAUSE, Math.max(SHORTEST_PAUSE, due)))
    }
    return null
  } finally {
    watch.close()
  }
}

class LockGuard {
  readonly #workspace: Workspace
  readonly #session: SessionId
  readonly #name: LockName
  /** What was said to be in the way last. */
  #trouble: string | null = null

  constructor(workspace: Workspace, lock: Pick<Lock, 'key' | 'session'>) {
    this.#workspace = workspace
    this.#session = lock.session
    this.#name = lockName(parseKey(lock.key))
  }

  /** DW_LOST when the lock is lost; beats where that is due. */
  async look(): Promise<DwError | null> {
    try {
      const error = await this.#look()
      this.#trouble = null
      return error
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error)
      if (problem !== this.#trouble) this.#workspace.around.say(`cannot look after the lock now: ${problem}`)
      this.#trouble = problem
      return null
    }
  }

  async #look(): Promise<DwError | null> {
    const { store, around } = this.#workspace
    const claimants: Claimants = { named: { id: this.#session, source: 'option' }, seat: null }
    const ref = lockRef(this.#name)
    const snapshot = await store.read({ refs: [...identityRefs(claimants), ref] })
    const mine = sessionIn(snapshot, this.#session)
    if (mine === undefined) return recordGone(this.#session)
    const identity = settleIdentity(this.#workspace, claimants, snapshot)
    if (identity.who === 'nobody') {
      // without DW_LOST it was ended from within, by its own command
      return identity.doubt?.code === 'DW_LOST' ? identity.doubt : null
    }
    const held = snapshot.get(ref)
    // a loss that could not be struck off when the key was claimed again
    const isAgain = (was: BlobId) => held !== undefined && isOf(held, this.#session) && held.oid !== was
    const revocation = mine.session.revoked.findLast(
      ({ key, by, lock }) => by !== this.#session && lockName(parseKey(key)) === this.#name && !isAgain(lock),
    )
    if (revocation !== undefined) {
      return lost([revocation], around.now(), (key: Key) => showKey(this.#workspace, key))
    }
    await heartbeat(this.#workspace, mine, { patience: 0 })
    return null
  }
}

function isOf({ content }: Entry, session: SessionId): boolean {
  return content.ok && content.record.kind === 'lock' && content.record.session === session
}

function recordGone(session: SessionId): DwError {
  return new DwError('DW_LOST', `the record of ${session} is gone, and its locks with it`, {
    hints: ['start anew with: git dw init --new'],
    details: { session },
  })
}
