import { DwError } from '../domain/error.ts'
import type { BlobId } from '../domain/record.ts'
import type { PushOutcome, RemoteStep } from '../git/remote.ts'
import { type GitStore, oidsOf, type Staged } from '../store/git-store.ts'
import { ACTIVE_REF, activeRef, lockNameOf, META_REF, type RefName } from '../store/ref-names.ts'
import type {
  Change,
  Commit,
  CommitOptions,
  NewBranch,
  Query,
  Snapshot,
  Store,
  Watch,
} from '../store/store.ts'
import type { Values } from './clone-side.ts'
import { baseMove, reconcile } from './reconcile.ts'
import { ahead, refusal, unreadable } from './refusals.ts'
import { MOST_LOST, settle } from './settle.ts'
import type { Sharing } from './sharing.ts'
import { type SyncReport, syncRecords } from './sync.ts'
import { lockOf, type View } from './views.ts'

/**
 * Records of a repository that is shared: reads are this clone's, and what must be decided in one place is
 * decided by the arbiter first (design §7). One push and no fetch where nobody is in the way.
 */
export class SharedStore implements Store {
  readonly sharing: Sharing
  readonly #local: GitStore
  /** Whether this command has seen all that the arbiter has, since it started. */
  #isFresh = false
  /** Refusals in a row that no ref explains. */
  #unexplained = 0
  /** Pushes whose answer was lost, and that never landed. */
  #lost = 0
  /** Blobs of pushes that were refused, or not noted here, with their refs. */
  readonly #sent = new Map<BlobId, RefName>()

  constructor(local: GitStore, sharing: Sharing) {
    this.#local = local
    this.sharing = sharing
  }

  async read(query: Query): Promise<Snapshot> {
    return this.#local.read(query)
  }

  /** What changes here is seen at once; what changes at the arbiter wants to be asked for, at this pace. */
  watch(changed: () => void): Watch {
    const local = this.#local.watch(changed)
    return {
      pauses: ARBITER_PAUSES,
      attend: (sessions) => local.attend(sessions),
      close: () => local.close(),
    }
  }

  async refresh(options: { readonly again?: boolean } = {}): Promise<boolean> {
    if (this.#isFresh && options.again !== true) return false
    await this.sync()
    return true
  }

  /** One whole sync, alone in this clone. Throws DW_OFFLINE, DW_REMOTE_RESET, DW_BUSY. */
  async sync(): Promise<SyncReport> {
    const report = await this.sharing.alone(() => syncRecords(this.sharing), { waits: true })
    this.#isFresh = true
    return report
  }

  async commit(changes: readonly Change[], options: CommitOptions = {}): Promise<Commit> {
    const { decided = 'arbiter' } = options
    if (decided === 'here') return this.#local.commit(changes, options)
    const staged = this.#local.stage(this.#asShared(changes))
    let word: Commit | Accepted
    try {
      word = await this.#decideThere(changes, staged)
    } catch (error) {
      if (decided !== 'either' || !isUnreachable(error)) throw error
      // the same blobs: should the push have landed after all, both sides agree
      const { arbiter, runtime } = this.sharing
      runtime.say(`the remote "${arbiter.name}" cannot be reached: this goes out with the next sync`)
      return this.#local.move(withBranch(staged, options.branch), staged.bodies, options)
    }
    if ('outcome' in word) return word
    const { base, isThere } = word
    return this.#follow(staged, base, options).catch((error: unknown) => {
      if (!isThere || !(error instanceof DwError)) throw error
      return this.#followLate(staged, options, error)
    })
  }

  #asShared(changes: readonly Change[]): readonly Change[] {
    return changes.map((change) =>
      change.to === null ? change : { ...change, to: this.sharing.asShared(change.to) },
    )
  }

  /** Asks the arbiter. What it has never heard of may go away unasked. */
  async #decideThere(changes: readonly Change[], staged: Staged): Promise<Commit | Accepted> {
    const { side, arbiter } = this.sharing
    const refs = [META_REF, ...changes.map(({ ref }) => ref)]
    // nothing points at the blobs yet: they may be written meanwhile
    const [{ base, local }] = await Promise.all([side.values(refs), this.#local.write(staged.bodies)])
    // base was read first: where the local value is still what the change was made from, base is no newer
    const moved = changes.filter(({ ref, from }) => (local.get(ref) ?? null) !== (from?.oid ?? null))
    if (moved.length > 0) return conflict(moved.map(({ ref }) => ref))
    const meta = base.get(META_REF) ?? null
    if (meta === null && local.has(META_REF)) {
      // this clone and the arbiter have not met yet
      await this.sync()
      return conflict([META_REF])
    }
    if (changes.some((change) => mustWait(change, base))) {
      const report = await this.sync()
      const now = await side.values(refs)
      const isStuck = (change: Change) =>
        mustWait(change, now.base) && (now.local.get(change.ref) ?? null) === (change.from?.oid ?? null)
      const stuck = changes.filter(isStuck)
      if (stuck.length > 0) await this.#cannotSettle(stuck, now.base, report)
      return conflict([META_REF])
    }
    const steps = stepsOf(staged, base)
    // the arbiter has never heard of what goes away here
    if (steps.length === 0) return { base, isThere: false }
    const pushed = await arbiter.push(steps, meta)
    if (pushed.outcome === 'unsent') throw arbiter.offline(pushed.said)
    if (pushed.outcome === 'unclear') {
      const settled = await settle(this.sharing, steps, changes, pushed)
      if (settled.outcome === 'dead') return this.#afterDeath(settled.landed, pushed)
    }
    if (pushed.outcome === 'refused') {
      const report = await this.sync()
      const { base: now } = await side.values(refs)
      // refused although nothing is in its way: a lock file at the remote, once or twice; else it means it
      const isExplained = differ(now, base) || refs.some((ref) => report.moved.includes(ref))
      this.#unexplained = isExplained ? 0 : this.#unexplained + 1
      const broken = refs.find((ref) => report.unreadable.includes(ref))
      if (!isExplained && broken !== undefined) throw unreadable(arbiter.name, broken)
      if (this.#unexplained > MOST_UNEXPLAINED) throw refusal(arbiter.name, pushed.said)
      // two pushes that collide are seen late, and the second stops in the middle (design §3)
      return { outcome: 'conflict', refs, landed: this.#landed(staged, now) }
    }
    this.#unexplained = 0
    return { base, isThere: true }
  }

  /** What of this push and of those refused before stands now as this command wrote it. */
  #landed({ updates }: Staged, now: Values): Map<RefName, BlobId> {
    for (const [ref, oid] of oidsOf(updates)) this.#sent.set(oid, ref)
    return new Map([...this.#sent].flatMap(([oid, ref]) => (now.get(ref) === oid ? [[ref, oid]] : [])))
  }

  /** A sync could not bring together what must be so before these changes: throws once that is certain. */
  async #cannotSettle(stuck: readonly Change[], base: Values, report: SyncReport): Promise<void> {
    const { side, arbiter } = this.sharing
    const agreed = await side.records(
      stuck.flatMap(({ ref }) => {
        const oid = base.get(ref)
        return oid === undefined ? [] : [{ ref, oid }]
      }),
    )
    const locks = stuck.flatMap(({ ref, from }) => [
      lockOf(from?.content.ok ? from.content.record : null),
      lockOf(agreed.get(base.get(ref) ?? NOTHING)),
    ])
    const sessions = locks.flatMap((lock) => (lock === null ? [] : [activeRef(lock.session)]))
    const concerned = [...stuck.map(({ ref }) => ref), ...sessions]
    const broken = concerned.find((ref) => report.unreadable.includes(ref))
    if (broken !== undefined) throw unreadable(arbiter.name, broken)
    if (concerned.some((ref) => report.moved.includes(ref))) return
    this.#unexplained += 1
    if (this.#unexplained > MOST_UNEXPLAINED) throw refusal(arbiter.name, report.said)
  }

  /** A change that the arbiter has taken: local follows, then base (design §7). */
  async #follow(staged: Staged, base: Values, options: CommitOptions): Promise<Commit> {
    const oids = oidsOf(staged.updates)
    const { side } = this.sharing
    const bases = staged.updates.flatMap(({ ref, to }) => baseMove(side, ref, base.get(ref) ?? null, to))
    const moves = withBranch(staged, options.branch)
    // it stands at the arbiter, and the blobs here
    const written = { ...options, isWritten: true, durability: 'together' } as const
    const { commit, followed } = await this.#local.moveThen(moves, bases, staged.bodies, written)
    if (commit.outcome === 'committed') {
      // the change stands on both sides: base can wait for the next sync
      if (!followed) await side.move(bases).catch(ignoreDwError)
      return { outcome: 'committed', oids }
    }
    // somebody moved them here meanwhile: the arbiter's word is known, so it is brought together with theirs
    const now = await side.values(staged.updates.map(({ ref }) => ref))
    const views = staged.updates.flatMap(({ ref, to }): [RefName, View][] => {
      const [agreed, local] = [now.base.get(ref) ?? null, now.local.get(ref) ?? null]
      // where base has moved meanwhile, a sync has seen what was pushed, or what came after it
      if (agreed !== (base.get(ref) ?? null)) return []
      return [[ref, { ref, base: agreed, local, remote: to }]]
    })
    await reconcile(side, new Map(views), this.sharing.timestamp())
    const { branch } = options
    if (branch === undefined) return { outcome: 'committed', oids }
    // the records are here now, and the branch was not made with them
    return { outcome: 'conflict', refs: commit.refs.filter((ref) => ref === branch.ref), landed: oids }
  }

  /** Brings by a sync what the arbiter has, and this clone could not note because of `cause`. Throws what says so. */
  async #followLate({ updates }: Staged, { branch }: CommitOptions, cause: DwError): Promise<Commit> {
    const { arbiter, side } = this.sharing
    const oids = oidsOf(updates)
    for (const [ref, oid] of oids) this.#sent.set(oid, ref)
    await this.sync().catch((error: unknown) => {
      throw error instanceof DwError ? ahead(arbiter.name, cause) : error
    })
    const { local } = await side.values(updates.map(({ ref }) => ref))
    // a session may have moved on; a branch does not come with a sync
    const isHere = updates.every(({ ref, from, to }) => {
      const now = local.get(ref) ?? null
      // what was given up may be another's by now
      return lockNameOf(ref) === null || (to === null ? now !== from : now === to)
    })
    if (isHere && branch === undefined) return { outcome: 'committed', oids }
    return { outcome: 'conflict', refs: [], landed: oids }
  }

  /** The lost push is dead: what killed it, or is left of it, stands at the arbiter, and here after a sync. */
  async #afterDeath(landed: ReadonlyMap<RefName, BlobId>, { said }: PushOutcome): Promise<Commit> {
    const { arbiter } = this.sharing
    const isHalfDone = [...landed.keys()].some((ref) => lockNameOf(ref) !== null)
    try {
      await this.sync()
    } catch (error) {
      if (!isHalfDone || !(error instanceof DwError)) throw error
      throw arbiter.unknown(error instanceof Error ? error.message : '')
    }
    this.#lost += 1
    // what is half done must be taken back first, by whoever asked for it
    if (!isHalfDone && this.#lost > MOST_LOST) throw arbiter.breaksOff(said)
    return { outcome: 'conflict', refs: [], landed, isPending: true }
  }
}

/** A change that may be done here, with what the arbiter had before it, and whether it has it now. */
interface Accepted {
  readonly base: Values
  readonly isThere: boolean
}

const NOTHING = '' as BlobId

/** Pauses between two looks at the arbiter, in milliseconds (design §7). */
const ARBITER_PAUSES = { first: 1000, longest: 16_000 }

/** Refusals without a visible reason after which the remote is believed, pauses of the caller in between. */
const MOST_UNEXPLAINED = 4

/** The push of a change: each ref leased on what this clone and the arbiter agreed on last. */
function stepsOf(staged: Staged, base: Values): RemoteStep[] {
  return staged.updates.flatMap(({ ref, to }): RemoteStep[] => {
    const lease = base.get(ref) ?? null
    // what the arbiter never had need not be deleted there
    return to === null && lease === null ? [] : [{ ref, lease, to }]
  })
}

/**
 * Whether what is pending here must go out before a change does. A session of which the arbiter has never heard
 * ends: nothing there could be leased on its end, and a claim of it that is under way would land all the same.
 * Or a lock was given up here alone, and may have been taken anew since: its old session would lose it without its
 * record.
 */
function mustWait({ ref, from, to }: Change, base: Values): boolean {
  if (to === null && from !== null && ref.startsWith(`${ACTIVE_REF}/`) && !base.has(ref)) return true
  return lockNameOf(ref) !== null && base.has(ref) && base.get(ref) !== (from?.oid ?? null)
}

function withBranch(staged: Staged, branch: NewBranch | undefined) {
  if (branch === undefined) return staged.updates
  return [...staged.updates, { ref: branch.ref, from: null, to: branch.at as BlobId }]
}

/** Whether two listings are not alike. */
function differ(a: Values, b: Values): boolean {
  return a.size !== b.size || [...a].some(([ref, oid]) => b.get(ref) !== oid)
}

function conflict(refs: readonly string[]): Commit {
  return { outcome: 'conflict', refs, landed: new Map() }
}

function ignoreDwError(error: unknown): void {
  if (!(error instanceof DwError)) throw error
}

function isUnreachable(error: unknown): boolean {
  return error instanceof DwError && ['DW_OFFLINE', 'DW_UNKNOWN_OUTCOME'].includes(error.code)
}
