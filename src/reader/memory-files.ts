/** Files in memory, as much of a file system as isomorphic-git needs to index a pack and read from it. */
export class MemoryFiles {
  readonly #files = new Map<string, Uint8Array>()

  readonly promises = {
    readFile: async (path: string, options?: unknown): Promise<Uint8Array | string> => {
      const bytes = this.#files.get(path)
      if (bytes === undefined) throw missing(path)
      return options === undefined || !wantsText(options) ? bytes : Buffer.from(bytes).toString('utf8')
    },
    writeFile: async (path: string, data: Uint8Array | string): Promise<void> => {
      this.#files.set(path, typeof data === 'string' ? Buffer.from(data) : data)
    },
    readdir: async (path: string): Promise<string[]> => {
      const below = [...this.#files.keys()].filter((name) => name.startsWith(`${path}/`))
      if (below.length === 0) throw missing(path)
      return [...new Set(below.map((name) => name.slice(path.length + 1).split('/')[0] ?? ''))]
    },
    stat: async (path: string) => this.#status(path),
    lstat: async (path: string) => this.#status(path),
    mkdir: async (): Promise<void> => undefined,
    unlink: async (path: string): Promise<void> => void this.#files.delete(path),
    rmdir: async (): Promise<void> => undefined,
    readlink: async (path: string): Promise<string> => {
      throw missing(path)
    },
    symlink: async (): Promise<void> => {
      throw new Error('there are no links in memory')
    },
  }

  #status(path: string) {
    const isFile = this.#files.has(path)
    if (!isFile && ![...this.#files.keys()].some((name) => name.startsWith(`${path}/`))) throw missing(path)
    return {
      isFile: () => isFile,
      isDirectory: () => !isFile,
      isSymbolicLink: () => false,
      size: this.#files.get(path)?.length ?? 0,
    }
  }
}

function wantsText(options: unknown): boolean {
  return options === 'utf8' || (options as { encoding?: string }).encoding === 'utf8'
}

function missing(path: string): Error {
  return Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
}
