import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { basename, join } from 'node:path'
import * as t from 'typanion'
import type { LockName } from '../../domain/key.ts'
import { areRivals } from '../../domain/waiting.ts'
import { DirectoryWatch } from '../directory-watch.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

/** A process by its pid and start time. */
interface Waiter {
  readonly pid: number
  readonly start: string
}

/** What the line needs of the machine. */
export interface LineRuntime {
  readonly host: string
  /** Milliseconds since the epoch, as files' times are. */
  readonly fileClock: () => number
  readonly randomWord: () => string
  /** This process; null where that cannot be told. */
  readonly self: () => Promise<Waiter | null>
  readonly isRunning: (waiter: Waiter) => Promise<boolean>
}

const isTicket = t.isObject({
  names: t.isArray(t.isString()),
  host: t.isString(),
  process: t.isNullable(t.isObject({ pid: t.isNumber(), start: t.isString() })),
})

/** How long a ticket counts that its waiter has not touched, in milliseconds. A waiter looks more often. */
const SILENCE = 15_000

/**
 * The claims that wait on this machine, in the order in which they came: a file each in
 * `<common git dir>/dw/waiting/`. It tells whose turn it is and decides nothing: what is held, git's refs
 * say alone. A waiter that died or was stopped does not count.
 */
export class WaitingLine {
  readonly #directory: string
  readonly #runtime: LineRuntime
  readonly #names: readonly LockName[]
  readonly #ticket: string
  #joined = false

  /** The line in `commonDir` for a claim of `names`; it comes last. */
  constructor(commonDir: string, names: readonly LockName[], runtime: LineRuntime) {
    this.#directory = join(commonDir, 'dw', 'waiting')
    this.#runtime = runtime
    this.#names = names
    this.#ticket = `${String(runtime.fileClock()).padStart(15, '0')}-${runtime.randomWord()}.json`
  }

  /** Takes a place in the line, or keeps it. Where nothing can be written there is no line. */
  async keepPlace(): Promise<void> {
    const { host, self, fileClock } = this.#runtime
    const path = join(this.#directory, this.#ticket)
    const now = new Date(fileClock())
    if (this.#joined && (await utimes(path, now, now).then(...SUCCESS))) return
    const ticket = { names: this.#names, host, process: await self() }
    this.#joined = await writeJsonFile(path, ticket).then(...SUCCESS)
  }

  async leave(): Promise<void> {
    await rm(join(this.#directory, this.#ticket), { force: true }).catch(() => undefined)
  }

  /** How many others wait before this claim for something that it wants too. Dead waiters' files go. */
  async ahead(): Promise<number> {
    const names = await readdir(this.#directory).catch(() => [])
    const before = names.filter((name) => name.endsWith('.json') && name < this.#ticket)
    return (await Promise.all(before.map((name) => this.#counts(name)))).filter(Boolean).length
  }

  /** Calls `changed` when somebody ahead leaves, as far as that can be seen. */
  watch(changed: () => void): DirectoryWatch {
    return new DirectoryWatch([this.#directory], (path, came) => {
      // a touch is no change, and who joins comes later
      if (came && basename(path) < this.#ticket) changed()
    })
  }

  async #counts(name: string): Promise<boolean> {
    const path = join(this.#directory, name)
    const touched = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    )
    if (touched === null) return false
    const ticket = await readJsonFile(path)
    const { host, fileClock } = this.#runtime
    const isHeard = fileClock() - touched <= SILENCE
    const sound = isTicket(ticket) ? ticket : null
    if (isHeard && sound !== null && (sound.host !== host || (await this.#runs(sound.process)))) {
      return areRivals(sound.names as LockName[], this.#names)
    }
    await rm(path, { force: true }).catch(() => undefined)
    return false
  }

  /** Whether the waiter runs, as far as can be told; its touches tell where nothing else does. */
  async #runs(waiter: Waiter | null): Promise<boolean> {
    return waiter === null || this.#runtime.isRunning(waiter)
  }
}

/** For `then`: whether it went well. */
const SUCCESS = [() => true, () => false] as const
