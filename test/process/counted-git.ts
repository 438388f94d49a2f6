import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, PROGRAMS, type RunOptions, type Sandbox } from '../harness/sandbox.ts'

/** The launcher, to be started without `git` before it: git would put its own programs first on PATH. */
export const LAUNCHER = join(PROGRAMS, 'git-dw')

/** Runs `git dw` so that every git process that it starts is noted. */
export class CountedGit {
  readonly #sandbox: Sandbox
  readonly #directory: string
  readonly #calls: string

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
    this.#directory = mkdtempSync(join(sandbox.root, 'counted-'))
    this.#calls = join(this.#directory, 'calls')
    const path = sandbox.env()['PATH'] ?? ''
    const git = execFileSync('sh', ['-c', 'command -v git'], { env: { PATH: path }, encoding: 'utf8' }).trim()
    const script = `#!/bin/sh\nprintf '%s\\n' "$*" >>'${this.#calls}'\nexec '${git}' "$@"\n`
    writeFileSync(join(this.#directory, 'git'), script)
    chmodSync(join(this.#directory, 'git'), 0o755)
  }

  /** Runs the launcher; `calls` are the arguments of each git process that it started, one a line. */
  async run(
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<Outcome & { readonly calls: readonly string[] }> {
    rmSync(this.#calls, { force: true })
    const path = `${this.#directory}:${this.#sandbox.env()['PATH']}`
    const env = { ...options.env, PATH: path }
    const outcome = await this.#sandbox.run(LAUNCHER, args, { ...options, env })
    const lines = existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trimEnd().split('\n') : []
    return { ...outcome, calls: lines }
  }
}
