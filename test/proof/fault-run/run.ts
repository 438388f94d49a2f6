import { type ChildProcess, execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sandbox } from '../../harness/sandbox.ts'
import { LAUNCHER } from '../../races/meeting.ts'
import type { Answer, Call, History } from '../history.ts'
import { Client } from './client.ts'
import { writeCommit } from './commits.ts'
import { Pace } from './pace.ts'
import type { Fault, Operation, Plan, Step, Worker } from './plan.ts'
import { processesIn } from './processes.ts'
import { readHistory } from './read-history.ts'
import { Recorder } from './recorder.ts'
import { Records } from './records.ts'
import { type CloneSite, type Place, Site } from './site.ts'
import type { Transport } from './transport.ts'
import { Troubles } from './troubles.ts'

/** What a run was: what was seen, and how much of what happened. */
export interface Ran {
  readonly history: History
  /** Keeps the log of the run, and says where. */
  readonly kept: () => string
  readonly counts: ReadonlyMap<string, number>
}

/** A session's state as its workers know it. */
interface Seat {
  session: string | null
  readonly held: Set<string>
}

const MINUTE = 60_000

/** Runs `plan` with real processes in a sandbox; `program` is what is started for `git dw`. */
export async function faultRun(
  sandbox: Sandbox,
  plan: Plan,
  transport: Transport,
  program: readonly [string, ...string[]] = [LAUNCHER],
): Promise<Ran> {
  const recorder = new Recorder(sandbox.root)
  const site = await Site.open(sandbox, transport, plan.clocks, recorder)
  try {
    return await new FaultRun(site, recorder, plan, program).run()
  } finally {
    await site.close()
  }
}

class FaultRun {
  readonly #site: Site
  readonly #recorder: Recorder
  readonly #plan: Plan
  readonly #client: Client
  readonly #troubles = new Troubles()
  readonly #pace: Pace
  readonly #counts = new Map<string, number>()
  readonly #seats = new Map<string, Seat>()
  /** Places where a kill may have left lock files, with what ends that trouble. */
  readonly #untidy = new Map<Place, () => void>()

  constructor(site: Site, recorder: Recorder, plan: Plan, program: readonly [string, ...string[]]) {
    this.#site = site
    this.#recorder = recorder
    this.#plan = plan
    this.#pace = new Pace(recorder, plan.seed)
    const PATH = site.sandbox.env()['PATH'] ?? ''
    const git = execFileSync('sh', ['-c', 'command -v git'], { env: { PATH }, encoding: 'utf8' }).trim()
    this.#client = new Client({
      site,
      recorder,
      troubles: this.#troubles,
      program,
      git,
      stop: (client) => this.#stop(client),
      happened: (fault, leaves) => this.#happened(fault, leaves),
    })
  }

  async run(): Promise<Ran> {
    const initial = await this.#site.refs(this.#site.remote, 'refs')
    const tidying = setInterval(() => this.#tidy(), 500)
    try {
      await Promise.all(this.#plan.workers.map((worker) => this.#work(worker)))
      await this.#comeToRest()
    } finally {
      clearInterval(tidying)
    }
    await this.#settle()
    const final = await this.#site.refs(this.#site.remote, 'refs')
    const clones = new Map<string, Map<string, string>>()
    for (const clone of this.#site.clones) clones.set(clone.id, await this.#site.records(clone))
    const events = this.#recorder.keptWhere(() => readHistory(this.#recorder.lines(), { initial, final }))
    const records = await Records.read(this.#site, events)
    const history: History = {
      events,
      clocks: new Map(this.#site.clones.map(({ id, ahead }) => [id, ahead * 60 * MINUTE])),
      record: (oid) => records.get(oid),
      final: { arbiter: new Map([...final].filter(([ref]) => ref.startsWith('refs/dw/'))), clones },
    }
    return { history, kept: () => this.#recorder.kept(), counts: this.#counts }
  }

  async #work(worker: Worker): Promise<void> {
    for (const step of worker.steps) await this.#take(worker, step)
  }

  async #take(worker: Worker, { operation, fault, luck }: Step): Promise<void> {
    const clone = this.#site.clones[worker.clone]
    if (clone === undefined) throw new Error('a worker without its clone')
    const seat = this.#seats.get(worker.seat) ?? { session: null, held: new Set<string>() }
    this.#seats.set(worker.seat, seat)
    if (seat.session === null) await this.#start(clone, seat)
    const { session } = seat
    if (session === null) return
    const chosen = choose(operation, [...seat.held], luck)
    const answer = await this.#command(clone, session, chosen, fault)
    this.#count(`${operation.kind}: ${answer === null ? 'killed' : (answer.code ?? 'done')}`)
    if (seat.session === session) remember(seat, chosen, answer)
    this.#pace.step()
  }

  /** Starts a session, which may not come to be where something is broken. */
  async #start(clone: CloneSite, seat: Seat): Promise<void> {
    const call: Call = { id: this.#client.next(), clone: clone.id, session: null, kind: 'start', keys: [] }
    const { answer, stdout } = await this.#client.run(call, clone, ['new', '--json'], null)
    if (answer?.code !== null || seat.session !== null) return
    seat.session = String(JSON.parse(stdout).session)
    seat.held.clear()
  }

  async #command(
    clone: CloneSite,
    session: string,
    { kind, keys, ttl }: Operation,
    fault: Fault | null,
  ): Promise<Answer | null> {
    const id = this.#client.next()
    const why = `call-${id}`
    const claim = ['claim', '--json', '--ttl', `${ttl}s`, '-m', why]
    const made = (words: readonly string[], paths: readonly string[] = []) => {
      const isClaim = kind === 'claim' || kind === 'steal'
      const places = paths.map((path) => `path/${path}`)
      const call: Call = {
        id,
        clone: clone.id,
        session,
        kind,
        keys: places,
        ...(isClaim ? { claim: why } : {}),
      }
      return this.#client.run(call, clone, words, fault)
    }
    const run = async () => {
      switch (kind) {
        case 'claim':
          return made([...claim, '--', ...keys], keys)
        case 'steal':
          return made([...claim, '--steal', '--', ...keys], keys)
        case 'release':
          return made(['release', '--json', ...keys], keys)
        case 'push': {
          const [key = ''] = keys
          // in a directory there is something to write, too
          const path = /^\w+(?:\/deep)?$/.test(key) ? `${key}/new` : key
          const commit = writeCommit(clone.gitDir, this.#site.first, path, why)
          // there is no room for it
          if (commit === null) return made(['sync', '--json'])
          return made(['push', '--json', 'origin', `${commit}:refs/heads/work-${id}`], [path])
        }
        case 'beat':
          return made(['heartbeat', '--force', '--json'])
        default:
          return made([kind, '--json'])
      }
    }
    return (await run()).answer
  }

  /** Until leases are over and others have taken what it held; then it goes on as if nothing had been. */
  async #stop(client: ChildProcess): Promise<void> {
    await this.#pace.steps(6, 1500)
    this.#pace.passLease()
    await this.#pace.steps(8, 1500)
    client.kill('SIGCONT')
  }

  #happened(fault: Fault, leaves: readonly Place[]): void {
    this.#count(`fault: ${nameOf(fault)}`)
    for (const place of leaves) {
      if (!this.#untidy.has(place)) this.#untidy.set(place, this.#troubles.begin(place.name))
    }
  }

  /** Somebody looks after what kills have left, until there is nothing more. */
  #tidy(): void {
    for (const [place, over] of [...this.#untidy]) {
      if (!this.#site.tidy(place)) continue
      over()
      this.#untidy.delete(place)
    }
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  /** Waits for all that goes on by itself, and sees to what it has left. */
  async #comeToRest(): Promise<void> {
    const places = [this.#site.remote.gitDir, ...this.#site.clones.map(({ path }) => path)]
    const deadline = Date.now() + MINUTE
    await this.#site.served.settled()
    for (;;) {
      const left = places.flatMap((place) => processesIn(place).map(({ pid }) => pid))
      if (left.length === 0) break
      if (Date.now() > deadline) throw new Error(`processes go on for a minute after the run: ${left}`)
      await sleep(50)
    }
    await sleep(500)
    for (const place of [this.#site.remote, ...this.#site.clones]) this.#site.tidy(place)
    for (const over of this.#untidy.values()) over()
  }

  /** A last sync of every clone; what the later of them bring, the others are to have, too. */
  async #settle(): Promise<void> {
    for (const round of [1, 2, 3]) {
      const arbiter = round === 1 ? null : await this.#site.records(this.#site.remote)
      for (const clone of this.#site.clones) {
        if (arbiter !== null && isSame(arbiter, await this.#site.records(clone))) continue
        const call: Call = { id: this.#client.next(), clone: clone.id, session: null, kind: 'sync', keys: [] }
        await this.#client.run(call, clone, ['sync', '--json'], null)
      }
    }
  }
}

/** What is released or pushed is mostly what is held, as far as its session was told. */
function choose(operation: Operation, held: readonly string[], luck: number): Operation {
  const { kind, keys } = operation
  if ((kind !== 'release' && kind !== 'push') || held.length === 0 || luck > 0.9) return operation
  const mine = keys.filter((key) => held.includes(key))
  const one = held[Math.floor((luck / 0.9) * held.length)] ?? ''
  return { ...operation, keys: mine.length > 0 ? mine : [one] }
}

function remember(seat: Seat, { kind, keys }: Operation, answer: Answer | null): void {
  const isDone = answer !== null && answer.code === null
  if (isDone && (kind === 'claim' || kind === 'steal')) for (const key of keys) seat.held.add(key)
  if (kind === 'release' && (isDone || isOver(answer))) for (const key of keys) seat.held.delete(key)
  // one who was told that the session is over starts another
  const isGone = kind !== 'release' && kind !== 'push' && isOver(answer)
  if ((kind === 'end' && (answer === null || isDone)) || isGone || answer?.code === 'DW_NO_SESSION')
    seat.session = null
}

function isOver(answer: Answer | null): boolean {
  return ['DW_NOT_FOUND', 'DW_LOST', 'DW_NOT_OWNER'].includes(answer?.code ?? '')
}

function nameOf(fault: Fault): string {
  if (fault.kind === 'killed at git') return `${fault.kind}: ${fault.what}`
  if (fault.kind === 'server killed') return `${fault.kind}: ${fault.when}`
  if (fault.kind === 'connection cut') return `${fault.kind}: ${fault.how}`
  return 'where' in fault ? `${fault.kind}: ${fault.where}` : fault.kind
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([ref, oid]) => b.get(ref) === oid)
}
