import { randomUUID } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import * as t from 'typanion'
import type { Observation } from '../../domain/lease.ts'
import { encodeComponent } from '../../domain/name.ts'
import type { BlobId, SessionId } from '../../domain/record.ts'
import { createJsonFile, readJsonFile, writeJsonFile } from './json-file.ts'

/** Which session an agent or a terminal of this machine acts for. */
export interface Binding {
  readonly session: SessionId
  /** The agent's or terminal's label, as it stands in the session's `owner`. */
  readonly label: string
  /** The terminal's session leader: its pid and start time. */
  readonly leader?: { readonly pid: number; readonly start: string }
  /** The session's id is chosen, but its record may not be written yet. */
  readonly reserved?: boolean
}

/** When a session's next heartbeat is due, valid for one version of its record only. */
export interface Beat {
  readonly record: BlobId
  /** Milliseconds since the epoch. */
  readonly due: number
  /** Seconds from one heartbeat to the next. */
  readonly window: number
}

const isBinding = t.isObject({
  session: t.isString(),
  label: t.isString(),
  leader: t.isOptional(t.isObject({ pid: t.isNumber(), start: t.isString() })),
  reserved: t.isOptional(t.isBoolean()),
})
const isBeat = t.isObject({ record: t.isString(), due: t.isNumber(), window: t.isNumber() })
const isObservation = t.isObject({ lastActivity: t.isString(), since: t.isNumber() })
const isClone = t.isObject({ id: t.isString() })

/** The files in `<common git dir>/dw/`: what this clone knows and no other needs to. */
export class CloneState {
  readonly #directory: string

  constructor(commonDir: string) {
    this.#directory = join(commonDir, 'dw')
  }

  /** This clone's random id, made at first use. */
  async cloneId(): Promise<string> {
    const path = join(this.#directory, 'clone.json')
    const known = await readJsonFile(path)
    if (isClone(known)) return known.id
    const id = randomUUID()
    if (await createJsonFile(path, { id })) return id
    const theirs = await readJsonFile(path)
    if (isClone(theirs)) return theirs.id
    await writeJsonFile(path, { id })
    return id
  }

  /** The binding of the agent or terminal that `source` identifies. */
  async binding(source: string): Promise<Binding | undefined> {
    const value = await readJsonFile(this.#bindingPath(source))
    return isBinding(value) ? (value as Binding) : undefined
  }

  async bind(source: string, binding: Binding): Promise<void> {
    await writeJsonFile(this.#bindingPath(source), binding)
  }

  /**
   * Binds `source` to a session that is about to start, unless another process of the same agent or
   * terminal has bound it since `seen` was read there, or is doing so: then that one's session counts.
   * Returns the session to start.
   */
  async reserve(source: string, binding: Binding, seen: SessionId | undefined): Promise<SessionId> {
    const path = this.#bindingPath(source)
    if (await createJsonFile(path, binding)) return binding.session
    const theirs = await this.binding(source)
    if (theirs !== undefined && (theirs.reserved || theirs.session !== seen)) return theirs.session
    await writeJsonFile(path, binding)
    return binding.session
  }

  /** All bindings of this clone that name `session`. */
  async bindingsOf(session: SessionId): Promise<Binding[]> {
    const directory = join(this.#directory, 'bindings')
    const names = await readdir(directory).catch(() => [])
    const values = await Promise.all(names.map((name) => readJsonFile(join(directory, name))))
    return values.filter((value): value is Binding => isBinding(value) && value.session === session)
  }

  /**
   * Notes that a worktree is being made at `path`, until it has its stamp: a kill in between then leaves
   * no worktree of which nobody knows that a claim made it.
   */
  async intend(path: string): Promise<void> {
    await writeJsonFile(this.#intentPath(path), { path })
  }

  /** Whether a claim was making a worktree at `path` and did not come to its end. */
  async isIntended(path: string): Promise<boolean> {
    return (await readJsonFile(this.#intentPath(path))) !== undefined
  }

  async dropIntent(path: string): Promise<void> {
    await rm(this.#intentPath(path), { force: true })
  }

  async beat(session: SessionId): Promise<Beat | undefined> {
    const value = await readJsonFile(this.#sessionPath('beats', session))
    return isBeat(value) ? (value as Beat) : undefined
  }

  async setBeat(session: SessionId, beat: Beat): Promise<void> {
    await writeJsonFile(this.#sessionPath('beats', session), beat)
  }

  /** Since when this clone has seen the session's activity unchanged. */
  async observation(session: SessionId): Promise<Observation | undefined> {
    const value = await readJsonFile(this.#sessionPath('observed', session))
    return isObservation(value) ? value : undefined
  }

  async setObservation(session: SessionId, observation: Observation): Promise<void> {
    await writeJsonFile(this.#sessionPath('observed', session), observation)
  }

  /** Drops what is remembered of a session that has ended. */
  async forget(session: SessionId): Promise<void> {
    const kinds = ['beats', 'observed'] as const
    await Promise.all(kinds.map((kind) => rm(this.#sessionPath(kind, session), { force: true })))
  }

  #bindingPath(source: string): string {
    return join(this.#directory, 'bindings', `${encodeComponent(source)}.json`)
  }

  #intentPath(path: string): string {
    return join(this.#directory, 'worktrees', `${encodeComponent(path)}.json`)
  }

  #sessionPath(kind: 'beats' | 'observed', session: SessionId): string {
    return join(this.#directory, kind, `${encodeComponent(session)}.json`)
  }
}
