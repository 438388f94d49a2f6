/**
 * Clones, an arbiter, clocks and a network in memory, in which the product's own flows run: claiming,
 * releasing, ending, syncing and fenced pushes, their sharing and their store. What starts git, and the file
 * system, are replaced when this is bundled; see {@link file://../world-build.ts}.
 */
import { DwError } from '../../../src/domain/error.ts'
import type { SessionId } from '../../../src/domain/record.ts'
import type { RefUpdate } from '../../../src/git/refs.ts'
import { encode } from '../../../src/store/codec.ts'
import { META_REF } from '../../../src/store/ref-names.ts'
import type { Answer, Call, Event, History, Json } from '../history.ts'
import { Clone } from './clone.ts'
import { emptyFiles } from './files.ts'
import { blobId } from './git-blobs.ts'
import { Machine } from './machine.ts'
import { MemoryRepository } from './memory-repository.ts'
import { Network } from './network.ts'
import { dropObjects, getObject, putObject } from './objects.ts'
import type { Command, Plan, Step, Worker } from './plan.ts'

/** What of fast-check's scheduler decides who goes first. */
export interface Scheduler {
  readonly schedule: (task: Promise<void>, label?: string) => Promise<void>
  readonly waitFor: <T>(task: Promise<T>) => Promise<T>
}

const START = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
/** So many lost pushes a command puts up with. */
const MOST_LOST = 2

/** Runs `plan` as `scheduler` orders it, then syncs every clone, and tells all that happened. */
export async function simulate(plan: Plan, scheduler: Scheduler): Promise<History> {
  return new Simulation(plan, scheduler).run()
}

class Simulation {
  readonly #plan: Plan
  readonly #scheduler: Scheduler
  readonly #events: Event[] = []
  readonly #arbiter: MemoryRepository
  readonly #network: Network
  readonly #clones: readonly Clone[]
  readonly #running = new Map<number, Machine>()
  readonly #late: (() => void)[] = []
  readonly #callOfPid = new Map<number, number>()
  /** What each session was told that it holds. */
  readonly #held = new Map<SessionId, readonly string[]>()
  /** What each seat of a clone acts for. */
  readonly #sessions = new Map<string, SessionId>()
  #now = START
  #words = 0
  #pids = 0
  #calls = 0
  #branches = 0
  #fates = 0
  #transaction = 0
  #sender: number | null = null
  #isOver = false
  #wasEmptied = false

  constructor(plan: Plan, scheduler: Scheduler) {
    this.#plan = plan
    this.#scheduler = scheduler
    emptyFiles(() => this.#now)
    dropObjects()
    this.#arbiter = new MemoryRepository((move, isCut) => this.#noteArbiter(move, isCut))
    this.#network = new Network({
      arbiter: this.#arbiter,
      fate: () => (this.#isOver ? 'well' : (plan.fates[this.#fates++] ?? 'well')),
      later: (what, work) => this.#doLater(what, work),
      sends: (machine, land) => this.#land(this.#callOf(machine), land),
    })
    this.#clones = plan.clocks.map((hours, at) => {
      const id = `clone-${at}`
      return new Clone({
        id,
        ahead: hours * HOUR,
        repository: new MemoryRepository((move) => this.#noteClone(id, move)),
        now: () => this.#now,
        word: () => this.#word(),
        isRunning: (pid) => this.#running.has(pid),
        sleep: (machine, milliseconds) => this.#sleep(machine, milliseconds),
      })
    })
    this.#introduce()
  }

  async run(): Promise<History> {
    const all = Promise.all(this.#plan.workers.map((worker) => this.#work(worker)))
    await this.#scheduler.waitFor(all)
    this.#isOver = true
    for (const work of this.#late.splice(0)) work()
    await this.#settle()
    return {
      events: this.#events,
      clocks: new Map(this.#clones.map(({ id, ahead }) => [id, ahead])),
      record: (oid) => parse(getObject(oid)),
      final: {
        arbiter: recordsOf(this.#arbiter),
        clones: new Map(this.#clones.map(({ id, repository }) => [id, recordsOf(repository)])),
      },
    }
  }

  /** The clones have shared through the arbiter before: all know its meta record. */
  #introduce(): void {
    const bytes = encode({ kind: 'meta', schema: 1, minReader: 1, id: 'simulated' }, { rev: 1, nonce: '' })
    const to = blobId('sha1', bytes)
    putObject(to, bytes)
    this.#arbiter.transact([{ ref: META_REF, from: null, to }])
    for (const { repository, base } of this.#clones) {
      repository.transact([{ ref: META_REF, from: null, to }])
      repository.transact([{ ref: `${base}/meta`, from: null, to }])
    }
    this.#events.length = 0
    for (const { clone: at, seat } of this.#plan.workers) {
      const clone = this.#clones[at]
      const name = `${at}/${seat}`
      if (clone !== undefined && !this.#sessions.has(name)) this.#sessions.set(name, clone.introduce())
    }
  }

  async #work(worker: Worker): Promise<void> {
    for (const step of worker.steps) await this.#take(worker, step)
  }

  async #take(worker: Worker, { operation, death }: Step): Promise<void> {
    if (operation.kind === 'wait') {
      await this.#pause('wait')
      this.#now += operation.minutes * 60_000
      return
    }
    if (operation.kind === 'empty the arbiter') {
      await this.#pause('empty the arbiter')
      if (!this.#wasEmptied) this.#empty()
      return
    }
    const clone = this.#clones[worker.clone]
    if (clone === undefined) throw new Error('a worker without its clone')
    const seat = `${worker.clone}/${worker.seat}`
    if (!this.#sessions.has(seat) && operation.kind !== 'sync') {
      const started = await this.#start(clone)
      if (started !== null && !this.#sessions.has(seat)) this.#sessions.set(seat, started)
    }
    const session = this.#sessions.get(seat) ?? null
    const chosen = this.#choose(operation, (session === null ? null : this.#held.get(session)) ?? [])
    const answer = await this.#command(clone, session, chosen, death)
    if (session !== null && answer?.code === null) this.#remember(session, chosen)
    // one who was told that the session is over starts another
    const isOver = operation.kind === 'end' && (answer === null || answer.code === null)
    const isLost = answer !== null && ['DW_NOT_FOUND', 'DW_LOST', 'DW_NO_SESSION'].includes(answer.code ?? '')
    const isGone = isLost && operation.kind !== 'release' && operation.kind !== 'push'
    if ((isOver || isGone) && this.#sessions.get(seat) === session) this.#sessions.delete(seat)
  }

  /** What is released or pushed is mostly what is held, as far as its session was told. */
  #choose(operation: Command, held: readonly string[]): Command {
    if (operation.kind !== 'release' && operation.kind !== 'push') return operation
    const mine = operation.keys.filter((key) => held.includes(key))
    const keys = mine.length > 0 ? mine : held.slice(0, 1)
    return keys.length === 0 ? operation : { kind: operation.kind, keys }
  }

  #remember(session: SessionId, operation: Command): void {
    const held = this.#held.get(session) ?? []
    if (operation.kind === 'claim' || operation.kind === 'steal') {
      this.#held.set(session, [...new Set([...operation.keys, ...held])])
    }
    if (operation.kind === 'release') {
      this.#held.set(
        session,
        held.filter((key) => !operation.keys.includes(key)),
      )
    }
  }

  async #start(clone: Clone): Promise<SessionId | null> {
    let started: SessionId | null = null
    await this.#record(
      { clone: clone.id, session: null, kind: 'start', keys: [] },
      null,
      clone,
      async (machine) => {
        started = await clone.start(machine)
      },
    )
    return started
  }

  async #command(
    clone: Clone,
    session: SessionId | null,
    operation: Command,
    death: Step['death'],
  ): Promise<Answer | null> {
    const keys = 'keys' in operation ? operation.keys : []
    const call: Omit<Call, 'id'> = {
      clone: clone.id,
      session,
      kind: operation.kind,
      keys: keys.map((key) => `path/${key}`),
      ...(operation.kind === 'claim' || operation.kind === 'steal' ? { claim: this.#word() } : {}),
    }
    const branch = `refs/heads/work-${this.#branches++}`
    return this.#record(call, death, clone, (machine) =>
      clone.run(machine, operation, { session, claim: call.claim ?? '', branch }),
    )
  }

  /** Runs a command, and notes its call and its answer; null for one that was killed. */
  async #record(
    call: Omit<Call, 'id'>,
    death: Step['death'],
    clone: Clone,
    work: (machine: Machine) => Promise<void>,
  ): Promise<Answer | null> {
    const id = this.#calls++
    this.#events.push({ kind: 'called', call: { id, ...call }, time: this.#now })
    const answer = await new Promise<Answer | null>((resolve) => {
      const pid = ++this.#pids
      const machine = new Machine({
        repository: clone.repository,
        network: this.#network,
        pid,
        pause: (what) => this.#pause(`${clone.id} ${call.kind}: ${what}`),
        death,
        dead: () => {
          this.#running.delete(pid)
          resolve(null)
        },
      })
      this.#running.set(pid, machine)
      this.#callOfPid.set(pid, id)
      work(machine)
        .then(
          (): Answer => ({ code: null }),
          (error: unknown) => answerOf(error),
        )
        .then((said) => {
          this.#running.delete(pid)
          // whose pushes are lost again and again may take the remote for one that does not take them
          const isWornOut = machine.lost > MOST_LOST && /does not take a push/.test(said.said ?? '')
          resolve(isWornOut ? { ...said, excused: true } : said)
        })
    })
    if (answer === null) this.#events.push({ kind: 'killed', call: id, time: this.#now })
    else this.#events.push({ kind: 'answered', call: id, answer, time: this.#now })
    return answer
  }

  #callOf(machine: Machine): number | null {
    return this.#callOfPid.get(machine.pid) ?? null
  }

  async #pause(what: string): Promise<void> {
    this.#now += this.#plan.tick
    if (!this.#isOver) await this.#scheduler.schedule(Promise.resolve(), what)
  }

  async #sleep(machine: Machine, milliseconds: number): Promise<void> {
    await machine.step('sleep')
    this.#now += milliseconds
  }

  /** What nobody waits for: it is done when the scheduler says so, at the latest when all else is. */
  #doLater(what: string, work: () => void): void {
    let isDone = false
    const once = () => {
      if (!isDone) work()
      isDone = true
    }
    this.#late.push(once)
    void this.#scheduler.schedule(Promise.resolve(), what).then(once)
  }

  #land(call: number | null, land: () => boolean): boolean {
    this.#transaction += 1
    this.#sender = call
    try {
      return land()
    } finally {
      this.#sender = null
    }
  }

  #empty(): void {
    this.#wasEmptied = true
    this.#events.push({ kind: 'arbiter emptied', time: this.#now })
    for (const [ref, oid] of [...this.#arbiter.refs]) {
      if (ref.startsWith('refs/dw/')) this.#arbiter.transact([{ ref, from: oid as never, to: null }])
    }
  }

  /** A last sync of every clone; what the later of them bring, the others are to have, too. */
  async #settle(): Promise<void> {
    for (const round of [1, 2, 3]) {
      for (const clone of this.#clones) {
        if (round > 1 && isSame(recordsOf(clone.repository), recordsOf(this.#arbiter))) continue
        const kind = this.#wasEmptied && round === 1 ? 'share again' : 'sync'
        await this.#record({ clone: clone.id, session: null, kind, keys: [] }, null, clone, (machine) =>
          clone.sync(machine, kind === 'share again'),
        )
      }
    }
  }

  #noteArbiter({ ref, from, to }: RefUpdate, isCut: boolean): void {
    const [transaction, call] = [this.#transaction, this.#sender]
    const cut = isCut ? ({ cut: true } as const) : {}
    const move = { ref, from, to }
    this.#events.push({ kind: 'arbiter moved', transaction, call, move, ...cut, time: this.#now })
  }

  #noteClone(clone: string, { ref, from, to }: RefUpdate): void {
    if (!ref.startsWith('refs/dw/')) return
    this.#events.push({ kind: 'clone moved', clone, move: { ref, from, to }, time: this.#now })
  }

  /** A word that no other call gets: twelve bytes, each a digit of one to thirty-two, as session ids read them. */
  #word(): string {
    this.#words += 1
    const digits = Array.from({ length: 12 }, (_, at) => Math.floor(this.#words / 32 ** at) % 32)
    return digits.map((digit) => digit.toString(16).padStart(2, '0')).join('')
  }
}

function answerOf(error: unknown): Answer {
  if (error instanceof DwError) return { code: error.code, said: error.message }
  return { code: 'thrown', thrown: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}

function recordsOf({ refs }: MemoryRepository): Map<string, string> {
  return new Map([...refs].filter(([ref]) => ref.startsWith('refs/dw/')))
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([ref, oid]) => b.get(ref) === oid)
}

function parse(bytes: Buffer | undefined): Json | null {
  if (bytes === undefined) return null
  try {
    return JSON.parse(bytes.toString('utf8')) as Json
  } catch {
    return null
  }
}
