import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sandbox } from '../../harness/sandbox.ts'
import { LAUNCHER } from '../../races/meeting.ts'
import type { Call, History } from '../history.ts'
import { Client } from './client.ts'
import { Pace } from './pace.ts'
import type { Fault, Plan, Scene, Step, Worker } from './plan.ts'
import { oldestLock, processesIn } from './processes.ts'
import { readHistory } from './read-history.ts'
import { Recorder } from './recorder.ts'
import { Records } from './records.ts'
import { type Place, Site } from './site.ts'
import type { Transport } from './transport.ts'
import { Troubles } from './troubles.ts'
import { Untidy } from './untidy.ts'
import { Workers } from './workers.ts'

/** What a run was: what was seen, and how much of what happened. */
export interface Ran {
  readonly history: History
  /** Keeps the log of the run, and says where. */
  readonly kept: () => string
  readonly counts: ReadonlyMap<string, number>
}

const MINUTE = 60_000
/** A git without its command may wait for a web server, which gives a dead one up after a minute. */
const PATIENCE = 3 * MINUTE

/** Runs `plan` with real processes in a sandbox; `program` is what is started for `git dw`. */
export async function faultRun(
  sandbox: Sandbox,
  plan: Plan,
  transport: Transport,
  program: readonly [string, ...string[]] = [LAUNCHER],
): Promise<Ran> {
  const recorder = new Recorder(sandbox.root)
  const site = await Site.open(sandbox, transport, plan, recorder)
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
  readonly #workers: Workers
  readonly #untidy: Untidy

  constructor(site: Site, recorder: Recorder, plan: Plan, program: readonly [string, ...string[]]) {
    this.#site = site
    this.#recorder = recorder
    this.#plan = plan
    this.#pace = new Pace(recorder, plan.seed)
    this.#untidy = new Untidy(this.#troubles, {
      tidy: (place) => site.tidy(place),
      oldestLock: ({ gitDir }) => oldestLock(gitDir),
    })
    const PATH = site.sandbox.env()['PATH'] ?? ''
    const git = execFileSync('sh', ['-c', 'command -v git'], { env: { PATH }, encoding: 'utf8' }).trim()
    this.#client = new Client({
      site,
      recorder,
      troubles: this.#troubles,
      program,
      git,
      meanwhile: () => this.#passLeases(),
      happened: (fault, leaves) => this.#happened(fault, leaves),
    })
    this.#workers = new Workers(site, this.#client)
  }

  async run(): Promise<Ran> {
    const initial = await this.#site.refs(this.#site.remote, 'refs')
    const tidying = setInterval(() => this.#untidy.tidy(), 500)
    try {
      await Promise.all(this.#plan.workers.map((worker) => this.#work(worker)))
      await this.#play(this.#plan.scenes ?? [])
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

  async #take(
    worker: Pick<Worker, 'clone' | 'seat'>,
    step: Step,
    meanwhile?: () => Promise<void>,
  ): Promise<void> {
    const answer = await this.#workers.take(worker, step, meanwhile)
    if (answer === undefined) return
    this.#count(`${step.operation.kind}: ${answer === null ? 'killed' : (answer.code ?? 'done')}`)
    this.#pace.step()
  }

  /** Plays scenes one after the other; what a kill has left is seen to before the next. */
  async #play(scenes: readonly Scene[], isMeanwhile = false): Promise<void> {
    for (const scene of scenes) {
      if (scene.kind === 'pass') this.#recorder.pass(scene.minutes * MINUTE)
      else if (scene.kind === 'empty') await this.#empty()
      else {
        const { clone, seat = 'first', operation, fault = null, meanwhile } = scene
        const others = meanwhile && (() => this.#play(meanwhile, true))
        await this.#take({ clone, seat: `${clone}/${seat}` }, { operation, fault, luck: 1 }, others)
        // while another stands still, nothing comes to rest
        if (!isMeanwhile && this.#untidy.size > 0) await this.#comeToRest()
      }
    }
  }

  async #empty(): Promise<void> {
    await this.#site.empty()
    this.#recorder.note({ kind: 'arbiter emptied' })
  }

  /** Until leases are over and others have taken what was held. */
  async #passLeases(): Promise<void> {
    await this.#pace.steps(6, 1500)
    this.#pace.passLease()
    await this.#pace.steps(8, 1500)
  }

  #happened(fault: Fault, leaves: readonly Place[]): void {
    this.#count(`fault: ${nameOf(fault)}`)
    for (const place of leaves) this.#untidy.add(place)
  }

  #count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  /** Waits for all that goes on by itself, and sees to what it has left. */
  async #comeToRest(): Promise<void> {
    const places = [this.#site.remote.gitDir, ...this.#site.clones.map(({ path }) => path)]
    const deadline = Date.now() + PATIENCE
    await this.#site.served.settled()
    for (;;) {
      const left = places.flatMap((place) => processesIn(place).map(({ command }) => command))
      if (left.length === 0) break
      if (Date.now() > deadline) throw new Error(`processes go on after the run: ${left.join('; ')}`)
      await sleep(50)
    }
    await sleep(500)
    for (const place of [this.#site.remote, ...this.#site.clones]) this.#site.tidy(place)
    this.#untidy.clear()
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

function nameOf(fault: Fault): string {
  if (fault.kind === 'killed at git') return `${fault.kind}: ${fault.what}`
  if (fault.kind === 'server killed') return `${fault.kind}: ${fault.when}`
  if (fault.kind === 'connection cut') return `${fault.kind}: ${fault.how}`
  return 'where' in fault ? `${fault.kind}: ${fault.where}` : fault.kind
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([ref, oid]) => b.get(ref) === oid)
}
