import type { SessionId } from '../domain/record.ts'
import { heartbeatQuietly } from './heartbeat.ts'
import { findClaimants, identityRefs, settleIdentity } from './identity.ts'
import type { Workspace } from './workspace.ts'

/** Shortest time between two tries, in milliseconds, where a heartbeat could not be written. */
const PAUSE = 1000

/** Keeps the session of a command that runs for long alive, by the rule of heartbeats (design §5, Lease). */
export class KeepAlive {
  readonly #workspace: Workspace
  /** The value of `--session`. */
  readonly #option: string | undefined
  #due = 0
  #session: SessionId | null = null

  constructor(workspace: Workspace, option: string | undefined) {
    this.#workspace = workspace
    this.#option = option
  }

  /** The session that was there at the last beat; null when there was none. */
  get session(): SessionId | null {
    return this.#session
  }

  /** Writes a heartbeat if one is due. A session that does not exist is not started. */
  async beat(): Promise<void> {
    const { around, store, clone, settings } = this.#workspace
    if (around.now() < this.#due) return
    const claimants = await findClaimants(this.#workspace, this.#option)
    const snapshot = await store.read({ refs: identityRefs(claimants) })
    const identity = settleIdentity(this.#workspace, claimants, snapshot)
    this.#session = identity.who === 'session' ? identity.mine.session.id : null
    const { session } = this
    if (identity.who === 'session') await heartbeatQuietly(this.#workspace, identity.mine, snapshot)
    const beat = session === null ? undefined : await clone.beat(session)
    const next = beat?.due ?? around.now() + settings.heartbeatInterval * 1000
    this.#due = Math.max(next, around.now() + PAUSE)
  }
}
