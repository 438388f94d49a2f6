import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { CloneState } from '../store/local/clone-state.ts'
import { readStamp } from '../store/local/stamp.ts'
import type { RefName } from '../store/ref-names.ts'
import type { Claimants } from './identity.ts'
import { findSeat } from './seat.ts'
import { isWholeId } from './session-id.ts'
import type { Surroundings } from './surroundings.ts'

/** The refs that a command reads first, by who may be acting. */
export type FirstRead = (claimants: Claimants) => readonly RefName[]

/**
 * What `first` will most likely read, found out before git has said which repository this is: from the `.git`
 * above the current directory. A wrong guess costs a git process and nothing else, because git itself finds
 * the repository that is read, and only what was really asked for is used. Null where the guess would be a
 * poor one, such as where a variable chooses the repository.
 */
export async function guessFirstRead(
  around: Surroundings,
  first: FirstRead,
): Promise<readonly RefName[] | null> {
  const { env } = around
  if (env['GIT_DIR'] || env['GIT_WORK_TREE']) return null
  const directories = await directoriesAbove(around.cwd)
  if (directories === null) return null
  const named = env['DW_SESSION']
  if (named) return isWholeId(named) ? first({ named: { id: named, source: 'variable' }, seat: null }) : null
  const seat = await findSeat(around)
  const [stamp, binding] = await Promise.all([
    readStamp(directories.gitDir),
    seat === null ? undefined : new CloneState(directories.commonDir).binding(seat.source),
  ])
  return first({
    seat,
    ...(stamp === undefined ? {} : { stamp }),
    ...(binding === undefined ? {} : { binding }),
  })
}

/** The worktree's and the repository's git directory (gitrepository-layout(5)). */
async function directoriesAbove(
  directory: string,
): Promise<{ readonly gitDir: string; readonly commonDir: string } | null> {
  const found = join(directory, '.git')
  if (existsSync(join(found, 'HEAD'))) return { gitDir: found, commonDir: found }
  if (existsSync(found)) {
    const gitDir = resolve(directory, (await firstLine(found)).replace(/^gitdir: /, ''))
    return { gitDir, commonDir: resolve(gitDir, await firstLine(join(gitDir, 'commondir'))) }
  }
  return dirname(directory) === directory ? null : directoriesAbove(dirname(directory))
}

async function firstLine(file: string): Promise<string> {
  return (await readFile(file, 'utf8')).split('\n')[0] ?? ''
}
