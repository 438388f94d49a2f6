import { randomUUID } from 'node:crypto'
import { access, constants, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import * as t from 'typanion'
import { DwError } from '../../domain/error.ts'
import type { Observation } from '../../domain/lease.ts'
import { encodeComponent } from '../../domain/name.ts'
import type { BlobId, SessionId } from '../../domain/record.ts'
import { createJsonFile, readJsonFile, readOnly, writeJsonFile } from './json-file.ts'
import type { Stamp } from './stamp.ts'

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
const isIntent = t.isObject({ session: t.isString(), key: t.isString() })
const isClone = t.isObject({ id: t.isString() })

/** Age from which a claim that was making a worktree is not waited for, in milliseconds. */
const ABANDONED = 600_000

/** A binding as its file holds it; undefined for what is none. */
export function parseBinding(text: string): Binding | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isBinding(value) ? (value as Binding) : undefined
  } catch {
    return undefined
  }
}

function beingMade(what: string, session: string): DwError {
  const branch = what.startsWith(BRANCHES) ? what.slice(BRANCHES.length) : null
  const told = branch === null ? `the worktree "${what}"` : `the branch "${branch}"`
  return new DwError('DW_IN_USE', `${told} is being taken by ${session}`, {
    hints: ['try again', 'or name another branch with --branch'],
    details: { ...(branch === null ? { path: what } : { branch }), session },
  })
}

const BRANCHES = 'refs/heads/'

/** The files in `<common git dir>/dw/`: what this clone knows and no other needs to. */
export class CloneState {
  readonly #directory: string

  constructor(commonDir: string) {
    this.#directory = join(commonDir, 'dw')
  }

  /**
   * This clone's random id, made at first use. It is kept twice: were it lost in a crash, this clone would
   * take all of its own sessions for another's.
   */
  async cloneId(): Promise<string> {
    const path = join(this.#directory, 'clone.json')
    const copy = join(this.#directory, 'clone-copy.json')
    const known = await readJsonFile(path)
    if (isClone(known)) return known.id
    const kept = await readJsonFile(copy)
    if (isClone(kept)) {
      await writeJsonFile(path, kept).catch(() => undefined)
      return kept.id
    }
    const id = await this.#chooseCloneId(path)
    await writeJsonFile(copy, { id })
    return id
  }

  async #chooseCloneId(path: string): Promise<string> {
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

  /** Refuses where no binding can be written, before anything is changed for one. Throws DW_READONLY. */
  async refuseReadOnly(): Promise<void> {
    for (const directory of [join(this.#directory, 'bindings'), this.#directory, dirname(this.#directory)]) {
      const problem = await access(directory, constants.W_OK).then(
        () => null,
        (error: NodeJS.ErrnoException) => error,
      )
      if (problem === null) return
      if (problem.code !== 'ENOENT') throw readOnly(directory, problem)
    }
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
    // of several that saw the same old binding, one puts its own in place
    const turn = `${path}.after-${encodeComponent(seen ?? 'damage')}`
    if (await createJsonFile(turn, binding)) await writeJsonFile(path, binding)
    const chosen = await readJsonFile(turn)
    return isBinding(chosen) ? (chosen.session as SessionId) : binding.session
  }

  /** All bindings of this clone that name `session`. */
  async bindingsOf(session: SessionId): Promise<Binding[]> {
    const directory = join(this.#directory, 'bindings')
    const names = await readdir(directory).catch(() => [])
    const values = await Promise.all(
      names.filter((name) => name.endsWith('.json')).map((name) => readJsonFile(join(directory, name))),
    )
    return values.filter((value): value is Binding => isBinding(value) && value.session === session)
  }

  /**
   * Notes that a worktree is being made at `what`, a path, or with the branch `what`, a ref, until it has its
   * stamp: a kill in between then leaves no worktree of which nobody knows that a claim made it, and two claims of
   * different tasks cannot take one worktree at once, or check out one branch, which git itself would let them.
   * `now` is the file system's clock in milliseconds. Throws DW_IN_USE.
   */
  async intend(what: string, maker: Stamp, now: number): Promise<void> {
    const file = this.#intentPath(what)
    if (await createJsonFile(file, maker)) return
    const theirs = await readJsonFile(file)
    // one who made it for the same task is gone: the task's lock is ours now
    const since = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => now,
    )
    const dead = now - since > ABANDONED
    if (isIntent(theirs) && theirs.key !== maker.key && !dead) throw beingMade(what, theirs.session)
    await writeJsonFile(file, maker)
  }

  /** Whether a claim of `key` was making a worktree at `path` and did not come to its end. */
  async isIntended(path: string, key: string): Promise<boolean> {
    const intent = await readJsonFile(this.#intentPath(path))
    return isIntent(intent) && intent.key === key
  }

  /** Ends an intent; of `session` alone when one is given. */
  async dropIntent(what: string, session?: SessionId): Promise<void> {
    const intent = await readJsonFile(this.#intentPath(what))
    if (session !== undefined && isIntent(intent) && intent.session !== session) return
    await rm(this.#intentPath(what), { force: true }).catch(() => undefined)
  }

  async beat(session: SessionId): Promise<Beat | undefined> {
    const value = await readJsonFile(this.#sessionPath('beats', session))
    return isBeat(value) ? (value as Beat) : undefined
  }

  /** Keeps a beat; the file's own time becomes `fileDue`, from when on the hooks take it for due. */
  async setBeat(session: SessionId, beat: Beat, fileDue: number): Promise<void> {
    await writeJsonFile(this.#sessionPath('beats', session), beat, fileDue)
  }

  /** A quarter of the shortest ttl of each session that acted here, or the interval of its heartbeats, in seconds. */
  async windows(): Promise<number[]> {
    const directory = join(this.#directory, 'beats')
    const names = await readdir(directory).catch(() => [])
    const values = await Promise.all(names.map((name) => readJsonFile(join(directory, name))))
    return values.flatMap((value) => (isBeat(value) ? [value.window] : []))
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
    const files = kinds.map((kind) => this.#sessionPath(kind, session))
    // what stays is of no use to anybody, and in nobody's way
    await Promise.all(files.map((file) => rm(file, { force: true }).catch(() => undefined)))
  }

  #bindingPath(source: string): string {
    return join(this.#directory, 'bindings', `${encodeComponent(source)}.json`)
  }

  #intentPath(what: string): string {
    return join(this.#directory, 'worktrees', `${encodeComponent(what)}.json`)
  }

  #sessionPath(kind: 'beats' | 'observed', session: SessionId): string {
    return join(this.#directory, kind, `${encodeComponent(session)}.json`)
  }
}
