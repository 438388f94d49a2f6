import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as t from 'typanion'
import type { Elsewhere } from '../../domain/migration/plan.ts'
import { encodeFileName } from '../../domain/name.ts'
import type { BlobId, Timestamp } from '../../domain/record.ts'
import type { RefName } from '../ref-names.ts'
import { readJsonFile, writeDurably } from './json-file.ts'
import { journalPath } from './migration-journal.ts'
import type { Stamp } from './stamp.ts'

/** Everything that a migration makes, so that it can be taken back to the last piece. */
export interface MigrationNote {
  /** The old state directory. */
  readonly state: string
  readonly at: Timestamp
  /** How many damaged entries were left. */
  readonly left: number
  readonly refs: readonly (readonly [RefName, BlobId])[]
  readonly stamps: readonly { readonly gitDir: string; readonly stamp: Stamp }[]
  /** What belongs to other repositories, for whoever asks later. */
  readonly elsewhere?: readonly Elsewhere[]
}

const isNote = t.isObject({
  state: t.isString(),
  at: t.isString(),
  left: t.isNumber(),
  refs: t.isArray(t.isTuple([t.isString(), t.isString()])),
  stamps: t.isArray(
    t.isObject({
      gitDir: t.isString(),
      stamp: t.isObject({ session: t.isString(), key: t.isString(), base: t.isOptional(t.isString()) }),
    }),
  ),
  elsewhere: t.isOptional(
    t.isArray(
      t.isObject({
        project: t.isString(),
        path: t.isString(),
        sessions: t.isArray(t.isString()),
        locks: t.isArray(t.isString()),
      }),
    ),
  ),
})

/**
 * Notes of migrations in `<common git dir>/dw`. While one is under way, or being taken back, its note is the
 * journal: whoever finds that, and nobody at work, takes the whole of it back. Once all is there, the note
 * becomes the marker of its state directory, in one step.
 */
export class MigrationFiles {
  readonly journal: string
  readonly #directory: string

  constructor(commonDir: string) {
    this.journal = journalPath(commonDir)
    this.#directory = join(commonDir, 'dw')
  }

  /** Held by the process that migrates or takes back. */
  get mutex(): string {
    return join(this.#directory, 'migrating-mutex.json')
  }

  #marker(state: string): string {
    return join(this.#directory, 'migrations', `${encodeFileName(state)}.json`)
  }

  /** Whether the directory was migrated, without reading of what. */
  isDone(state: string): boolean {
    return existsSync(this.#marker(state))
  }

  /** Writes the journal, and to disk: nothing may be made that it does not know. Throws DW_READONLY. */
  async begin(note: MigrationNote): Promise<void> {
    await writeDurably(this.journal, note)
  }

  async readJournal(): Promise<MigrationNote | undefined> {
    return asNote(await readJsonFile(this.journal))
  }

  /** Makes the journal the marker: from now on the migration is done. */
  async finish(note: MigrationNote): Promise<void> {
    const marker = this.#marker(note.state)
    await mkdir(dirname(marker), { recursive: true })
    await rename(this.journal, marker)
  }

  /** Makes the marker the journal again: from now on the migration is being taken back. */
  async reopen(note: MigrationNote): Promise<void> {
    await rename(this.#marker(note.state), this.journal)
  }

  async dropJournal(): Promise<void> {
    await rm(this.journal, { force: true })
  }

  /** The migrations that were done here, each with its state directory. */
  async done(): Promise<MigrationNote[]> {
    const directory = join(this.#directory, 'migrations')
    const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json')).sort()
    const notes = await Promise.all(
      names.map(async (name) => asNote(await readJsonFile(join(directory, name)))),
    )
    return notes.filter((note) => note !== undefined)
  }
}

function asNote(value: unknown): MigrationNote | undefined {
  return isNote(value) ? (value as unknown as MigrationNote) : undefined
}
