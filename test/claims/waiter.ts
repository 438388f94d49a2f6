import type { ChildProcess } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ended, type Outcome, type RunOptions, type Sandbox } from '../harness/sandbox.ts'
import { LAUNCHER } from '../races/meeting.ts'

/** A `git dw claim --wait` that runs beside the test. */
export class Waiter {
  readonly process: ChildProcess
  readonly outcome: Promise<Outcome>
  #said = ''
  #over = false

  constructor(sandbox: Sandbox, args: readonly string[], options: RunOptions) {
    this.process = sandbox.start(LAUNCHER, ['claim', ...args], options)
    this.process.stderr?.on('data', (chunk: Buffer) => {
      this.#said += chunk.toString('utf8')
    })
    this.outcome = ended(this.process).finally(() => {
      this.#over = true
    })
  }

  /** Until it has said so; fails when it ends first. */
  async says(text: string): Promise<void> {
    await until(() => {
      if (this.#over && !this.#said.includes(text)) throw new Error(`it never said "${text}": ${this.#said}`)
      return this.#said.includes(text)
    })
  }
}

/** Until `isSo`; the test's own time limit ends it. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(20)
}

/** The tickets of those who wait. */
export function tickets(sandbox: Sandbox): string[] {
  const directory = join(sandbox.repo, '.git/dw/waiting')
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.json')) : []
}

/** A claim of `agent` that waits in line, from the time when it stands in it. */
export async function inLine(sandbox: Sandbox, agent: string, args: readonly string[]): Promise<Waiter> {
  const before = tickets(sandbox).length
  const waiter = new Waiter(sandbox, args, { agent })
  await until(() => tickets(sandbox).length > before)
  return waiter
}
