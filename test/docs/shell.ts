import type { ChildProcess } from 'node:child_process'
import type { Sandbox } from '../harness/sandbox.ts'

/** Follows every command's output; no program prints it. */
const MARK = '\u0001end'

/** A shell of one agent that stays: what a command sets, and where it goes, holds for the next one. */
export class Shell {
  readonly #process: ChildProcess
  readonly #over: Promise<unknown>
  #bytes = Buffer.alloc(0)
  #changed: () => void = () => undefined

  constructor(sandbox: Sandbox, agent: string) {
    this.#process = sandbox.start('bash', ['--norc'], { agent, env: { LOGNAME: agent } })
    this.#over = new Promise((resolve) => this.#process.on('close', resolve))
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on('data', (bytes: Buffer) => {
        this.#bytes = Buffer.concat([this.#bytes, bytes])
        this.#changed()
      })
    }
    // one stream for both, in the order in which they are written, as on a terminal
    this.#process.stdin?.write('exec 2>&1; last=0\n')
  }

  /** Runs a command, in a subshell of its own where `apart` says so; a command sees the status of the last. */
  async run(command: string, apart = false): Promise<{ readonly output: string; readonly status: number }> {
    this.#bytes = Buffer.alloc(0)
    const quoted = `'${command.replaceAll("'", "'\\''")}'`
    const run = apart ? `(eval ${quoted})` : `(exit $last); eval ${quoted}`
    this.#process.stdin?.write(`{ ${run}; } </dev/null; last=$?; printf '${MARK}%s\\n' "$last"\n`)
    const end = new RegExp(`${MARK}(\\d+)\\n$`)
    for (;;) {
      const text = this.#bytes.toString('utf8')
      const match = end.exec(text)
      if (match !== null) return { output: text.slice(0, match.index), status: Number(match[1]) }
      const more = new Promise<void>((resolve) => {
        this.#changed = resolve
      })
      const over = this.#over.then(() => {
        throw new Error(`the shell ended in: ${command}`)
      })
      await Promise.race([more, over])
    }
  }

  /** Ends the shell. */
  async close(): Promise<void> {
    this.#process.stdin?.end()
    await this.#over
  }
}
