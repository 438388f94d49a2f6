/** Stands in for `node:fs` and `node:fs/promises`: the few files of a clone that are no records, in memory. */

interface File {
  readonly text: string
  readonly mtimeMs: number
}

const files = new Map<string, File>()
let clock: () => number = () => 0

/** Starts anew, without files. `now` is the clock of the file system. */
export function emptyFiles(now: () => number): void {
  files.clear()
  clock = now
}

const errors = new Map<string, Error>()

/** Always the same error for a code: most of them are expected, and making one takes its time. */
function fail(code: string): never {
  const error = errors.get(code) ?? Object.assign(new Error(code), { code })
  errors.set(code, error)
  throw error
}

function get(path: string): File {
  return files.get(path) ?? fail('ENOENT')
}

export function readFileSync(path: string): string {
  return get(path).text
}
export function readdirSync(): never {
  return fail('ENOENT')
}
export function statSync(): never {
  return fail('ENOENT')
}
export function watch(): never {
  return fail('ENOSYS')
}

export const constants = { W_OK: 2 }
export async function readFile(path: string): Promise<string> {
  return get(path).text
}
export async function writeFile(path: string, text: unknown): Promise<void> {
  files.set(path, { text: String(text), mtimeMs: clock() })
}
export async function rename(from: string, to: string): Promise<void> {
  files.set(to, get(from))
  files.delete(from)
}
export async function link(from: string, to: string): Promise<void> {
  if (files.has(to)) fail('EEXIST')
  files.set(to, get(from))
}
export async function rm(path: string): Promise<void> {
  files.delete(path)
}
export async function utimes(path: string, _: Date, time: Date): Promise<void> {
  files.set(path, { ...get(path), mtimeMs: time.getTime() })
}
export async function stat(path: string): Promise<File> {
  return get(path)
}
export async function lstat(path: string): Promise<File & { isDirectory: () => boolean }> {
  return { ...get(path), isDirectory: () => false }
}
export async function statfs(): Promise<{ files: number; ffree: number }> {
  return { files: 0, ffree: 0 }
}
/** Every directory is there and can be written. */
export async function access(): Promise<void> {}
export async function mkdir(): Promise<void> {}
export async function readdir(): Promise<never> {
  return fail('ENOENT')
}
export async function unlink(path: string): Promise<void> {
  files.delete(path)
}
export async function rmdir(path: string): Promise<void> {
  files.delete(path)
}
export async function readlink(): Promise<never> {
  return fail('ENOENT')
}
export async function realpath(): Promise<never> {
  return fail('ENOENT')
}
export async function open(): Promise<never> {
  return fail('ENOENT')
}
export function existsSync(path: string): boolean {
  return files.has(path)
}
export function lstatSync(): undefined {
  return undefined
}
