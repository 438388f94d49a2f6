import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test as base } from 'vitest'
import { type Outcome, type RunOptions, Sandbox } from '../harness/sandbox.ts'

export const ANNA = { agent: 'anna' }
export const BEN = { agent: 'ben' }

/** A repository with hooks and a bare remote that has its first commit. */
export class Pushing {
  readonly sandbox: Sandbox
  readonly remote: string

  constructor(sandbox: Sandbox) {
    this.sandbox = sandbox
    this.remote = join(sandbox.root, 'remote.git')
  }

  static async create(options: { hooks?: boolean; sandbox?: Sandbox } = {}): Promise<Pushing> {
    const pushing = new Pushing(options.sandbox ?? (await Sandbox.create()))
    const { sandbox, remote } = pushing
    await sandbox.git(['init', '--quiet', '--bare', remote])
    await sandbox.git(['remote', 'add', 'origin', remote])
    await sandbox.git(['push', '--quiet', 'origin', 'main'])
    if (options.hooks !== false) await pushing.dw(['hooks', 'install'])
    return pushing
  }

  /** Runs `git dw`, which must succeed. */
  async dw(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const outcome = await this.sandbox.dw(args, options)
    if (outcome.status !== 0) throw new Error(`git dw ${args.join(' ')}: ${outcome.stderr}`)
    return outcome.stdout.trim()
  }

  /** Writes a file below `directory`, the repository unless told otherwise, and commits it. */
  async commit(path: string, text: string, directory = this.sandbox.repo): Promise<void> {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
    await this.sandbox.git(['add', '--all'], { cwd: directory, env: QUIET })
    await this.sandbox.git(['commit', '--quiet', '-m', 'change'], { cwd: directory, env: QUIET })
  }

  async push(args: readonly string[] = ['origin', 'HEAD'], options: RunOptions = BEN): Promise<Outcome> {
    return this.sandbox.run('git', ['push', ...args], options)
  }

  /** What the remote's refs point at. */
  async remoteRefs(): Promise<string[]> {
    const output = await this.sandbox.git(['for-each-ref', '--format=%(refname) %(objectname)'], {
      cwd: this.remote,
    })
    return output.split('\n').filter((line) => line !== '')
  }
}

/** For steps that only prepare: no hook of ours runs. */
export const QUIET = { DW_HOOKS: '0' }

/** A test with such a repository of its own. */
export const test = base.extend<{ pushing: Pushing }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads what a fixture needs from the pattern
  pushing: async ({}, use) => {
    const pushing = await Pushing.create()
    await use(pushing)
    pushing.sandbox.dispose()
  },
})

/** Looks again and again until it is so. */
export async function waitFor(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it did not come to that')
}
