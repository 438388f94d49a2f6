import { type Dirent, lstatSync, readdirSync, type Stats } from 'node:fs'
import { lstat, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { refuseReadOnly } from './refused-write.ts'

/**
 * What the files of a repository say of refs that git does not show: a crash can leave a ref's file empty
 * or cut off, and a ref whose blob is missing cannot be told from none by `cat-file`. This only raises a
 * doubt, which a listing by git then settles; nothing is read from these files.
 */

/** Those of `refs` of which a file or packed-refs speaks; all of them where git keeps refs otherwise. */
export async function mentionedRefs(commonDir: string, refs: readonly string[]): Promise<Set<string>> {
  if (refs.length === 0) return new Set()
  if (await keepsTables(commonDir)) return new Set(refs)
  const [packed, loose] = await Promise.all([
    readFile(join(commonDir, 'packed-refs')).catch(() => null),
    Promise.all(refs.map((ref) => isRefFile(commonDir, ref))),
  ])
  return new Set(refs.filter((ref, at) => loose[at] || packed?.includes(` ${ref}\n`)))
}

/** Whether git keeps refs in tables here, the user's among them, and not in files. */
export async function keepsTables(commonDir: string): Promise<boolean> {
  return lstat(join(commonDir, 'reftable')).then(
    () => true,
    () => false,
  )
}

/** Whether the ref has a file of its own. */
export async function isRefFile(commonDir: string, ref: string): Promise<boolean> {
  return lstat(join(commonDir, ref)).then(
    (status) => !status.isDirectory(),
    () => false,
  )
}

/** Whether one of `refs` has a file of its own. Looked at without waiting: a sync asks for thousands. */
export function anyRefFile(commonDir: string, refs: readonly string[]): boolean {
  return refs.some((ref) => fileAt(commonDir, ref)?.isDirectory() === false)
}

function fileAt(commonDir: string, ref: string): Stats | undefined {
  try {
    return lstatSync(join(commonDir, ref), { throwIfNoEntry: false })
  } catch {
    // what stands above it is a file, or cannot be entered: git finds out
    return undefined
  }
}

/** The refs at and below `roots` that have a file of their own. */
export async function refFilesUnder(commonDir: string, roots: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    roots.map(async (root) => ((await isRefFile(commonDir, root)) ? [root] : filesIn(commonDir, root))),
  )
  return [...new Set(found.flat())]
}

/** Walked without waiting: git lists the same refs meanwhile, and there is nothing else to do. */
function filesIn(commonDir: string, ref: string): string[] {
  return entriesIn(`${commonDir}/${ref}`).flatMap((entry) => {
    const name = `${ref}/${entry.name}`
    if (entry.isDirectory()) return filesIn(commonDir, name)
    return entry.name.endsWith('.lock') ? [] : [name]
  })
}

function entriesIn(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}

/**
 * Removes the files of those `refs` that have one without its bytes. Git writes a ref's file under another
 * name, and renames it: only a power cut before it was on disk leaves it empty, or with zeros, and git can then
 * neither read nor delete that ref. Throws DW_READONLY.
 */
export async function dropEmptyRefFiles(commonDir: string, refs: readonly string[]): Promise<void> {
  for (const ref of refs) {
    const file = fileAt(commonDir, ref)
    if (!file?.isFile() || file.size > MOST_OF_A_REF) continue
    const path = join(commonDir, ref)
    const bytes = file.size === 0 ? null : await readFile(path).catch(() => Buffer.of(1))
    if (bytes?.some((byte) => byte !== 0)) continue
    await rm(path, { force: true }).catch(async (error: unknown) => {
      await refuseReadOnly(commonDir, String(error), [ref])
      throw error
    })
  }
}

/** More bytes than a ref's file has. */
const MOST_OF_A_REF = 128

/** Syncs a directory to disk, and what the file system's log has noted before; whether it is there and can be. */
export async function syncDirectory(path: string): Promise<boolean> {
  const directory = await open(path, 'r').catch(() => null)
  if (directory === null) return false
  try {
    await directory.sync()
    return true
  } catch {
    return false
  } finally {
    await directory.close()
  }
}
