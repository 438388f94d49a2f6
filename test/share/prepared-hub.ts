import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Sandbox } from '../harness/sandbox.ts'
import type { GitServer } from '../transports/git-server.ts'

/** The names in a hub's sandbox: the hub, and the clone that others are copies of. */
export const HUB = 'hub.git'
const MODEL = 'model'

/** All that is at a hub once a clone has shared through it, and nothing was claimed. */
const META = 'refs/dw/meta'

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
  /** What the hub holds and how it is set up, before a clone shared through it and after. */
  readonly #untouched: string
  readonly #shared: string

  private constructor(sandbox: Sandbox, server: GitServer | null, untouched: string, shared: string) {
    this.#sandbox = sandbox
    this.#server = server
    this.#untouched = untouched
    this.#shared = shared
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
    const untouched = await looksOf(sandbox, hub)
    const shared = await sandbox.dw(['share'], { cwd: join(root, MODEL) })
    if (shared.status !== 0) throw new Error(shared.stderr)
    return new PreparedHub(sandbox, server, untouched, await looksOf(sandbox, hub))
  }

  /** A sandbox with a copy of the hub, through which nobody has shared anything. */
  copy(): Sandbox {
    const sandbox = new Sandbox()
    for (const name of ['home', 'repo', HUB]) {
      cpSync(join(this.#sandbox.root, name), join(sandbox.root, name), COPIED)
    }
    rmSync(join(sandbox.root, HUB, META))
    return sandbox
  }

  /**
   * Makes `path` a clone of the hub in `sandbox` that shares through it, with an id of its own. False where that
   * hub is not as it was copied any more: then a clone of it would be another.
   */
  async clone(sandbox: Sandbox, path: string): Promise<boolean> {
    const hub = join(sandbox.root, HUB)
    const looks = await looksOf(sandbox, hub)
    if (looks === this.#untouched) {
      // clones may be made side by side
      const fresh = join(hub, `meta-of-${basename(path)}`)
      cpSync(join(this.#sandbox.root, HUB, META), fresh)
      mkdirSync(dirname(join(hub, META)), { recursive: true })
      renameSync(fresh, join(hub, META))
    } else if (looks !== this.#shared) return false
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
