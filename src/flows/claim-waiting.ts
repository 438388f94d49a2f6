import type { Holding } from '../domain/claim.ts'
import { durationOption, formatDuration, formatLeft } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { describeHolder } from '../domain/holder.ts'
import { dropCovered, type Key, lockName } from '../domain/key.ts'
import { leaseEnd, type Vantage } from '../domain/lease.ts'
import { type Pauses, pauseBefore, turnAfter } from '../domain/waiting.ts'
import { isAhead } from '../share/refusals.ts'
import { WaitingLine } from '../store/local/waiting-line.ts'
import { activeRef, endedRef, lockRef, type RefName } from '../store/ref-names.ts'
import { readGround } from './ground.ts'
import { KeepAlive } from './keep-alive.ts'
import { checkKeys } from './overview.ts'
import { showKey } from './path-key.ts'
import { refusalIn } from './refusal.ts'
import { Wake } from './wake.ts'
import type { Workspace } from './workspace.ts'

export interface WaitRequest {
  readonly keys: readonly Key[]
  /** The value of `--session`. */
  readonly session?: string
  /** How long to wait at most, as a duration that is written like `90s` or `10m`. */
  readonly limit: string
  /** The same claim as a command that waits, for the hint at the end. */
  readonly again: string
}

/** The most holders that are named each time they change. */
const MOST_NAMED = 3

/** From the first sign of a change to a look, in milliseconds: git moves a session's ref before its locks. */
const SETTLE = 10

/**
 * Repeats `attempt`, which claims all of `keys` or none, until it is not refused any more, for at most
 * `limit` seconds. It waits in line with the other waiters of this machine, and takes no lock before all
 * is free. Throws DW_TIMEOUT naming the holders, DW_USAGE for a wrong limit, and what `attempt` throws for other reasons.
 */
export async function claimWaiting<T>(
  workspace: Workspace,
  request: WaitRequest,
  attempt: () => Promise<T>,
): Promise<T> {
  const waiting = new WaitingClaim(workspace, request, attempt)
  const atOnce = await waiting.atOnce()
  if (atOnce !== null) return atOnce
  const start = workspace.around.elapsed()
  const answer = await waiting.untilFree().finally(() => waiting.end())
  workspace.around.say(`got it after ${formatDuration((workspace.around.elapsed() - start) / 1000)}`)
  return answer
}

class WaitingClaim<T> {
  readonly #workspace: Workspace
  readonly #request: WaitRequest
  readonly #keys: readonly Key[]
  readonly #attempt: () => Promise<T>
  /** By the clock for differences, in milliseconds. */
  readonly #deadline: number
  readonly #wake: Wake
  readonly #line: WaitingLine
  readonly #keepAlive: KeepAlive
  readonly #open: { close(): void }[] = []
  /** Who is known to stand in the way, judged from where, and who was named last. */
  #holders: readonly Holding[] = []
  #vantage: Vantage | null = null
  #named = ''
  /** Since when nobody was seen to stand in the way. */
  #freeSince: number | null = null
  #failure: DwError | null = null
  /** The next look comes by the clock, not because something changed here. */
  #byClock = false

  constructor(workspace: Workspace, request: WaitRequest, attempt: () => Promise<T>) {
    const { around, repository } = workspace
    this.#workspace = workspace
    this.#request = request
    this.#keys = dropCovered(request.keys)
    this.#attempt = attempt
    this.#deadline = around.elapsed() + durationOption('--wait', request.limit) * 1000
    this.#wake = new Wake(around)
    this.#line = new WaitingLine(repository.commonDir, this.#keys.map(lockName), {
      ...around,
      self: async () => (around.self.start === '' ? null : around.self),
    })
    this.#keepAlive = new KeepAlive(workspace, request.session)
  }

  /** The claim without waiting; null when it is refused, or others have waited longer for what is free. */
  async atOnce(): Promise<T | null> {
    if ((await this.#line.ahead()) > 0 && (await this.#survey()) === 'free') return null
    return this.#try()
  }

  async untilFree(): Promise<T> {
    const { elapsed, signal, sleep } = this.#workspace.around
    await this.#line.keepPlace()
    const watch = this.#workspace.store.watch(this.#wake.ring)
    const line = this.#line.watch(() => {
      // whoever left took it, perhaps, and so it was not free all the time
      this.#freeSince = null
      this.#wake.ring()
    })
    this.#open.push(watch, line)
    let looks = 0
    let nextLook = elapsed()
    for (;;) {
      signal.throwIfAborted()
      await this.#keepAlive.beat()
      const ahead = await this.#line.ahead()
      const isOver = elapsed() >= this.#deadline
      if (isOver || elapsed() >= nextLook) {
        const named = this.#named
        watch.attend(this.#sessionRefs())
        const answer = isOver || (await this.#isMyTurn(ahead)) ? await this.#try() : null
        if (answer !== null) return answer
        if (isOver) throw this.#timeout()
        // a new holder is attended from now on, and looked at once more
        if (named !== this.#named) looks = 0
        watch.attend(this.#sessionRefs())
        nextLook = this.#nextLook(ahead, looks, watch.pauses)
        looks += 1
      }
      await this.#line.keepPlace()
      line.arm()
      this.#byClock = !(await this.#wake.sleep(Math.max(0, Math.min(nextLook, this.#deadline) - elapsed())))
      if (this.#byClock) continue
      await sleep(SETTLE)
      looks = 0
      // whoever comes first looks at once; the others leave them the time to take it
      nextLook = Math.min(nextLook, elapsed() + turnAfter(await this.#line.ahead()))
    }
  }

  async end(): Promise<void> {
    for (const each of this.#open) each.close()
    await this.#line.leave()
  }

  /** One try; null when it was refused, or others kept writing the same records. */
  async #try(): Promise<T | null> {
    try {
      return await this.#attempt()
    } catch (error) {
      const refusal = refusalIn(error)
      const isPassing = error instanceof DwError && (error.code === 'DW_BUSY' || this.#maySettle(error))
      if (!(error instanceof DwError) || (refusal === null && !isPassing)) throw error
      // that the claim may stand is not to be forgotten over what kept the next try from finding out
      if (refusal !== null || !isAhead(this.#failure)) this.#failure = error
      if (refusal !== null) this.#heldBy(refusal.holders, refusal.vantage)
      return null
    }
  }

  /** Whether the next try goes on from what the remote has: a session that the claim started is another then. */
  #maySettle(error: DwError): boolean {
    return isAhead(error) && this.#keepAlive.session !== null
  }

  /** Whether to try: nobody stands in the way any more, and those who came before have had their turn. */
  async #isMyTurn(ahead: number): Promise<boolean> {
    if (await this.#isStillHeld()) return false
    if (ahead === 0) return true
    const found = await this.#survey()
    if (found !== 'free') return found === 'try'
    const { elapsed } = this.#workspace.around
    this.#freeSince ??= elapsed()
    return elapsed() - this.#freeSince >= turnAfter(ahead)
  }

  /** Whether one of the known holders still stands in the way: one git process tells. */
  async #isStillHeld(): Promise<boolean> {
    if (this.#holders.length === 0) return false
    if (this.#byClock) await this.#askArbiter()
    const locks = this.#holders.map(({ name }) => lockRef(name))
    const snapshot = await this.#workspace.store.read({
      refs: [...new Set([...locks, ...this.#sessionRefs()])],
    })
    const ground = await readGround(this.#workspace, snapshot)
    const me = this.#keepAlive.session
    const isGone = me !== null && (snapshot.has(endedRef(me)) || !snapshot.has(activeRef(me)))
    // the claim itself says what is wrong
    const isWrong = isGone || ground.damaged.length > 0
    const live = ground.holdings.filter(({ state, record }) => state === 'live' && record.session !== me)
    this.#heldBy(isWrong ? [] : live, ground.vantage)
    return this.#holders.length > 0
  }

  /** Where the repository is shared, others release at the arbiter; one that does not answer is waited out, too. */
  async #askArbiter(): Promise<void> {
    try {
      await this.#workspace.store.refresh({ again: true })
    } catch (error) {
      if (!(error instanceof DwError) || !['DW_OFFLINE', 'DW_BUSY'].includes(error.code)) throw error
    }
  }

  /** How the keys stand, read anew; `try` where only the claim itself can tell, or it is mine. */
  async #survey(): Promise<'free' | 'held' | 'try'> {
    const { checks, ground } = await checkKeys(this.#workspace, this.#keys, this.#request.session)
    if (ground.damaged.length > 0 || checks.every(({ answer }) => answer === 'mine')) return 'try'
    const holders = checks.flatMap((check) => check.holders)
    this.#heldBy(holders, ground.vantage)
    return holders.length > 0 ? 'held' : 'free'
  }

  /** Notes who stands in the way, and says so when that is somebody else than before. */
  #heldBy(holders: readonly Holding[], vantage: Vantage): void {
    this.#holders = holders
    this.#vantage = vantage
    if (holders.length === 0) return
    this.#freeSince = null
    const named = holders
      .map(({ name, record }) => `${name} ${record.session}`)
      .sort()
      .join()
    if (named === this.#named) return
    const { around } = this.#workspace
    const seconds = (this.#deadline - around.elapsed()) / 1000
    const left = this.#named === '' ? this.#request.limit : formatLeft(seconds)
    this.#named = named
    for (const holding of holders.slice(0, MOST_NAMED)) {
      const who = describeHolder(holding, vantage, ({ key }) => showKey(this.#workspace, key))
      around.say(`waiting up to ${left}: ${who}`)
    }
    if (holders.length > MOST_NAMED) around.say(`… and for ${holders.length - MOST_NAMED} more`)
  }

  /** By the clock for differences, in milliseconds. */
  #nextLook(ahead: number, looks: number, pauses: Pauses): number {
    const { elapsed, now, random } = this.#workspace.around
    if (this.#freeSince !== null)
      return Math.max(this.#freeSince + turnAfter(ahead), elapsed() + pauses.first)
    const vantage = this.#vantage
    const leaseEnds =
      vantage === null
        ? []
        : this.#holders.flatMap(({ session, record }) =>
            session === undefined ? [] : [leaseEnd(session, record.ttl, vantage)],
          )
    return elapsed() + pauseBefore({ looks, pauses, jitter: random(), leaseEnds, now: now() })
  }

  /** The sessions whose changes end the wait: those of the holders, and my own, which may be ended. */
  #sessionRefs(): RefName[] {
    const ids = this.#holders.map(({ record }) => record.session)
    const me = this.#keepAlive.session
    return [...new Set(me === null ? ids : [...ids, me])].flatMap((id) => [activeRef(id), endedRef(id)])
  }

  #timeout(): DwError {
    const failure = this.#failure ?? new DwError('DW_BUSY', 'others kept changing the same records')
    if (refusalIn(failure) === null) return failure
    return new DwError('DW_TIMEOUT', `waited ${this.#request.limit}: ${failure.message}`, {
      hints: [`wait on: ${this.#request.again}`, ...failure.hints],
      details: failure.details,
      cause: failure,
    })
  }
}
