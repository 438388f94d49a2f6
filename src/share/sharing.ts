import { DwError } from '../domain/error.ts'
import { HIDDEN_HOST } from '../domain/holder.ts'
import type { DwRecord } from '../store/codec.ts'
import type { StoreRuntime } from '../store/git-store.ts'
import { type Processes, takeMutex } from '../store/local/mutex.ts'
import type { Arbiter } from './arbiter.ts'
import type { CloneSide } from './clone-side.ts'
import type { SharingState } from './exchange.ts'

/** What sharing needs of the machine, beyond what the store does. */
export interface ShareRuntime extends StoreRuntime, Processes {
  /** The wall clock, in milliseconds since the epoch. */
  readonly now: () => number
  /** Says one line of narration. */
  readonly say: (line: string) => void
}

/** All that one clone's sharing works on. */
export class Sharing {
  readonly arbiter: Arbiter
  readonly side: CloneSide
  readonly state: SharingState
  readonly runtime: ShareRuntime
  readonly cloneId: string
  /** False with `dw.sharePaths=false`: worktree paths and host names stay here. */
  readonly #sharesPaths: boolean
  readonly #fresh: number

  constructor(parts: {
    readonly arbiter: Arbiter
    readonly side: CloneSide
    readonly state: SharingState
    readonly runtime: ShareRuntime
    readonly cloneId: string
    readonly sharesPaths: boolean
    /** How long an exchange counts as fresh for a push, in milliseconds. */
    readonly fresh: number
  }) {
    this.arbiter = parts.arbiter
    this.side = parts.side
    this.state = parts.state
    this.runtime = parts.runtime
    this.cloneId = parts.cloneId
    this.#sharesPaths = parts.sharesPaths
    this.#fresh = parts.fresh
  }

  timestamp(): string {
    return new Date(this.runtime.now()).toISOString()
  }

  /** The record as it may leave this machine; itself when nothing is to be kept back. */
  asShared(record: DwRecord): DwRecord {
    if (this.#sharesPaths || (record.kind !== 'session' && record.kind !== 'lock')) return record
    if (record.owner.clone !== this.cloneId) return record
    const owner = record.owner.host === HIDDEN_HOST ? record.owner : { ...record.owner, host: HIDDEN_HOST }
    if (record.kind === 'lock') {
      const { worktree, ...rest } = record
      return worktree === undefined && owner === record.owner ? record : { ...rest, owner }
    }
    const { worktree } = record
    const isHidden = worktree === undefined || worktree.path === ''
    if (isHidden && owner === record.owner) return record
    return { ...record, owner, ...(worktree === undefined ? {} : { worktree: { ...worktree, path: '' } }) }
  }

  /**
   * Runs `work` while no other process of this clone syncs or pushes. Waits for one that does, for as long
   * as a call may take and a little more. Throws DW_BUSY; without `waits` at once.
   */
  async alone<T>(work: () => Promise<T>, options: { readonly waits: boolean }): Promise<T> {
    const { elapsed, sleep, signal } = this.runtime
    const deadline = elapsed() + (options.waits ? PATIENCE : 0)
    // what starts after an interruption takes back what was done before
    const isCalm = !signal.aborted
    for (;;) {
      if (isCalm) signal.throwIfAborted()
      const mutex = await takeMutex(this.state.mutexPath, this.runtime)
      if ('release' in mutex) return work().finally(mutex.release)
      if (elapsed() >= deadline) throw busy(mutex.heldBy.pid)
      await sleep(20 + 30 * this.runtime.random())
    }
  }

  /** Notes that this clone has just exchanged records with the arbiter. */
  async noteExchange(): Promise<void> {
    const at = this.runtime.now()
    const exchange = { remote: this.arbiter.name, at, tried: at }
    await this.state.setExchange(exchange, this.#fresh).catch(() => undefined)
  }
}

/** How long another sync of this clone is waited for, in milliseconds. */
const PATIENCE = 120_000

function busy(pid: number): DwError {
  return new DwError(
    'DW_BUSY',
    `another git dw of this clone is syncing${pid === 0 ? '' : ` (pid ${pid})`}`,
    {
      hints: ['try again when it is done'],
    },
  )
}
