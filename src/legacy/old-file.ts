import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs'

/** The most that is read of one old file, in bytes; of a session's own file less. */
const MAX_FILE_BYTES = 64 * 1024 * 1024
export const MAX_SESSION_BYTES = 256 * 1024

const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** An old file as it was found. Other people's input: links are not followed, and nothing waits for a pipe. */
export type OldFile =
  | { readonly state: 'absent' }
  | { readonly state: 'damaged'; readonly problem: string }
  | { readonly state: 'read'; readonly text: string }

/** Reads a file of at most `limit` bytes. It never throws: what cannot be read is told. */
export function readOldFile(path: string, limit: number = MAX_FILE_BYTES): OldFile {
  const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants
  let descriptor: number
  try {
    // told before it is opened: opening a device can act
    if (!lstatSync(path).isFile()) return { state: 'damaged', problem: 'it is no regular file' }
    descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' }
    return { state: 'damaged', problem: `it cannot be read (${code})` }
  }
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile()) return { state: 'damaged', problem: 'it is no regular file' }
    if (status.size > limit) return { state: 'damaged', problem: `it is larger than ${limit / 1024} KiB` }
    const bytes = readFileSync(descriptor)
    return { state: 'read', text: UTF8.decode(bytes) }
  } catch (error) {
    const code = codeOf(error)
    const isText = code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
    return { state: 'damaged', problem: isText ? 'it is not UTF-8' : `it cannot be read (${code})` }
  } finally {
    closeSync(descriptor)
  }
}

/** The names in a directory; null where there is none, or what is there is none or a link to one. */
export function namesIn(directory: string): string[] | null {
  try {
    return lstatSync(directory).isDirectory() ? readdirSync(directory).sort() : null
  } catch {
    return null
  }
}

/** The value of a JSON text; undefined for what is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
