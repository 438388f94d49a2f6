import { appendFileSync, copyFileSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Answer, Call, RefMove } from '../history.ts'

/** What is noted of a run by the one who runs it; its hook notes what moves at the remote between these. */
export type Note =
  | { readonly kind: 'called'; readonly call: Call }
  | { readonly kind: 'answered'; readonly call: number; readonly answer: Answer }
  | { readonly kind: 'killed'; readonly call: number }
  | { readonly kind: 'clone moved'; readonly clone: string; readonly move: RefMove }
  | { readonly kind: 'arbiter emptied' }
  /** What a person wants to know who reads it. */
  | { readonly kind: 'told'; readonly what: string }

/** The log of a run, in the order in which everything happened, and the time of it, which can be made to pass. */
export class Recorder {
  readonly log: string
  /** For DW_TEST_CLOCK: how many milliseconds have been made to pass. */
  readonly clock: string
  #passed = 0

  constructor(directory: string) {
    this.log = join(directory, 'log')
    this.clock = join(directory, 'clock')
    writeFileSync(this.log, '')
    writeFileSync(this.clock, '0')
  }

  /** True time, in milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.#passed
  }

  note(note: Note): void {
    appendFileSync(this.log, `${JSON.stringify({ ...note, time: this.now() })}\n`)
  }

  /** Lets so many milliseconds pass, for all processes at once. */
  pass(milliseconds: number): void {
    this.#passed += milliseconds
    writeFileSync(`${this.clock}.new`, String(this.#passed))
    renameSync(`${this.clock}.new`, this.clock)
    this.note({ kind: 'told', what: `${Math.round(milliseconds / 60_000)} minutes pass` })
  }

  /** A copy of the log that outlives the run. */
  kept(): string {
    const copy = join(mkdtempSync(join(tmpdir(), 'git-dw-fault-run-')), 'log')
    copyFileSync(this.log, copy)
    return copy
  }

  /** Does `work`, and keeps the log where that throws. */
  keptWhere<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}; the log is ${this.kept()}`)
    }
  }

  lines(): string[] {
    return readFileSync(this.log, 'utf8').split('\n').slice(0, -1)
  }
}
