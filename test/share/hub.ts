import { chmodSync, mkdirSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Outcome, RunOptions, Sandbox } from '../harness/sandbox.ts'
import type { GitServer } from '../transports/git-server.ts'
import { transportServer } from '../transports/transport.ts'
import { HUB, PreparedHub, urlOf } from './prepared-hub.ts'

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

const prepared = new Map<GitServer | null, Promise<PreparedHub>>()

async function preparedHub(server: GitServer | null): Promise<PreparedHub> {
  const made = prepared.get(server) ?? PreparedHub.make(server)
  prepared.set(server, made)
  return made
}

/** Removes what hubs were copied from; to be called after the last test of a file. */
export async function dropPreparedHubs(): Promise<void> {
  for (const made of prepared.values()) (await made).dispose()
  prepared.clear()
}

/** A bare repository that clones share their locks through. */
export class Hub {
  readonly sandbox: Sandbox
  readonly path: string
  /** What the tests' transport is served by; null for `file://`. */
  readonly server: GitServer | null
  readonly #prepared: PreparedHub

  constructor(sandbox: Sandbox, server: GitServer | null, prepared: PreparedHub) {
    this.sandbox = sandbox
    this.server = server
    this.#prepared = prepared
    this.path = join(sandbox.root, HUB)
  }

  /** How clones speak to it: over the transport that the tests run with. */
  get url(): string {
    return this.urlOf(this.path)
  }

  /** The URL of another repository, or of a directory of some, in the same way. */
  urlOf(path: string): string {
    return urlOf(this.server, path)
  }

  static async create(server = transportServer()): Promise<Hub> {
    const prepared = await preparedHub(server)
    return new Hub(prepared.copy(), server, prepared)
  }

  /** A clone of the hub; it shares its locks through origin unless told otherwise. */
  async clone(name: string, options: { readonly shares?: boolean } = {}): Promise<Clone> {
    const clone = new Clone(this.sandbox, name)
    const shares = options.shares !== false
    if (shares && (await this.#prepared.clone(this.sandbox, clone.path))) return clone
    await this.sandbox.git(['clone', '--quiet', this.url, clone.path], { cwd: this.sandbox.root })
    if (shares) await clone.json(['share'])
    return clone
  }

  async clones(count: number): Promise<Clone[]> {
    const names = Array.from({ length: count }, (_, at) => `clone-${at}`)
    return Promise.all(names.map((name) => this.clone(name)))
  }

  async git(args: readonly string[], input = ''): Promise<string> {
    return this.sandbox.git(args, { cwd: this.path, input })
  }

  async refs(prefix = 'refs/dw'): Promise<string[]> {
    const output = await this.git(['for-each-ref', '--format=%(refname) %(objectname)', prefix])
    return output === '' ? [] : output.split('\n')
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into records as they please
  async record(ref: string): Promise<any> {
    return JSON.parse(await this.git(['cat-file', 'blob', ref]))
  }

  /**
   * Waits until nothing speaks to it any more, or works in the clone at `path`: what a command has started, or
   * left when it was killed, goes on for a while.
   */
  async isLeft(path = this.path): Promise<void> {
    for (;;) {
      const { stdout } = await this.sandbox.run('ps', ['-eo', 'pid=,args='])
      const lines = stdout.split('\n')
      // a web server's git names the repository nowhere but in where it stands
      if (!lines.some((line) => line.includes(path) || placeOf(line) === path)) return
      await sleep(50)
    }
  }

  /** Installs a hook of the server's. */
  hook(name: string, script: string): void {
    const file = join(this.path, 'hooks', name)
    mkdirSync(join(this.path, 'hooks'), { recursive: true })
    writeFileSync(file, `#!/bin/sh\n${script}\n`)
    chmodSync(file, 0o755)
  }
}

/** Where the process of a line of ps stands; null where the system does not tell, or it is gone. */
function placeOf(line: string): string | null {
  try {
    return readlinkSync(`/proc/${Number.parseInt(line, 10)}/cwd`)
  } catch {
    return null
  }
}

/** A session's live ref. */
export function active(session: string): string {
  return `refs/dw/active/${session.toLowerCase()}`
}
