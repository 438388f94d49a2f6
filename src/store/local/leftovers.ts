import { randomUUID } from 'node:crypto'
import { link, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** A file in `<common git dir>/dw/`, by where it lies. */
export interface LocalFile {
  readonly directory: 'bindings' | 'beats' | 'observed' | 'waiting' | 'worktrees' | '.'
  readonly name: string
  /** Milliseconds since it was written or touched, by the clock of files. */
  readonly age: number
  readonly text: string
}

const DIRECTORIES = ['bindings', 'beats', 'observed', 'waiting', 'worktrees', '.'] as const

/** All such files. `now` is the clock of files, in milliseconds. */
export async function listLocalFiles(commonDir: string, now: number): Promise<LocalFile[]> {
  const found = await Promise.all(
    DIRECTORIES.map(async (directory) => {
      const entries = await readdir(join(commonDir, 'dw', directory), { withFileTypes: true }).catch(() => [])
      const files = entries.filter((entry) => entry.isFile())
      return Promise.all(files.map(({ name }) => readLocalFile(commonDir, directory, name, now)))
    }),
  )
  return found.flat().filter((file) => file !== null)
}

async function readLocalFile(
  commonDir: string,
  directory: LocalFile['directory'],
  name: string,
  now: number,
): Promise<LocalFile | null> {
  const path = join(commonDir, 'dw', directory, name)
  try {
    const [{ mtimeMs }, text] = await Promise.all([stat(path), readFile(path, 'utf8')])
    return { directory, name, age: now - mtimeMs, text }
  } catch {
    // somebody else removed it
    return null
  }
}

/** Removes a file that still is as it was read; it is moved aside first, so that a newer one is given back. */
export async function removeLocalFile(commonDir: string, file: LocalFile): Promise<boolean> {
  const path = join(commonDir, 'dw', file.directory, file.name)
  const aside = `${path}.${randomUUID()}.tmp`
  try {
    await rename(path, aside)
    const isSame = (await readFile(aside, 'utf8')) === file.text
    if (!isSame) await link(aside, path).catch(() => undefined)
    await unlink(aside)
    return isSame
  } catch {
    await rm(aside, { force: true }).catch(() => undefined)
    return false
  }
}
