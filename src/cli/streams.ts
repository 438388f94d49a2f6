import type { Writable } from 'node:stream'
import type { DwError } from '../domain/error.ts'
import { printable } from '../domain/printable.ts'
import { columnsOf, cutTo } from '../report/columns.ts'
import { errorJson, errorText } from '../report/error.ts'
import { jsonLine } from '../report/json.ts'
import { COLOURED, type Palette, PLAIN } from '../report/palette.ts'

/** A stream to write to, and whether a person watches it. */
export interface Target {
  readonly stream: Writable
  readonly isTerminal: boolean
  /** How many columns the terminal has now. */
  readonly columns?: () => number
}

/** Columns of a terminal that does not say how many it has. */
const USUAL_COLUMNS = 80

/** The colour setting: `always`, `never`, or by the terminal. */
export type ColourWish = 'always' | 'never' | 'auto'

/** stdout for the answer, stderr for the narration, and what suits whoever reads them. */
export class Streams {
  readonly #stdout: Target
  readonly #stderr: Target
  readonly #noColour: boolean
  #json = false
  /** Columns that the progress line takes at present. */
  #drawn = 0
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

  get isJson(): boolean {
    return this.#json
  }

  useColour(wish: ColourWish): void {
    this.#wish = wish
  }

  get answerPalette(): Palette {
    return this.#palette(this.#stdout)
  }

  /** Writes a command's answer. */
  answer(answer: { readonly text: string; readonly json: object }): void {
    this.progress(null)
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

  /** Writes usage that was not asked for, or a trace that was, to stderr as it is. */
  complain(text: string): void {
    this.#stderr.stream.write(text)
  }

  /** Says one line of narration. */
  say(line: string): void {
    if (this.#json) return
    this.progress(null)
    this.#stderr.stream.write(`${printable(line)}\n`)
  }

  /** Whether progress is shown: somebody watches stderr, and the answer is no JSON. */
  get showsProgress(): boolean {
    return this.#stderr.isTerminal && !this.#json
  }

  /**
   * Draws one line of progress over the one before, cut to the terminal; null takes it away.
   * Whatever else is written takes it away first. Nothing where progress is not shown.
   */
  progress(line: string | null): void {
    if (!this.showsProgress || (line === null && this.#drawn === 0)) return
    // the last column is left free: some terminals go to the next line when it is written
    const room = Math.max(1, (this.#stderr.columns?.() || USUAL_COLUMNS) - 1)
    const text = cutTo(room, printable(line ?? ''))
    const columns = columnsOf(text)
    const rest = ' '.repeat(Math.max(0, Math.min(this.#drawn, room) - columns))
    // spaces, not an escape sequence: terminals that know none show it right as well
    this.#stderr.stream.write(`\r${text}${rest}${columns === 0 ? '\r' : ''}`)
    this.#drawn = columns
  }

  error(error: DwError): void {
    this.progress(null)
    this.#stderr.stream.write(this.#json ? errorJson(error) : errorText(error, this.#palette(this.#stderr)))
  }

  #palette(target: Target): Palette {
    if (this.#wish === 'always') return COLOURED
    if (this.#wish === 'never' || this.#noColour || !target.isTerminal) return PLAIN
    return COLOURED
  }
}
