import type { ClaimAnswer, ClaimDecision, ClaimedKey, Holding } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { type Key, type LockName, lockName } from '../domain/key.ts'
import type { BlobId, Lock, Session } from '../domain/record.ts'
import { withoutRevocationsOf } from '../domain/session.ts'
import { isAhead } from '../share/refusals.ts'
import { activeRef, lockRef } from '../store/ref-names.ts'
import { type Entry, nextRev, type Snapshot } from '../store/store.ts'
import { type Actor, type FutureSession, futureSession, reserveSession } from './actor.ts'
import {
  claimRefs,
  clearingChanges,
  decide,
  grantingChanges,
  readClaimGround,
  rewrites,
  termsOf,
} from './claim-keys.ts'
import {
  branchTaken,
  heldAgain,
  namingAhead,
  namingTaken,
  refusedBy,
  refuseTaking,
} from './claim-refusals.ts'
import type { ClaimRequest } from './claim-request.ts'
import { endRevocations } from './end-revocations.ts'
import type { Ground } from './ground.ts'
import { HalfLanded } from './half-landed.ts'
import { heartbeat, rememberChange } from './heartbeat.ts'
import { type Claimants, findClaimants, isLive, sessionIn, settleIdentity } from './identity.ts'
import type { Progress } from './progress.ts'
import { projectHere } from './projects.ts'
import { earlierResults } from './results/finished-tasks.ts'
import { takeBack, uninterrupted } from './take-back.ts'
import { commits, GO_ON } from './until-settled.ts'
import { checkMeta, newSessionId, type Workspace } from './workspace.ts'

/** A claim over all of its tries: what it remembers from one to the next. */
export class Claim {
  readonly #workspace: Workspace
  readonly #request: ClaimRequest
  readonly #progress: Progress | undefined
  /** The live locks that `--steal` may take: those there at the first look, none that came later (design §3). */
  #victims: ReadonlySet<BlobId> | null = null
  #future: FutureSession | null = null
  /** The project that a session that starts here works on. */
  #project: string | null
  #claimants: Claimants | null = null
  /** What is to be said of earlier results of the tasks that are claimed. */
  #told: readonly string[] = []
  readonly #halfLanded = new HalfLanded()
  /** Own locks that were given up for a directory above them. */
  readonly #upgraded = new Map<LockName, Holding>()
  /** Locks of others that made way for a key above or below them, in a transaction before the claim's own. */
  readonly #taken = new Map<LockName, Holding>()

  constructor(workspace: Workspace, request: ClaimRequest, progress?: Progress) {
    this.#workspace = workspace
    this.#request = request
    this.#progress = progress
    this.#project = request.project ?? null
  }

  /** One try, from a fresh read; null when somebody else was faster, GO_ON when the next one goes on from it. */
  async attempt(tries: number): Promise<ClaimAnswer | null | typeof GO_ON> {
    const { store } = this.#workspace
    const { keys } = this.#request
    // whom a steal takes from is decided by what the arbiter has now
    if (tries === 0 && this.#request.steal) await store.refresh()
    const claimants = await this.#findClaimants(tries)
    const refs = claimRefs(claimants, keys, {
      ...(this.#future === null ? {} : { future: this.#future.id }),
      ...(this.#project === null ? {} : { project: this.#project }),
    })
    // a plain claim leaves what stands above its keys to git at first; a steal must know all it takes from
    const whole = tries > 0 || this.#request.steal
    const above = whole ? keys.map((key) => lockRef(lockName(key))) : []
    const snapshot = await store.read({ refs, above })
    checkMeta(snapshot, 'write')
    const actor = await this.#settleActor(claimants, snapshot)
    const ground = await readClaimGround(this.#workspace, snapshot)
    const decision = this.#decide(ground, actor)
    if (this.#isOffline && decision.answer === 'granted') refuseTaking(decision, actor, this.#workspace)
    if (decision.answer === 'refused') {
      // every holder is named, also those above the other keys
      if (!whole && keys.length > 1) return GO_ON
      // what this clone has seen may have passed (design §7)
      if (!this.#isOffline && (await store.refresh())) return GO_ON
      throw refusedBy(this.#workspace, this.#request, decision, { ground, session: actor.session })
    }
    await this.#lookAtResults(snapshot, decision)
    // nobody loses a lock to a claim that its user has called off already
    this.#workspace.around.signal.throwIfAborted()
    if (decision.clear.length > 0) {
      // nothing of mine is given up before the other keys are known to be free
      if (!whole && keys.length > 1) return GO_ON
      return this.#clear(ground, decision, actor)
    }
    return this.#grant(ground, decision, actor)
  }

  async #findClaimants(tries: number): Promise<Claimants> {
    // another process of this agent may have bound it since the last try
    if (this.#claimants === null || (tries > 0 && this.#claimants.named === undefined)) {
      this.#claimants = await findClaimants(this.#workspace, this.#request.session)
    }
    return this.#claimants
  }

  async #settleActor(claimants: Claimants, snapshot: Parameters<typeof settleIdentity>[2]): Promise<Actor> {
    const identity = settleIdentity(this.#workspace, claimants, snapshot)
    if (identity.who === 'session') return { session: identity.mine.session, entry: identity.mine.entry }
    this.#future ??= await reserveSession(this.#workspace, identity, this.#request.canStamp)
    // one that was reserved here before, by a claim that was killed before it was bound
    const there = sessionIn(snapshot, this.#future.id)
    if (there !== undefined && isLive(there)) return { session: there.session, entry: there.entry }
    if (there !== undefined) this.#future = { ...this.#future, id: newSessionId(this.#workspace.around) }
    this.#project ??= (await projectHere(this.#workspace, snapshot)).name
    return { session: futureSession(this.#workspace, this.#future, this.#project), entry: null }
  }

  #decide(ground: Ground, actor: Actor): ClaimDecision {
    const { keys, steal } = this.#request
    const live = ground.holdings.filter(({ state }) => state === 'live')
    if (steal) this.#victims ??= new Set(live.map(({ oid }) => oid))
    return decide(ground, keys, actor.session.id, this.#victims ?? new Set())
  }

  async #lookAtResults(snapshot: Snapshot, { take }: Granted): Promise<void> {
    const keys = take.map(({ key }) => key)
    this.#told = await earlierResults(this.#workspace, snapshot, keys, this.#request.unlessFinished)
  }

  async #clear(ground: Ground, decision: Granted, actor: Actor): Promise<null | typeof GO_ON> {
    const changes = clearingChanges(this.#workspace, ground, decision, actor, this.#request.terms)
    let ahead: DwError | null = null
    const writing = commits(this.#workspace, changes, this.#decided).catch((error: unknown) => {
      if (!isAhead(error)) throw error
      ahead = error
      return true
    })
    if (!(await writing)) return null
    for (const holding of decision.clear) {
      const isMine = holding.record.session === actor.session.id
      ;(isMine ? this.#upgraded : this.#taken).set(holding.name, holding)
    }
    if (ahead !== null) throw ahead
    return GO_ON
  }

  async #grant(ground: Ground, decision: Granted, actor: Actor): Promise<ClaimAnswer | null | typeof GO_ON> {
    const { terms } = this.#request
    // what landed of a try that was cut short is written again, with all that belongs to it
    const half = decision.already.filter(({ key, by }) => this.#halfLanded.took(key, by.oid))
    const again = decision.already.filter(
      (each) => !half.includes(each) && rewrites(each.key, each.by, terms),
    )
    const written = [...decision.take, ...half, ...again]
    const mustWrite = written.length > 0 || decision.already.some(({ by }) => by.state !== 'live')
    if (!mustWrite && actor.entry !== null) {
      // what is mine here may have been taken at the arbiter
      if (!this.#isOffline && (await this.#workspace.store.refresh())) return GO_ON
      const names = decision.already.map(({ by }) => by.name)
      const settled = await endRevocations(this.#workspace, actor.entry, actor.session, names)
      if (settled === null) {
        await heartbeat(this.#workspace, { entry: actor.entry, session: actor.session, ended: false })
      }
      return this.#answer(settled?.session ?? actor.session, actor.session, decision, new Map())
    }
    const { changes, session, locks } = grantingChanges(
      this.#workspace,
      ground,
      { ...decision, half, again },
      actor,
      terms,
    )
    const { branch } = this.#request
    // of the records that are written, the session's, the log's and their like are no keys
    const all = this.#request.keys.length
    const progress = (written: number) => this.#progress?.(Math.min(written, all))
    const writing = this.#workspace.store.commit(changes, {
      decided: this.#decided,
      ...(branch === undefined ? {} : { branch }),
      ...(this.#progress === undefined ? {} : { progress }),
    })
    const commit = await writing.catch((error: unknown) => {
      throw namingAhead(this.#workspace, decision, actor.entry === null ? session.id : null, error)
    })
    if (commit.outcome === 'conflict') {
      if (commit.refs.some((ref) => ref.startsWith('refs/heads/'))) {
        const hasLocks = [...locks.keys()].every((key) => commit.landed.has(lockRef(lockName(key))))
        if (!hasLocks) throw branchTaken(branch)
        // the arbiter had said yes before this clone found the branch taken
        const before = actor.entry === null ? null : actor.session
        const answer = this.#answer(session, before, decision, locks)
        throw await takeBack(this.#workspace, answer, branchTaken(branch))
      }
      const taken = [...decision.take, ...half].map(({ key }) => key)
      this.#halfLanded.note(commit, actor, taken)
      return null
    }
    const now = await this.#settled(actor, session, commit.oids, decision)
    if (now.oid !== undefined) await this.#remember(actor, now.session, now.oid, [...locks.values()])
    return this.#answer(now.session, actor.entry === null ? null : actor.session, decision, locks)
  }

  /** The session's record once its locks stand: what it holds again is no loss any more. */
  async #settled(
    actor: Actor,
    session: Session,
    oids: ReadonlyMap<string, BlobId>,
    decision: Granted,
  ): Promise<{ readonly session: Session; readonly oid: BlobId | undefined }> {
    const ref = activeRef(session.id)
    const oid = oids.get(ref)
    if (oid === undefined) return { session, oid }
    const entry: Entry = { ref, oid, content: { ok: true, record: session, rev: nextRev(actor.entry) } }
    const names = [...decision.take.map(({ name }) => name), ...decision.already.map(({ by }) => by.name)]
    const ended = await endRevocations(this.#workspace, entry, session, names)
    return ended ?? { session: withoutRevocationsOf(session, names), oid }
  }

  get #isOffline(): boolean {
    return this.#request.terms.provisional === true
  }

  get #decided(): 'here' | 'arbiter' {
    return this.#isOffline ? 'here' : 'arbiter'
  }

  async #remember(actor: Actor, session: Session, oid: BlobId, locks: readonly Lock[]): Promise<void> {
    const before = actor.entry?.oid ?? null
    const ttls = locks.map(({ ttl }) => ttl)
    await rememberChange(this.#workspace, before, { session, oid }, ttls)
    if (!this.#future?.seat) return
    const { source, label, leader } = this.#future.seat
    const binding = { session: session.id, label, ...(leader === undefined ? {} : { leader }) }
    // the claim stands, and what was reserved for it names this session already
    await this.#workspace.clone.bind(source, binding).catch(() => undefined)
  }

  #answer(
    session: Session,
    before: Session | null,
    decision: Granted,
    locks: ReadonlyMap<Key, Lock>,
  ): ClaimAnswer {
    this.#workspace.losses.forget([...this.#upgraded.values()], session)
    for (const line of this.#told) this.#workspace.around.say(line)
    const already = decision.already.map(({ key, by }) => ({
      key,
      already: !this.#halfLanded.took(key, by.oid),
      lock: locks.get(key) ?? by.record,
    }))
    const taken = decision.take.flatMap(({ key, replaces }): ClaimedKey[] => {
      const lock = locks.get(key)
      const isStolen = replaces?.state === 'live' && replaces.record.session !== session.id
      return lock === undefined ? [] : [{ key, already: false, lock, ...(isStolen && { from: replaces }) }]
    })
    const order = new Map(this.#request.keys.map((key, at) => [key, at]))
    const keys = [...already, ...taken].sort((a, b) => (order.get(a.key) ?? 0) - (order.get(b.key) ?? 0))
    return { session, before: this.#halfLanded.before(before), keys, revoked: session.revoked }
  }

  /** Some tries, also after an interruption; whether one of them got it. */
  async attemptOften(): Promise<boolean> {
    try {
      for (let tries = 0; tries < 10; tries += 1) {
        const answer = await this.attempt(tries)
        if (answer !== null && answer !== GO_ON) return true
      }
      return false
    } catch {
      return false
    }
  }

  /** Takes back what landed of it, and claims anew what was given up for a directory that then was not to be had (design §5, Claim). */
  async afterRefusal(refusal: unknown): Promise<unknown> {
    const undone = await this.#halfLanded.takeBack(this.#workspace, refusal)
    const error = namingTaken(this.#workspace, this.#taken.values(), undone)
    if (this.#upgraded.size === 0 || !(error instanceof DwError)) return error
    const held: Holding[] = []
    // what cannot be noted here now cannot be claimed again either
    for (const given of isAhead(refusal) ? [] : this.#upgraded.values()) {
      const { key, name, record } = given
      const pairs = new Map(record.with === undefined ? [] : [[name, record.with]])
      const terms = { ...termsOf(record), pairs }
      const { unlessFinished: _, ...asked } = this.#request
      const anew = { ...asked, keys: [key], steal: false, terms }
      if (await new Claim(uninterrupted(this.#workspace), anew).attemptOften()) held.push(given)
    }
    this.#workspace.losses.forget(held)
    return heldAgain(this.#workspace, held, error)
  }
}

type Granted = Extract<ClaimDecision, { answer: 'granted' }>
