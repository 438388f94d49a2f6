import { readlink, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { DwError } from '../domain/error.ts'

/** Links that are followed one after the other before they count as a loop, as on Linux. */
const MOST_LINKS = 40

/**
 * `path` with every link on its way resolved, also one that leads to what does not exist yet; what does
 * not exist is kept as it is written. Throws DW_USAGE for links that lead to each other in a loop.
 */
export async function realPath(path: string): Promise<string> {
  return follow(path, path, 0)
}

async function follow(path: string, asked: string, links: number): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    if (links > MOST_LINKS) throw loop(asked)
    const parent = dirname(path)
    if (parent === path) return path
    const there = join(await follow(parent, asked, links), basename(path))
    const target = await readlink(there).catch(() => null)
    return target === null ? there : follow(resolve(dirname(there), target), asked, links + 1)
  }
}

function loop(path: string): DwError {
  return new DwError('DW_USAGE', `"${path}" goes through symbolic links that lead to each other in a loop`, {
    hints: ['look at them with: ls -l', 'claim the directory that they are in'],
  })
}
