import { createHash } from 'node:crypto'
import { constants, type Stats } from 'node:fs'
import { copyFile, lstat, lutimes, mkdir, readlink, rename, rm, symlink, utimes } from 'node:fs/promises'
import { DwError } from '../domain/error.ts'
import { errnoReason } from './errno-reason.ts'

// Paths here are latin1 strings of bytes, as git/ignored.ts has them.

/** Copies at a time: Node works on four, the others wait behind them. */
const PARALLEL = 8

const inBytes = (path: string) => Buffer.from(path, 'utf8').toString('latin1')
const bytes = (path: string) => Buffer.from(path, 'latin1')
const parentOf = (path: string) => path.slice(0, Math.max(path.lastIndexOf('/'), 0))

/**
 * The directories that files are copied into, below `top`. One is real or absent; a link is never gone
 * through, so nothing is written outside. `blocked` is what has a link or a file above it.
 */
export class Footing {
  readonly top: string
  readonly #found = new Map<string, Promise<'there' | 'absent' | 'blocked'>>()
  readonly #made = new Map<string, Promise<void>>()

  constructor(top: string) {
    this.top = top
    this.#found.set('', Promise.resolve('there'))
  }

  /** The absolute path of one below the top. */
  under(path: string): Buffer {
    return bytes(`${inBytes(this.top)}/${path}`)
  }

  /** Divides paths into those that can be reached and those that are blocked. */
  async divide(paths: readonly string[]): Promise<[reachable: string[], blocked: string[]]> {
    const states = await Promise.all(paths.map((path) => this.find(parentOf(path))))
    return [
      paths.filter((_, at) => states[at] !== 'blocked'),
      paths.filter((_, at) => states[at] === 'blocked'),
    ]
  }

  find(directory: string): Promise<'there' | 'absent' | 'blocked'> {
    const known = this.#found.get(directory)
    if (known !== undefined) return known
    const found = this.find(parentOf(directory)).then(async (above) => {
      if (above !== 'there') return above
      const status = await statusOf(this.under(directory))
      if (status === null) return 'absent'
      return status.isDirectory() ? 'there' : 'blocked'
    })
    this.#found.set(directory, found)
    return found
  }

  /** Makes a directory that was absent, with those above it, each as accessible as its model below `from`. */
  async make(directory: string, from: string): Promise<void> {
    if ((await this.find(directory)) !== 'absent') return
    const known = this.#made.get(directory)
    if (known !== undefined) return known
    const made = this.make(parentOf(directory), from).then(async () => {
      const model = await statusOf(bytes(`${inBytes(from)}/${directory}`))
      const mode = ((model?.mode ?? 0o777) & 0o777) | 0o700
      await mkdir(this.under(directory), { mode })
    })
    this.#made.set(directory, made)
    return made
  }
}

/**
 * Copies `paths` from below `from` to below the footing's top: as clones where the file system can, with
 * modes and times; links as links. What is there already, or has vanished from `from`, stays as it is.
 * Returns how many were copied, and what is neither a file nor a link. Throws DW_COPY with the first file
 * that cannot be copied, or the reason of `signal`, when no copy is under way any more.
 */
export async function copyFiles(
  from: string,
  footing: Footing,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<{ copied: number; special: string[] }> {
  const waiting = paths.values()
  const special: string[] = []
  let copied = 0
  let failure: unknown
  const work = async () => {
    for (const path of waiting) {
      if (failure !== undefined || signal.aborted) return
      try {
        await footing.make(parentOf(path), from)
        const outcome = await copyOne(bytes(`${inBytes(from)}/${path}`), footing, path)
        if (outcome === 'copied') copied += 1
        if (outcome === 'special') special.push(path)
      } catch (error) {
        failure ??= notCopied(path, footing.top, error)
      }
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, work))
  if (failure !== undefined) throw failure
  signal.throwIfAborted()
  return { copied, special }
}

async function copyOne(
  source: Buffer,
  footing: Footing,
  path: string,
): Promise<'copied' | 'kept' | 'special'> {
  const target = footing.under(path)
  const isThere = (await footing.find(parentOf(path))) === 'there' && (await statusOf(target)) !== null
  const status = isThere ? null : await statusOf(source)
  if (status === null) return 'kept'
  if (status.isSymbolicLink()) {
    await symlink(await readlink(source, { encoding: 'buffer' }), target)
    await lutimes(target, status.atimeMs / 1000, status.mtimeMs / 1000)
  } else if (status.isFile()) {
    await copyWhole(source, footing, path, status)
  } else {
    return 'special'
  }
  return 'copied'
}

/** Under a name of its own first, always the same, so that a kill leaves no half file that looks whole. */
async function copyWhole(source: Buffer, footing: Footing, path: string, status: Stats): Promise<void> {
  const name = `.dw-${createHash('sha256').update(path, 'latin1').digest('hex').slice(0, 16)}`
  const parent = parentOf(path)
  const temporary = footing.under(parent === '' ? name : `${parent}/${name}`)
  try {
    await copyFile(source, temporary, constants.COPYFILE_FICLONE)
    await utimes(temporary, status.atimeMs / 1000, status.mtimeMs / 1000)
    await rename(temporary, footing.under(path))
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function statusOf(path: Buffer): Promise<Stats | null> {
  return lstat(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errnoReason(error).code)) return null
    throw error
  })
}

function notCopied(path: string, to: string, cause: unknown): DwError {
  const name = bytes(path).toString('utf8')
  return new DwError('DW_COPY', `"${name}" cannot be copied to "${to}": ${errnoReason(cause).reason}`, {
    hints: ['see to it, or take it off .worktreeinclude', 'then claim again'],
    details: { path: name },
    cause,
  })
}
