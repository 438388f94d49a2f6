import { setTimeout as sleep } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import { type IPty, spawn } from '@lydell/node-pty'
import type { RunOptions, Sandbox } from './sandbox.ts'

/** Keys as a terminal sends them. */
export const KEY = { up: '\x1b[A', down: '\x1b[B', enter: '\r', escape: '\x1b', interrupt: '\x03' } as const

/** After which a screen that does not come is a failure, in milliseconds. */
const LONGEST_WAIT = 45_000

/** One command on a pseudo terminal, driven like a person would: look at the screen, then type. */
export class Terminal {
  readonly #pty: IPty
  #output = ''
  #seen = 0
  readonly #over: Promise<number>
  #changed: () => void = () => undefined

  constructor(sandbox: Sandbox, command: string, options: RunOptions & { readonly cols?: number } = {}) {
    const env = { ...sandbox.env(options), TERM: 'xterm-256color' }
    const cols = options.cols ?? 100
    const cwd = options.cwd ?? sandbox.repo
    this.#pty = spawn('sh', ['-c', command], { cwd, env, cols, rows: 40 })
    this.#over = new Promise((resolve) => this.#pty.onExit(({ exitCode }) => resolve(exitCode)))
    this.#pty.onData((data) => {
      this.#output += data
      this.#changed()
    })
  }

  /** Waits until what was drawn since the last key fits `pattern`; lines count as one, because they wrap. */
  async sees(pattern: RegExp): Promise<string> {
    const fresh = () => plain(this.#output.slice(this.#seen)).replace(/\s+/g, ' ')
    let waiting = true
    const giveUp = sleep(LONGEST_WAIT, undefined, { ref: false }).then(() => (waiting = false))
    const over = this.#over.then(() => (waiting = false))
    while (!pattern.test(fresh())) {
      if (!waiting) throw new Error(`${pattern} is not in: ${fresh()}`)
      const more = new Promise<void>((resolve) => {
        this.#changed = resolve
      })
      await Promise.race([more, over, giveUp])
    }
    return fresh()
  }

  /** Types keys; what is seen next must be drawn after them. */
  type(keys: string): void {
    this.#seen = this.#output.length
    this.#pty.write(keys)
  }

  /** The process on it; the command's own where that begins with `exec`. */
  get pid(): number {
    return this.#pty.pid
  }

  /** Waits for the end: exit status, and all that was on the screen, without control sequences. */
  async ended(): Promise<{ readonly status: number; readonly screen: string }> {
    const status = await this.#over
    return { status, screen: plain(this.#output) }
  }

  /** Everything that was drawn, control sequences included. */
  get raw(): string {
    return this.#output
  }
}

function plain(text: string): string {
  return stripVTControlCharacters(text).replaceAll('\r', '')
}
