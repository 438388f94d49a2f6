import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Outcome, RunOptions, Sandbox } from '../harness/sandbox.ts'

/** Where the hooks' scripts are. */
const HOOKS = resolve(import.meta.dirname, '../../hooks')

/** The shells that the scripts are written for. */
export const SHELLS: readonly (readonly [name: string, command: readonly string[]])[] = [
  ['dash', ['dash']],
  ['bash', ['bash']],
  ['bash as sh', ['bash', '--posix']],
  ['busybox sh', ['busybox', 'sh']],
]

export interface Counted extends Outcome {
  /** The arguments of each git process that the hooks started. */
  readonly git: readonly string[]
  /** How often Node was started. */
  readonly node: number
}

/** Runs scripts and git commands so that each git and each Node that they start is noted; the Node build runs. */
export class CountedHooks {
  readonly #sandbox: Sandbox
  readonly #directory: string
  readonly #calls: string

  constructor(sandbox: Sandbox) {
    this.#sandbox = sandbox
    this.#directory = join(sandbox.root, 'counted-hooks')
    this.#calls = join(this.#directory, 'calls')
    mkdirSync(this.#directory, { recursive: true })
    for (const program of ['git', 'node']) {
      const env = { PATH: sandbox.env()['PATH'] ?? '' }
      const real = execFileSync('sh', ['-c', `command -v ${program}`], { env, encoding: 'utf8' }).trim()
      const note = `printf '%s\\n' "${program} $*" >>'${this.#calls}'`
      writeFileSync(join(this.#directory, program), `#!/bin/sh\n${note}\nexec '${real}' "$@"\n`, {
        mode: 0o755,
      })
    }
  }

  /** Runs a hook's script with a shell, as git would at the top of the worktree. */
  async script(
    shell: readonly string[],
    name: string,
    args: readonly string[],
    options: RunOptions = {},
  ): Promise<Counted> {
    const [program = '', ...rest] = shell
    return this.#counted(program, [...rest, join(HOOKS, name), ...args], options)
  }

  /** What a shell types to run a hook's script, counted, with git's line on its stdin. */
  command(name: string, args: readonly string[], input: string): string {
    rmSync(this.#calls, { force: true })
    const path = `DW_BUILD=node PATH='${this.#directory}:${this.#sandbox.env()['PATH']}'`
    return `printf '%s\\n' '${input}' | ${path} sh '${join(HOOKS, name)}' ${args.join(' ')}`
  }

  /** How often a program was started by the command that ran last. */
  started(program: 'git' | 'node'): number {
    const calls = existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').split('\n') : []
    return calls.filter((call) => call.startsWith(`${program} `)).length
  }

  /** Runs a git command with hooks, and counts what it starts more than without. */
  async git(
    args: readonly string[],
    undo: () => Promise<unknown>,
    options: RunOptions = {},
  ): Promise<Counted> {
    const without = await this.#traced(args, { ...options, env: { ...options.env, DW_HOOKS: '0' } })
    await undo()
    const with_ = await this.#traced(args, options)
    const rest = [...without.git]
    const more = with_.git.filter((call) => {
      const at = rest.indexOf(call)
      if (at >= 0) rest.splice(at, 1)
      return at < 0
    })
    return { ...with_, git: more }
  }

  /** git puts its own directory first on PATH, so its trace is what tells of the processes below it. */
  async #traced(args: readonly string[], options: RunOptions): Promise<Counted> {
    const directory = join(this.#directory, 'trace')
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory)
    const env = { ...options.env, GIT_TRACE2_EVENT: directory }
    const counted = await this.#counted('git', args, { ...options, env })
    const git = readdirSync(directory).map((file) => {
      const lines = readFileSync(join(directory, file), 'utf8').split('\n')
      const start = lines.find((line) => line.includes('"event":"start"')) ?? '{"argv":[]}'
      return JSON.parse(start).argv.slice(1).join(' ') as string
    })
    return { ...counted, git }
  }

  async #counted(program: string, args: readonly string[], options: RunOptions): Promise<Counted> {
    rmSync(this.#calls, { force: true })
    const env = {
      ...options.env,
      DW_BUILD: 'node',
      PATH: `${this.#directory}:${this.#sandbox.env()['PATH']}`,
    }
    const outcome = await this.#sandbox.run(program, args, { ...options, env })
    const calls = existsSync(this.#calls) ? readFileSync(this.#calls, 'utf8').trimEnd().split('\n') : []
    const git = calls.filter((call) => call.startsWith('git ')).map((call) => call.slice('git '.length))
    return { ...outcome, git, node: calls.filter((call) => call.startsWith('node ')).length }
  }
}
