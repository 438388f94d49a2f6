import { join, resolve } from 'node:path'
import { type Outcome, PROGRAM, type RunOptions, Sandbox } from '../harness/sandbox.ts'
import { test as base } from '../harness/transcript.ts'
import { type GitServerOptions, type RunningServer, serveGit } from './git-server.ts'

/** The built export of the package. */
export const READER = resolve(import.meta.dirname, '../../dist/reader.mjs')

/** A sandbox whose repository is served, and commands that have neither a repository nor a git. */
export class Reading {
  readonly sandbox: Sandbox
  readonly server: RunningServer
  readonly url: string

  constructor(sandbox: Sandbox, server: RunningServer) {
    this.sandbox = sandbox
    this.server = server
    this.url = `${server.url}/repo/.git`
  }

  /** Runs `git dw <args>` outside any repository, with no program on the PATH. */
  async dw(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return awayFromGit(this.sandbox, args, options)
  }

  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they please
  async json(args: readonly string[], options: RunOptions = {}): Promise<any> {
    const { stdout, stderr, status } = await this.dw([...args, '--json'], options)
    if (status !== 0) throw new Error(stderr)
    return JSON.parse(stdout)
  }

  /** The error that a command ends with, and its exit status. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers as they please
  async error(args: readonly string[], options: RunOptions = {}): Promise<any> {
    const { stdout, stderr, status } = await this.dw([...args, '--json'], options)
    return { status, stdout, ...JSON.parse(stderr).error }
  }

  /** Puts a blob at a ref. */
  async write(ref: string, input: string): Promise<void> {
    const blob = await this.sandbox.git(['hash-object', '-w', '--stdin'], { input })
    await this.sandbox.git(['update-ref', ref, blob])
  }
}

/** Runs the program outside any repository, with no program on the PATH. */
export async function awayFromGit(
  sandbox: Sandbox,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const env = { ...options.env, PATH: join(sandbox.root, 'nothing') }
  const [program, ...first] = PROGRAM
  return sandbox.run(program, [...first, ...args], { ...options, cwd: '/', env })
}

/** A test with {@link Reading}; `open` makes another one. */
export const test = base.extend<{
  open: (options?: GitServerOptions, init?: readonly string[]) => Promise<Reading>
  reading: Reading
}>({
  open: async ({ onTestFinished }, use) => {
    await use(async (options, init = []) => {
      const sandbox = await Sandbox.create({ init })
      onTestFinished(() => sandbox.dispose())
      const server = await serveGit(sandbox, options)
      onTestFinished(() => server.close())
      return new Reading(sandbox, server)
    })
  },
  reading: async ({ open }, use) => {
    await use(await open())
  },
})
