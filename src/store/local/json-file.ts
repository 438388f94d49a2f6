import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { link, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { DwError } from '../../domain/error.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { isNoSpace, noSpace } from '../no-space.ts'

/**
 * Machine-local state that is no record (design §3): whole small JSON files, each with one writer's
 * meaning, replaced by rename, so that no reader sees half of one and nothing is merged.
 */

/** The file's value; undefined when it is absent or damaged, because nothing is guessed from such a file. */
export async function readJsonFile(path: string): Promise<unknown> {
  try {
    // a file of a line is read sooner than waited for: a listing reads one for each of hundreds of sessions
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** Replaces the file in one step; `time`, in milliseconds since the epoch, becomes its time of change. */
export async function writeJsonFile(path: string, value: unknown, time?: number): Promise<void> {
  await withTemporary(path, value, async (temporary) => {
    if (time !== undefined) await utimes(temporary, new Date(time), new Date(time))
    try {
      await rename(temporary, path)
    } catch (error) {
      if (!hasCode(error, 'EISDIR')) throw error
      // nothing of ours is a directory there: it is moved away, not removed
      await rename(path, `${path}.${randomUUID()}.damaged`)
      await rename(temporary, path)
    }
  })
}

/** Replaces the file in one step, once what it will hold is on the disk. */
export async function writeDurably(path: string, value: unknown): Promise<void> {
  await withTemporary(path, value, (temporary) => rename(temporary, path), { flush: true })
}

/** Creates the file in one step; whether it was absent. */
export async function createJsonFile(path: string, value: unknown): Promise<boolean> {
  return withTemporary(path, value, async (temporary) => {
    try {
      await link(temporary, path)
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    }
  })
}

async function withTemporary<T>(
  path: string,
  value: unknown,
  use: (temporary: string) => Promise<T>,
  options: { readonly flush?: boolean } = {},
): Promise<T> {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await mkdir(dirname(path), { recursive: true })
    await writeFile(temporary, `${JSON.stringify(value)}\n`, options)
    return await use(temporary)
  } catch (cause) {
    if (isNoSpace(cause)) throw noSpace(dirname(path), cause)
    if (hasCode(cause, 'EEXIST', 'ENOTDIR')) throw inTheWay(path, cause)
    throw hasCode(cause, 'EACCES', 'EPERM', 'EROFS') ? readOnly(dirname(path), cause) : cause
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined)
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

function inTheWay(path: string, cause: unknown): DwError {
  const directory = dirname(path)
  return new DwError('DW_CORRUPT_STATE', `"${directory}" is no directory, or lies in a file`, {
    cause,
    hints: ['move what is in the way to another place, then try again'],
    details: { path: directory },
  })
}

/** DW_READONLY for a directory. */
export function readOnly(directory: string, cause: unknown): DwError {
  return new DwError('DW_READONLY', `"${directory}" cannot be written by this user`, {
    cause,
    hints: [
      `see whose it is with: ls -ld ${shellWord(directory)}`,
      'reading commands work all the same: git dw status',
    ],
  })
}
