import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type IPty, spawn } from '@lydell/node-pty'
import type { RunOptions, Sandbox } from '../harness/sandbox.ts'

/** How a command in a shell ended. */
export interface ShellOutcome {
  readonly status: number
  readonly stdout: string
  /** Empty where stderr stayed on the terminal. */
  readonly stderr: string
}

/** Which of a command's streams is not the terminal. */
export interface Redirections {
  readonly stdin?: 'terminal' | 'null'
  readonly stderr?: 'file' | 'terminal'
}

/** An interactive shell on a pseudo terminal of its own, in which commands are typed. */
export class Shell {
  readonly #pty: IPty
  readonly #directory: string
  readonly #closed: Promise<void>
  #commands = 0

  constructor(sandbox: Sandbox, options: RunOptions = {}) {
    this.#directory = mkdtempSync(join(sandbox.root, 'shell-'))
    const env = { ...sandbox.env(options), PS1: '', TERM: 'dumb' }
    this.#pty = spawn('sh', ['-i'], { cwd: options.cwd ?? sandbox.repo, env, cols: 200, rows: 50 })
    this.#closed = new Promise((resolve) => this.#pty.onExit(() => resolve()))
  }

  /** Types a command and waits until it has ended; stdout goes to a file, what else is as `redirections` say. */
  async run(command: string, redirections: Redirections = {}): Promise<ShellOutcome> {
    this.#commands += 1
    const file = join(this.#directory, String(this.#commands))
    const stdin = redirections.stdin === 'null' ? '</dev/null' : ''
    const stderr = redirections.stderr === 'terminal' ? '' : `2>'${file}.err'`
    this.#pty.write(
      `{ ${command}\n} ${stdin} >'${file}.out' ${stderr}; echo $? >'${file}.new'; mv '${file}.new' '${file}.status'\r`,
    )
    while (!existsSync(`${file}.status`)) await sleep(10)
    const text = (suffix: string) => (existsSync(file + suffix) ? readFileSync(file + suffix, 'utf8') : '')
    return { status: Number(text('.status')), stdout: text('.out'), stderr: text('.err') }
  }

  /** Closes the terminal, as a user closes the window, and waits until the shell is gone. */
  async close(): Promise<void> {
    this.#pty.kill('SIGHUP')
    await this.#closed
  }
}
