import type { RefUpdate } from '../../../src/git/refs.ts'
import type { PlainStep, PushOutcome, RemoteStep } from '../../../src/git/remote.ts'
import type { Machine } from './machine.ts'
import type { MemoryRepository } from './memory-repository.ts'

/**
 * What the network does to one call: nothing; it cannot connect; the connection is cut before the request
 * came, or after it was served; it is served late, when nobody waits for it any more; the server is killed
 * while it serves it.
 */
export const FATES = ['well', 'unsent', 'cut before', 'cut after', 'late', 'server killed'] as const
export type Fate = (typeof FATES)[number]

/** What a push asks of one ref. */
type Step = RemoteStep | PlainStep

/** Calls to the arbiter, each with its fate. */
export class Network {
  readonly #arbiter: MemoryRepository
  readonly #fate: () => Fate
  readonly #later: (what: string, work: () => void) => void
  readonly #sends: (machine: Machine, land: () => boolean) => boolean
  #kills = 0

  /**
   * `fate` is asked once a call. `later` runs `work` whenever it pleases, or never. `sends` runs a transaction
   * at the arbiter for a machine.
   */
  constructor(parts: {
    readonly arbiter: MemoryRepository
    readonly fate: () => Fate
    readonly later: (what: string, work: () => void) => void
    readonly sends: (machine: Machine, land: () => boolean) => boolean
  }) {
    this.#arbiter = parts.arbiter
    this.#fate = parts.fate
    this.#later = parts.later
    this.#sends = parts.sends
  }

  /** The arbiter's refs; null when it cannot be asked. */
  async read(machine: Machine, patterns: readonly string[]): Promise<{ ref: string; oid: string }[] | null> {
    const fate = this.#fate()
    await machine.step(`read: ${fate}`)
    return fate === 'well' || fate === 'late' ? this.#arbiter.list(patterns) : null
  }

  /**
   * An atomic push as git makes it: the server tells its refs, the client compares them with its leases and
   * sends no command for a ref that is as it should be already, and the server compares once more.
   */
  async push(machine: Machine, steps: readonly Step[]): Promise<PushOutcome> {
    const fate = this.#fate()
    if (fate === 'unsent') {
      await machine.step('push: no connection')
      return outcome('unsent')
    }
    await machine.step('push: advertisement')
    const commands: RefUpdate[] = []
    for (const { ref, lease, to } of steps) {
      const now = this.#arbiter.refs.get(ref) ?? null
      if (now === to) continue
      if (lease !== undefined && lease !== now) return outcome('refused')
      commands.push({ ref, from: now as never, to: to as never })
    }
    if (commands.length === 0) return outcome('accepted', steps)
    const ordered = asSent(commands)
    const land = (upTo?: number) => this.#sends(machine, () => this.#arbiter.transact(ordered, upTo))
    if (fate === 'cut before' || fate === 'late') {
      await machine.step(`push: ${fate}`, () => fate === 'late' && this.#later('late push', land))
      if (fate === 'late') this.#later('late push', land)
      return lost(machine)
    }
    // a client that dies here has sent it: what it sent may be served all the same
    await machine.step('push: request', (made) => made > 0 && this.#later('push of the dead', land))
    const landed = fate === 'server killed' ? land(this.#cutAfter(commands.length)) : land()
    await machine.step('push: answer')
    if (fate !== 'well') return lost(machine)
    return landed ? outcome('accepted', steps) : outcome('refused')
  }

  /** How many refs of a push a server makes before it is killed: another place each time, the middle first. */
  #cutAfter(count: number): number {
    this.#kills += 1
    return 1 + ((Math.ceil(count / 2) + this.#kills - 2) % Math.max(1, count - 1))
  }
}

/** Git sends what it asks of refs that are there first, by their names, and then the new ones as it was told them. */
function asSent(commands: readonly RefUpdate[]): RefUpdate[] {
  const there = commands.filter(({ from }) => from !== null)
  const created = commands.filter(({ from }) => from === null)
  return [...there.sort((a, b) => (a.ref < b.ref ? -1 : 1)), ...created]
}

function lost(machine: Machine): PushOutcome {
  machine.lost += 1
  return outcome('unclear')
}

function outcome(what: PushOutcome['outcome'], taken: readonly Step[] = []): PushOutcome {
  return { outcome: what, taken: new Set(taken.map(({ ref }) => ref)), said: what }
}
