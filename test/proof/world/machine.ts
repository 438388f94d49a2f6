import type { Git } from '../../../src/git/exec.ts'
import type { MemoryRepository } from './memory-repository.ts'
import type { Network } from './network.ts'

/** When a process dies: before its nth call of git, having made so many refs of a transaction it was in. */
export interface Death {
  readonly before: number
  readonly made: number
}

/**
 * One run of a command in the simulation. It stands where the product has git: the modules that start git
 * are replaced by ones that call this.
 */
export class Machine {
  readonly repository: MemoryRepository
  readonly network: Network
  readonly pid: number
  readonly #pause: (what: string) => Promise<void>
  readonly #dead: () => void
  #left: number
  readonly #made: number
  isRunning = true
  /** Pushes whose answer was lost. */
  lost = 0

  constructor(parts: {
    readonly repository: MemoryRepository
    readonly network: Network
    readonly pid: number
    /** Lets others go first. */
    readonly pause: (what: string) => Promise<void>
    readonly death: Death | null
    /** Called when it dies. */
    readonly dead: () => void
  }) {
    this.repository = parts.repository
    this.network = parts.network
    this.pid = parts.pid
    this.#pause = parts.pause
    this.#dead = parts.dead
    this.#left = parts.death?.before ?? Number.POSITIVE_INFINITY
    this.#made = parts.death?.made ?? 0
  }

  /** A call of git: others may go first, and this process may die, having done `part` of it. */
  async step(what: string, part: (made: number) => void = () => undefined): Promise<void> {
    await this.#pause(what)
    this.#left -= 1
    if (this.#left >= 0) return
    part(this.#made)
    this.isRunning = false
    this.#dead()
    await new Promise(() => undefined)
  }
}

/** The machine behind what the product takes for git. */
export function machineOf(git: Git): Machine {
  return git as unknown as Machine
}
