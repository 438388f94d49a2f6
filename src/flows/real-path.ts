import { realpath } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** `path` with every link on its way resolved; what does not exist yet is kept as it is written. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(await realPath(parent), basename(path))
  }
}
