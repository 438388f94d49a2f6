import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Repository } from '../git/repository.ts'
import { CloneState } from '../store/local/clone-state.ts'
import type { Query } from '../store/store.ts'
import type { Claimants } from './identity.ts'
import type { Place } from './path-key.ts'
import { findSeat, foundHere } from './seat.ts'
import { isWholeId } from './session-id.ts'
import type { Surroundings } from './surroundings.ts'

/** What is known before git has said anything: where this is, and who may be acting. */
export interface Guess {
  readonly place: Place
  readonly directories: Pick<Repository, 'gitDir' | 'commonDir'>
  readonly claimants: Claimants
}

/** What a command reads first, by who may be acting and where; null where that cannot be told so early. */
export type FirstRead = (guess: Guess) => Query | null | Promise<Query | null>

/**
 * Where this is and who may be acting, found out before git has said which repository this is: from the `.git`
 * above the current directory. Null where the guess would be a poor one, such as where a variable chooses the
 * repository.
 */
export async function guess(around: Surroundings): Promise<Guess | null> {
  const { env } = around
  if (env['GIT_DIR'] || env['GIT_WORK_TREE']) return null
  const directories = await directoriesAbove(around.cwd)
  if (directories === null) return null
  const { toplevel, gitDir, commonDir } = directories
  const place = { around, repository: { toplevel, commonDir, bare: false } }
  const named = env['DW_SESSION']
  if (!named) {
    const claimants = await foundHere(around, gitDir, new CloneState(commonDir))
    return { place, directories, claimants }
  }
  if (!isWholeId(named)) return null
  const claimants = { named: { id: named, source: 'variable' as const }, seat: await findSeat(around) }
  return { place, directories, claimants }
}

/** Whether git has found what was guessed. */
export function isConfirmed({ directories }: Guess, { gitDir, commonDir }: Repository): boolean {
  return directories.gitDir === gitDir && directories.commonDir === commonDir
}

/**
 * Who may be acting, as it stood before the records were read early. Whoever looks at those records must not
 * know more: a binding that was completed since names a session that they do not have yet.
 */
export class FoundEarly {
  #claimants: Claimants | undefined

  constructor(claimants: Claimants) {
    this.#claimants = claimants
  }

  /** For the first who asks; who asks again wants to know it anew. */
  take(): Claimants | undefined {
    const claimants = this.#claimants
    this.#claimants = undefined
    return claimants
  }
}

/** The worktree, its git directory and the repository's (gitrepository-layout(5)). */
async function directoriesAbove(
  directory: string,
): Promise<{ readonly toplevel: string; readonly gitDir: string; readonly commonDir: string } | null> {
  const found = join(directory, '.git')
  if (existsSync(join(found, 'HEAD'))) return { toplevel: directory, gitDir: found, commonDir: found }
  if (existsSync(found)) {
    const gitDir = resolve(directory, (await firstLine(found)).replace(/^gitdir: /, ''))
    const commonDir = resolve(gitDir, await firstLine(join(gitDir, 'commondir')))
    return { toplevel: directory, gitDir, commonDir }
  }
  return dirname(directory) === directory ? null : directoriesAbove(dirname(directory))
}

async function firstLine(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).split('\n')[0] ?? ''
}
