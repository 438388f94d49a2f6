import type { Writable } from 'node:stream'
import type { DwError } from '../domain/error.ts'
import { printable } from '../domain/printable.ts'
import { errorJson, errorText } from '../report/error.ts'
import { jsonLine } from '../report/json.ts'
import { COLOURED, type Palette, PLAIN } from '../report/palette.ts'

/** A stream to write to, and whether a person watches it. */
export interface Target {
  readonly stream: Writable
  readonly isTerminal: boolean
}

/** The colour setting: `always`, `never`, or by the terminal. */
export type ColourWish = 'always' | 'never' | 'auto'

/** stdout for the answer, stderr for the narration, and what suits whoever reads them. */
export class Streams {
  readonly #stdout: Target
  readonly #stderr: Target
  readonly #noColour: boolean
  #json = false
  #wish: ColourWish = 'auto'

  constructor(stdout: Target, stderr: Target, noColour: boolean) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.#noColour = noColour
    // a reader that left (EPIPE) is no error: what was done stays done
    for (const { stream } of [stdout, stderr]) stream.on('error', () => undefined)
  }

  /** From now on the answer is JSON and nothing is narrated. */
  useJson(): void {
    this.#json = true
  }

  useColour(wish: ColourWish): void {
    this.#wish = wish
  }

  get answerPalette(): Palette {
    return this.#palette(this.#stdout)
  }

  /** Writes a command's answer. */
  answer(answer: { readonly text: string; readonly json: object }): void {
    this.#stdout.stream.write(this.#json ? jsonLine(answer.json) : answer.text)
  }

  /** Writes help, which is an answer but never JSON. */
  help(text: string): void {
    this.#stdout.stream.write(text)
  }

  /** Whether a person reads stdout on a terminal. */
  get isWatched(): boolean {
    return this.#stdout.isTerminal
  }

  /** Whether questions can be shown: on stderr, because stdout is for the answer. */
  get mayAsk(): boolean {
    return this.#stderr.isTerminal && !this.#json
  }

  /** Writes usage that was not asked for. */
  complain(text: string): void {
    this.#stderr.stream.write(text)
  }

  /** Says one line of narration. */
  say(line: string): void {
    if (!this.#json) this.#stderr.stream.write(`${printable(line)}\n`)
  }

  error(error: DwError): void {
    this.#stderr.stream.write(this.#json ? errorJson(error) : errorText(error, this.#palette(this.#stderr)))
  }

  #palette(target: Target): Palette {
    if (this.#wish === 'always') return COLOURED
    if (this.#wish === 'never' || this.#noColour || !target.isTerminal) return PLAIN
    return COLOURED
  }
}
