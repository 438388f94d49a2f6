import { randomUUID } from 'node:crypto'
import { link, rename, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Age from which a `.lock` under `refs/dw` has no living owner: our git calls end after 10 s (design §6). */
const STALE_MILLISECONDS = 60_000

/** What lock files stand in the way of writing some refs. */
export interface LockFiles {
  /** Removed, because they were stale and under `refs/dw`. */
  readonly removed: readonly string[]
  /** Still there, relative to the common git directory. */
  readonly present: readonly string[]
}

/**
 * Looks for the lock files of `refs` and of packed-refs. Stale ones under `refs/dw` are removed; all
 * others are only named. `now` in milliseconds.
 */
export async function clearStaleLocks(
  commonDir: string,
  refs: readonly string[],
  now: number,
): Promise<LockFiles> {
  const removed: string[] = []
  const present: string[] = []
  for (const name of [...refs.map((ref) => `${ref}.lock`), 'packed-refs.lock', 'reftable/tables.list.lock']) {
    const age = await ageOf(join(commonDir, name), now)
    if (age === null) continue
    const ours = name.startsWith('refs/dw')
    if (ours && age > STALE_MILLISECONDS && (await removeStale(join(commonDir, name), now)))
      removed.push(name)
    else present.push(name)
  }
  return { removed, present }
}

async function ageOf(path: string, now: number): Promise<number | null> {
  try {
    return now - (await stat(path)).mtimeMs
  } catch {
    return null
  }
}

/** Moves the file aside before it looks again, so that a fresh lock put there meanwhile is given back. */
async function removeStale(path: string, now: number): Promise<boolean> {
  const aside = `${path.slice(0, -'.lock'.length)}%${randomUUID()}.lock`
  try {
    await rename(path, aside)
    const stale = ((await ageOf(aside, now)) ?? 0) > STALE_MILLISECONDS
    if (!stale) await link(aside, path)
    await unlink(aside)
    return stale
  } catch {
    return false
  }
}
