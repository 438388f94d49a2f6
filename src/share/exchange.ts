import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as t from 'typanion'
import { readJsonFile, writeJsonFile } from '../store/local/json-file.ts'

/** What the probe of `git dw share` found that the remote can do. */
export interface Abilities {
  readonly remote: string
  readonly url: string
  readonly atomic: boolean
}

/** When this clone last exchanged records with the remote, and last tried to, in milliseconds since the epoch. */
export interface Exchange {
  readonly remote: string
  readonly at: number
  readonly tried: number
}

const isAbilities = t.isObject({ remote: t.isString(), url: t.isString(), atomic: t.isBoolean() })
const isExchange = t.isObject({ remote: t.isString(), at: t.isNumber(), tried: t.isNumber() })

/** The files in `<common git dir>/dw/` about sharing (design §3): no records, and no other clone's business. */
export class SharingState {
  readonly #directory: string

  constructor(commonDir: string) {
    this.#directory = join(commonDir, 'dw')
  }

  get mutexPath(): string {
    return join(this.#directory, 'sync.json')
  }

  /** What is known of `remote`; null for one that was never probed. */
  async abilities(remote: string): Promise<Abilities | null> {
    const value = await readJsonFile(join(this.#directory, 'remote.json'))
    return isAbilities(value) && value.remote === remote ? value : null
  }

  async setAbilities(abilities: Abilities): Promise<void> {
    await writeJsonFile(join(this.#directory, 'remote.json'), abilities)
  }

  /** The last exchange with `remote`; null when there was none. */
  async exchange(remote: string): Promise<Exchange | null> {
    const value = await readJsonFile(this.#exchangePath)
    return isExchange(value) && value.remote === remote ? value : null
  }

  /** The file's time of change is when the exchange is no longer `fresh` (milliseconds): hooks/pre-push asks for it. */
  async setExchange(exchange: Exchange, fresh: number): Promise<void> {
    await writeJsonFile(this.#exchangePath, exchange, exchange.at + fresh)
  }

  /** Forgets it, when sharing stops. */
  async dropExchange(): Promise<void> {
    await rm(this.#exchangePath, { force: true })
  }

  get #exchangePath(): string {
    return join(this.#directory, 'exchange.json')
  }
}
