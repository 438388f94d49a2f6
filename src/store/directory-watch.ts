import { type FSWatcher, statSync, watch } from 'node:fs'
import { join } from 'node:path'

/**
 * Called with the entry that changed; with the directory alone when the system does not say. `came` tells
 * whether the entry came, went or was replaced; otherwise only something in it or of it changed.
 */
type Changed = (path: string, came: boolean) => void

/**
 * Tells of changes in directories, none of them watched below, as far as the system can tell. A directory
 * may come and go. Where it cannot be watched (no watches left, a file system that has none) nobody is
 * told: whoever waits looks now and then as well.
 */
export class DirectoryWatch {
  readonly #directories: readonly string[]
  readonly #changed: Changed
  readonly #watched = new Map<string, { readonly watcher: FSWatcher; readonly inode: bigint }>()
  readonly #met = new Set<string>()
  #closed = false

  constructor(directories: readonly string[], changed: Changed) {
    this.#directories = directories
    this.#changed = changed
    this.arm()
  }

  /** Watches what has come since, in the place of what has gone. */
  arm(): void {
    if (this.#closed) return
    for (const directory of this.#directories) this.#armOne(directory)
  }

  close(): void {
    this.#closed = true
    for (const directory of this.#directories) this.#drop(directory)
  }

  #armOne(directory: string): void {
    const inode = inodeOf(directory)
    if (this.#watched.get(directory)?.inode === inode) return
    this.#drop(directory)
    if (inode === undefined) return
    try {
      const watcher = watch(directory, { persistent: false }, (kind, name) => {
        this.#tell(directory, name, kind === 'rename')
      })
      watcher.on('error', () => this.#drop(directory))
      this.#watched.set(directory, { watcher, inode })
    } catch {
      return
    }
    // what happened between the old watch and this one went unseen
    if (this.#met.has(directory)) this.#changed(directory, true)
    this.#met.add(directory)
  }

  #tell(directory: string, name: string | null, came: boolean): void {
    if (this.#closed) return
    this.arm()
    this.#changed(name === null ? directory : join(directory, name), came)
  }

  #drop(directory: string): void {
    this.#watched.get(directory)?.watcher.close()
    this.#watched.delete(directory)
  }
}

function inodeOf(directory: string): bigint | undefined {
  try {
    return statSync(directory, { bigint: true }).ino
  } catch {
    return undefined
  }
}
