import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ended } from '../../harness/sandbox.ts'
import type { Answer, Call } from '../history.ts'
import { type Arranged, arrange, type Stage } from './faults.ts'
import type { Fault } from './plan.ts'
import type { Recorder } from './recorder.ts'
import type { CloneSite, Place, Site } from './site.ts'
import type { Troubles } from './troubles.ts'

/** After so many milliseconds a command hangs. */
const HANGS = 180_000

/** What a command came to, and what it printed on stdout. */
export interface Said {
  /** Null for one that was killed. */
  readonly answer: Answer | null
  readonly stdout: string
}

export interface ClientParts {
  readonly site: Site
  readonly recorder: Recorder
  readonly troubles: Troubles
  /** The program and its first arguments. */
  readonly program: readonly [string, ...string[]]
  readonly git: string
  /** What others do while a client stands still. */
  readonly meanwhile: () => Promise<void>
  /** Told of a fault that came to happen, and of where it may have left something. */
  readonly happened: (fault: Fault, leaves: readonly Place[]) => void
}

/** Runs commands as processes, and notes each with its answer and what it moved in its clone. */
export class Client {
  readonly #parts: ClientParts
  readonly #seen = new Map<string, Map<string, string>>()
  readonly #calls: string
  /** The faults of the calls that go on, which have not come to happen as far as is known. */
  readonly #pending = new Map<number, { readonly fault: Fault; readonly arranged: Arranged }>()
  #id = 0

  constructor(parts: ClientParts) {
    this.#parts = parts
    this.#calls = join(parts.site.sandbox.root, 'calls')
    mkdirSync(this.#calls)
  }

  /** The id of the next call. */
  next(): number {
    this.#id += 1
    return this.#id
  }

  async run(
    call: Call,
    clone: CloneSite,
    words: readonly string[],
    fault: Fault | null,
    meanwhile = this.#parts.meanwhile,
  ): Promise<Said> {
    const { site, recorder, troubles, program, git } = this.#parts
    const directory = join(this.#calls, String(call.id))
    mkdirSync(directory)
    const hit = join(site.sandbox.root, 'server-hits', String(call.id))
    const path = site.sandbox.env()['PATH'] ?? ''
    const { session } = call
    const stage: Stage = { site, troubles, directory, hit, git, path, session, meanwhile }
    const arranged = arrange(fault, clone, stage)
    if (fault !== null) this.#pending.set(call.id, { fault, arranged })
    const from = performance.now()
    recorder.note({ kind: 'called', call })
    const child = site.sandbox.start(program[0], [...program.slice(1), ...words], {
      cwd: clone.path,
      env: {
        ...site.served.client(`${call.id}:${arranged.mark}`, arranged.cut),
        ...arranged.env,
        ...(session === null ? {} : { DW_SESSION: session }),
        DW_TEST_CLOCK: clone.clock,
      },
    })
    child.stdin?.on('error', () => undefined)
    child.stdin?.end()
    let hangs = false
    const timer = setTimeout(() => {
      hangs = true
      child.kill('SIGKILL')
    }, HANGS)
    const during = arranged.during(child)
    const outcome = await ended(child)
    clearTimeout(timer)
    await during
    arranged.after()
    const isKilled = outcome.signal === 'SIGKILL' && !hangs
    if (fault?.kind === 'client killed' && isKilled) this.#happened(call.id)
    // what has befallen another call that goes on may be in the way of this one
    for (const [id, other] of this.#pending) if (other.arranged.happened()) this.#happened(id)
    const didHappen = fault !== null && !this.#pending.delete(call.id)
    this.#noteMoves(clone)
    if (isKilled) {
      recorder.note({ kind: 'killed', call: call.id })
      return { answer: null, stdout: outcome.stdout }
    }
    const said = hangs ? { code: 'hangs', thrown: `no answer after ${HANGS} ms` } : answerOf(outcome)
    const text = said.said ?? said.thrown ?? ''
    const isExcused = didHappen || troubles.explain(text, from, [site.remote.name, clone.name])
    const answer = isExcused ? { ...said, excused: true as const } : said
    recorder.note({ kind: 'answered', call: call.id, answer })
    return { answer, stdout: outcome.stdout }
  }

  #happened(id: number): void {
    const pending = this.#pending.get(id)
    if (pending !== undefined) this.#parts.happened(pending.fault, pending.arranged.leaves)
    this.#pending.delete(id)
  }

  /** What moved in a clone since the last look, by anybody. */
  #noteMoves(clone: CloneSite): void {
    const now = this.#parts.site.liveSessions(clone)
    const before = this.#seen.get(clone.name) ?? new Map<string, string>()
    for (const [ref, to] of now) {
      const from = before.get(ref) ?? null
      if (from !== to)
        this.#parts.recorder.note({ kind: 'clone moved', clone: clone.id, move: { ref, from, to } })
    }
    this.#seen.set(clone.name, new Map([...before, ...now]))
  }
}

/** What a command said: its error is one line of JSON on stderr, whatever it is. */
function answerOf({
  status,
  signal,
  stderr,
}: {
  status: number | null
  signal: string | null
  stderr: string
}): Answer {
  if (status === 0) return { code: null }
  try {
    const { error } = JSON.parse(stderr)
    return { code: String(error.code), said: [error.message, error.stderr].join('\n').trim() }
  } catch {
    return { code: 'thrown', thrown: `${status ?? signal}: ${stderr}` }
  }
}
