import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { readJsonFile } from './json-file.ts'

/** A file of machine-local state with what it holds; undefined for one that cannot be read. */
export interface LocalFile {
  readonly path: string
  readonly value: unknown
  /** Since it was written, in milliseconds. */
  readonly age: number
}

/** The JSON files in `<common git dir>/dw/<kind>`: bindings, or the intents of worktrees. `now` in milliseconds. */
export async function localFiles(
  commonDir: string,
  kind: 'bindings' | 'worktrees',
  now: number,
): Promise<LocalFile[]> {
  const directory = join(commonDir, 'dw', kind)
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json')).sort()
  const found = await Promise.all(
    names.map(async (name): Promise<LocalFile[]> => {
      const path = join(directory, name)
      const status = await stat(path).catch(() => null)
      return status === null ? [] : [{ path, value: await readJsonFile(path), age: now - status.mtimeMs }]
    }),
  )
  return found.flat()
}

/** Removes the file if it still holds what was read; whether it did. */
export async function dropLocalFile({ path, value }: LocalFile): Promise<boolean> {
  if (!isDeepStrictEqual(await readJsonFile(path), value)) return false
  return rm(path).then(
    () => true,
    () => false,
  )
}

/** Files under `<common git dir>/dw` that a killed writer left half way, older than `age` milliseconds. */
export async function halfWritten(commonDir: string, now: number, age: number): Promise<string[]> {
  const directory = join(commonDir, 'dw')
  const entries = await readdir(directory, { recursive: true }).catch(() => [])
  const names = entries.filter((name) => name.endsWith('.tmp'))
  const old = await Promise.all(
    names.map(async (name) => {
      const status = await stat(join(directory, name)).catch(() => null)
      return status?.isFile() === true && now - status.mtimeMs > age
    }),
  )
  return names.filter((_, at) => old[at]).map((name) => join(directory, name))
}
