import { randomUUID } from 'node:crypto'
import { link, lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Age from which a `.lock` under `refs/dw` has no living owner: our git calls end after 10 s (design §6). */
const STALE_MILLISECONDS = 60_000

/** What lock files stand in the way of writing some refs. */
export interface LockFiles {
  /** Removed, because they were stale and under `refs/dw`. */
  readonly removed: readonly string[]
  /** Still there, relative to the common git directory. */
  readonly present: readonly string[]
}

/** What git leaves of its own beside the refs: named, never removed. A `.new` without its `.lock` is a dead git's. */
const SHARED_LOCKS = ['packed-refs.lock', 'packed-refs.new', 'reftable/tables.list.lock']

/**
 * Looks for the lock files of `refs`, of all below them (a ref cannot be created where a directory with
 * something in it stands), and of packed-refs. Stale ones under `refs/dw` are removed; all others are only
 * named. `now` in milliseconds.
 */
export async function clearStaleLocks(
  commonDir: string,
  refs: readonly string[],
  now: number,
): Promise<LockFiles> {
  const removed: string[] = []
  const present: string[] = []
  const below = await Promise.all(refs.map((ref) => filesBelow(commonDir, ref)))
  const found = below.flat().filter((name) => name.endsWith('.lock'))
  for (const name of [...refs.map((ref) => `${ref}.lock`), ...found, ...SHARED_LOCKS]) {
    const path = join(commonDir, name)
    const age = await ageOf(path, now)
    if (age === null) continue
    const stale = name.startsWith('refs/dw') && age > STALE_MILLISECONDS
    if (stale && (await removeStale(path, STALE_MILLISECONDS, now))) removed.push(name)
    else present.push(name)
  }
  return { removed, present }
}

/** The files below a ref's name, by name relative to the common git directory; none where it is a file or absent. */
async function filesBelow(commonDir: string, ref: string): Promise<string[]> {
  const entries = await readdir(join(commonDir, ref), { recursive: true, withFileTypes: true }).catch(
    () => [],
  )
  const files = entries.filter((entry) => !entry.isDirectory() || entry.name.endsWith('.lock'))
  return files.map(({ parentPath, name }) => relative(commonDir, join(parentPath, name)))
}

async function ageOf(path: string, now: number): Promise<number | null> {
  try {
    return now - (await lstat(path)).mtimeMs
  } catch {
    return null
  }
}

/** Age from which a lock file without content on a ref that only a dead git knew of is its, in milliseconds. */
const LEFT_MILLISECONDS = 1000

/**
 * Removes the lock file of a ref that the caller made itself and told nobody of, where the git that it ended has
 * left one: git does so where a signal comes while it makes the file, which has nothing in it yet. Gives its path
 * where there is one that stays: it is fresh, or has something in it. `now` in milliseconds.
 */
export async function dropLeftLock(commonDir: string, ref: string, now: number): Promise<string | null> {
  const path = join(commonDir, `${ref}.lock`)
  const found = await lstat(path).catch(() => null)
  if (found === null) return null
  const isLeft = found.isFile() && found.size === 0 && now - found.mtimeMs > LEFT_MILLISECONDS
  return isLeft && (await removeStale(path, LEFT_MILLISECONDS, now)) ? null : path
}

/** Moves the file aside before it looks again, so that a fresh lock put there meanwhile is given back. */
async function removeStale(path: string, stale: number, now: number): Promise<boolean> {
  // git makes files, but the name is taken all the same; a directory with something in it is not ours to judge
  if (
    await lstat(path).then(
      (found) => found.isDirectory(),
      () => false,
    )
  ) {
    return rmdir(path).then(
      () => true,
      () => false,
    )
  }
  const aside = `${path.slice(0, -'.lock'.length)}%${randomUUID()}.lock`
  try {
    await rename(path, aside)
    const isStale = ((await ageOf(aside, now)) ?? 0) > stale
    if (!isStale) await link(aside, path)
    await unlink(aside)
    return isStale
  } catch {
    return false
  }
}

/** A lock file that no git can still be holding, as far as its age tells. */
export interface StaleLock {
  readonly path: string
  /** In milliseconds. */
  readonly age: number
  /** It stands under `refs/dw`, where our own calls end after 10 s. */
  readonly ours: boolean
}

/**
 * All lock files of a repository that are older than a minute: of refs, of the index and HEAD of each
 * worktree, of the configuration and of packed-refs. `now` in milliseconds.
 */
export async function staleLocks(commonDir: string, now: number): Promise<StaleLock[]> {
  const places = ['', 'reftable', 'worktrees', 'info', 'objects/info']
  const flat = await Promise.all(
    places.map(async (place) =>
      (await readdir(join(commonDir, place)).catch(() => [])).map((name) => join(place, name)),
    ),
  )
  const ofWorktrees = await Promise.all(
    flat
      .flat()
      .filter((name) => name.startsWith('worktrees/'))
      .map(async (name) =>
        (await readdir(join(commonDir, name)).catch(() => [])).map((file) => join(name, file)),
      ),
  )
  const names = [...flat.flat(), ...ofWorktrees.flat(), ...(await filesBelow(commonDir, 'refs'))]
  const found = await Promise.all(
    names
      .filter((name) => name.endsWith('.lock') || name === 'packed-refs.new')
      .map(async (name): Promise<StaleLock[]> => {
        const path = join(commonDir, name)
        const age = await ageOf(path, now)
        if (age === null || age <= STALE_MILLISECONDS) return []
        return [{ path, age, ours: name.startsWith('refs/dw') }]
      }),
  )
  return found.flat()
}
