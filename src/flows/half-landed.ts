import { type Key, lockName } from '../domain/key.ts'
import type { BlobId, LogEvent, Session, SessionId } from '../domain/record.ts'
import { backTo, movedFence, revoke } from '../domain/session.ts'
import { isAhead } from '../share/refusals.ts'
import { activeRef, endedRef, lockRef } from '../store/ref-names.ts'
import type { Change, Commit, Entry } from '../store/store.ts'
import type { Actor } from './actor.ts'
import { journalRefs, withJournal } from './journal.ts'
import { notTakenBack, saidTakenBack, uninterrupted } from './take-back.ts'
import { commits, untilSettled } from './until-settled.ts'
import { timestamp, type Workspace } from './workspace.ts'

/**
 * What a claim has written in transactions that git could not finish: its files commit ref by ref, and two
 * that collide are seen late (design §3). The claim goes on from it; one that is then refused takes it back.
 */
export class HalfLanded {
  /** The session as it was before; null for one that the claim started. */
  #before: Session | null = null
  #session: Session | null = null
  /** The session's record as the claim left it. */
  #oid: BlobId | null = null
  readonly #locks = new Map<Key, BlobId>()
  /** The session keeps a lost push of the claim from landing later. */
  #mustStay = false
  /** Whether what landed at the arbiter has come here. */
  #isHere = false

  /** Notes what landed of a transaction in which `actor` was to take `taken`. */
  note({ landed, isPending = false }: Conflict, actor: Actor, taken: readonly Key[]): void {
    const oid = landed.get(activeRef(actor.session.id))
    const locks = taken.flatMap((key): [Key, BlobId][] => {
      const written = landed.get(lockRef(lockName(key)))
      return written === undefined ? [] : [[key, written]]
    })
    // another process of the session may have moved its record on since
    if (oid === undefined && locks.length === 0) return
    if (this.#session === null) this.#before = actor.entry === null ? null : actor.session
    this.#session = actor.session
    if (oid !== undefined) this.#oid = oid
    this.#mustStay ||= isPending
    for (const [key, written] of locks) this.#locks.set(key, written)
  }

  /** Whether the lock on `key` is this claim's own, though it was there already at its last try. */
  took(key: Key, oid: BlobId): boolean {
    return this.#locks.get(key) === oid
  }

  /** The session as it was before the claim, of which `last` is what the last try found; null for one it started. */
  before(last: Session | null): Session | null {
    return this.#session === null ? last : this.#before
  }

  /**
   * A claim that was refused with `error` leaves no lock, and no session unless that keeps the claim from landing
   * after all. Returns the error to throw.
   */
  async takeBack(workspace: Workspace, error: unknown): Promise<unknown> {
    const session = this.#session
    if (session === null) return error
    try {
      await untilSettled(uninterrupted(workspace), async () => this.#undo(workspace, session.id))
      return error
    } catch (cause) {
      if (isAhead(cause)) return saidTakenBack(workspace, cause, error)
      // a session whose fence has moved for nothing is as good as before
      if (this.#locks.size === 0) return error
      return notTakenBack(workspace, session.id, [...this.#locks.keys()], cause)
    }
  }

  /** By compare-and-swap: what somebody else has written since stays. Null when a conflict came between. */
  async #undo(workspace: Workspace, id: SessionId): Promise<true | null> {
    const locks = new Map([...this.#locks].map(([key, oid]) => [lockRef(lockName(key)), oid]))
    const snapshot = await workspace.store.read({
      refs: [activeRef(id), endedRef(id), ...journalRefs(id), ...locks.keys()],
    })
    const mine = [...snapshot.values()].filter(({ ref, oid }) => locks.get(ref) === oid)
    const deletions = mine.map((from): Change => ({ ref: from.ref, from, to: null }))
    const ended = snapshot.get(endedRef(id))
    if (ended !== undefined) return this.#undoOfEnded(workspace, ended, deletions)
    const entry = snapshot.get(activeRef(id))
    if (!entry?.content.ok || entry.content.record.kind !== 'session') return true
    // a session that was started for the claim goes, while nobody else has used it
    if (this.#before === null && entry.oid === this.#oid && !this.#mustStay) {
      return settled(workspace, [{ ref: entry.ref, from: entry, to: null }, ...deletions])
    }
    const at = timestamp(workspace)
    const { record } = entry.content
    const to = backTo(movedFence(record, at), this.#before ?? record)
    const keys = mine.flatMap(({ content }) =>
      content.ok && content.record.kind === 'lock' ? [content.record.key] : [],
    )
    const events: LogEvent[] = keys.length === 0 ? [] : [{ at, event: 'release', session: id, keys }]
    const changes = [{ ref: entry.ref, from: entry, to }, ...deletions]
    return settled(workspace, withJournal(workspace, snapshot, id, events, changes))
  }

  /** Another process has ended the session: what landed of the claim goes as what an end leaves. */
  async #undoOfEnded(workspace: Workspace, ended: Entry, deletions: readonly Change[]): Promise<true | null> {
    // the end may have come before what landed at the arbiter was seen here
    if (!this.#isHere) {
      this.#isHere = true
      if (await workspace.store.refresh({ again: true })) return null
    }
    const record = ended.content.ok ? ended.content.record : null
    if (deletions.length === 0 || record?.kind !== 'session') return true
    return settled(workspace, [{ ref: ended.ref, from: ended, to: revoke(record, []) }, ...deletions])
  }
}

async function settled(workspace: Workspace, changes: readonly Change[]): Promise<true | null> {
  return (await commits(workspace, changes)) ? true : null
}

type Conflict = Pick<Extract<Commit, { outcome: 'conflict' }>, 'landed' | 'isPending'>
