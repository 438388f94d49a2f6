import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Outcome, type RunOptions, Sandbox } from '../harness/sandbox.ts'

/** One clone of the hub, with an agent that works in it. */
export class Clone {
  readonly path: string
  readonly agent: string
  readonly #sandbox: Sandbox

  constructor(sandbox: Sandbox, name: string) {
    this.#sandbox = sandbox
    this.path = join(sandbox.root, name)
    this.agent = name
  }

  async dw(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return this.#sandbox.dw(args, { cwd: this.path, agent: this.agent, ...options })
  }

  /** Runs a command that must succeed, and returns what it printed with --json. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they please
  async json(args: readonly string[], options: RunOptions = {}): Promise<any> {
    const [command = '', ...rest] = args
    const outcome = await this.dw([command, '--json', ...rest], options)
    if (outcome.status !== 0) throw new Error(`${args.join(' ')}: ${outcome.status}: ${outcome.stderr}`)
    return JSON.parse(outcome.stdout)
  }

  async git(args: readonly string[], options: RunOptions = {}): Promise<string> {
    return this.#sandbox.git(args, { cwd: this.path, ...options })
  }

  /** Refs with their object ids, by prefix. */
  async refs(prefix = 'refs/dw'): Promise<string[]> {
    return this.#sandbox
      .git(['for-each-ref', '--format=%(refname) %(objectname)', prefix], { cwd: this.path })
      .then((output) => (output === '' ? [] : output.split('\n')))
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into records as they please
  async record(ref: string): Promise<any> {
    return JSON.parse(await this.git(['cat-file', 'blob', ref]))
  }

  /** A commit that writes `path`; returns its id. */
  async commit(path: string, text = `${path}\n`): Promise<string> {
    const file = join(this.path, path)
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, text)
    await this.git(['add', '--', path])
    await this.git(['commit', '--quiet', '-m', `write ${path}`])
    return this.git(['rev-parse', 'HEAD'])
  }
}

/** A bare repository that clones share their locks through. */
export class Hub {
  readonly sandbox: Sandbox
  readonly path: string
  readonly url: string

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox
    this.path = join(sandbox.root, 'hub.git')
    this.url = `file://${this.path}`
  }

  static async create(): Promise<Hub> {
    const sandbox = await Sandbox.create()
    const hub = new Hub(sandbox)
    await sandbox.git(['config', '--global', 'dw.backgroundSync', 'false'])
    await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, hub.path])
    return hub
  }

  /** A clone of the hub; it shares its locks through origin unless told otherwise. */
  async clone(name: string, options: { readonly shares?: boolean } = {}): Promise<Clone> {
    const clone = new Clone(this.sandbox, name)
    await this.sandbox.git(['clone', '--quiet', this.url, clone.path], { cwd: this.sandbox.root })
    if (options.shares !== false) await clone.json(['share'])
    return clone
  }

  async clones(count: number): Promise<Clone[]> {
    const names = Array.from({ length: count }, (_, at) => `clone-${at}`)
    const first = await this.clone('clone-first')
    const more = await Promise.all(names.slice(1).map((name) => this.clone(name)))
    return [first, ...more]
  }

  async git(args: readonly string[]): Promise<string> {
    return this.sandbox.git(args, { cwd: this.path })
  }

  async refs(prefix = 'refs/dw'): Promise<string[]> {
    const output = await this.git(['for-each-ref', '--format=%(refname) %(objectname)', prefix])
    return output === '' ? [] : output.split('\n')
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into records as they please
  async record(ref: string): Promise<any> {
    return JSON.parse(await this.git(['cat-file', 'blob', ref]))
  }

  /** Installs a hook of the server's. */
  hook(name: string, script: string): void {
    const file = join(this.path, 'hooks', name)
    mkdirSync(join(this.path, 'hooks'), { recursive: true })
    writeFileSync(file, `#!/bin/sh\n${script}\n`)
    chmodSync(file, 0o755)
  }
}

/** A session's live ref. */
export function active(session: string): string {
  return `refs/dw/active/${session.toLowerCase()}`
}
