import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from '../harness/sandbox.ts'
import type { GitServer } from '../transports/git-server.ts'

/** The names in a hub's sandbox: the hub, and the clone that others are copies of. */
export const HUB = 'hub.git'
const MODEL = 'model'

/** How a repository at a path is spoken to. */
export function urlOf(server: GitServer | null, path: string): string {
  return server?.url(path) ?? `file://${path}`
}

/**
 * A hub that one clone shares through, made once for each file of tests and copied for each test: making one by
 * git takes thirty calls, most of them to a server.
 */
export class PreparedHub {
  readonly #sandbox: Sandbox
  readonly #server: GitServer | null
  /** What the hub holds and how it is set up, as the copies of the clone expect it. */
  readonly #looks: string

  private constructor(sandbox: Sandbox, server: GitServer | null, looks: string) {
    this.#sandbox = sandbox
    this.#server = server
    this.#looks = looks
  }

  static async make(server: GitServer | null): Promise<PreparedHub> {
    const sandbox = await Sandbox.create()
    const settings = { 'dw.backgroundSync': 'false', ...server?.login }
    for (const [name, value] of Object.entries(settings)) {
      await sandbox.git(['config', '--global', name, value])
    }
    const { root } = sandbox
    const hub = join(root, HUB)
    await sandbox.git(['clone', '--quiet', '--bare', sandbox.repo, hub])
    await sandbox.git(['clone', '--quiet', urlOf(server, hub), join(root, MODEL)], { cwd: root })
    const shared = await sandbox.dw(['share'], { cwd: join(root, MODEL) })
    if (shared.status !== 0) throw new Error(shared.stderr)
    return new PreparedHub(sandbox, server, await looksOf(sandbox, hub))
  }

  /** A sandbox with a copy of the hub. */
  copy(): Sandbox {
    const sandbox = new Sandbox()
    for (const name of ['home', 'repo', HUB]) {
      cpSync(join(this.#sandbox.root, name), join(sandbox.root, name), COPIED)
    }
    return sandbox
  }

  /**
   * Makes `path` a clone of the hub in `sandbox` that shares through it, with an id of its own. False where that
   * hub is not as it was copied any more: then a clone of it would be another.
   */
  async clone(sandbox: Sandbox, path: string): Promise<boolean> {
    if ((await looksOf(sandbox, join(sandbox.root, HUB))) !== this.#looks) return false
    cpSync(join(this.#sandbox.root, MODEL), path, COPIED)
    const directory = join(path, '.git')
    const [from, to] = [this.#sandbox, sandbox].map(({ root }) => urlOf(this.#server, join(root, HUB)))
    for (const name of ['config', 'dw/remote.json']) {
      const file = join(directory, name)
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll(from ?? '', to ?? ''))
    }
    // it gets an id of its own with its first command
    for (const name of ['clone.json', 'clone-copy.json']) rmSync(join(directory, 'dw', name))
    return true
  }

  dispose(): void {
    this.#sandbox.dispose()
  }
}

const COPIED = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true }

async function looksOf(sandbox: Sandbox, hub: string): Promise<string> {
  const refs = await sandbox.git(['for-each-ref'], { cwd: hub })
  // but for where it was cloned from
  return refs + readFileSync(join(hub, 'config'), 'utf8').replaceAll(sandbox.root, '')
}
