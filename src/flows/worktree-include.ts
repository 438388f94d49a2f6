import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { shellWord } from '../domain/shell-word.ts'
import { ignoredAmong, untrackedFitting } from '../git/ignored.ts'
import { copyFiles, Footing } from './copy-files.ts'
import { errnoReason } from './errno-reason.ts'
import type { Workspace } from './workspace.ts'

const LIST = '.worktreeinclude'

/** From how many files on the copying is told before it begins. */
const MANY = 500

/** A new worktree, and where the ignored files come from. */
export interface CopyPlan {
  /** The top of the main worktree. */
  readonly from: string
  /** The top of the new worktree, and its own git directory. */
  readonly to: string
  readonly gitDir: string
}

/**
 * Copies the ignored files that `.worktreeinclude` lists from the main worktree into a new one (design §9).
 * git says which those are: untracked, on the list, and ignored here as well as there, so that none can be
 * committed by chance. Throws DW_COPY, and what interrupted it.
 */
export async function copyIncluded(workspace: Workspace, plan: CopyPlan): Promise<void> {
  const list = join(plan.from, LIST)
  if (!(await listsAnything(list))) return
  const { git, repository, around } = workspace
  const source = { gitDir: repository.commonDir, top: plan.from }
  const listed = await ignoredAmong(git, source, await untrackedFitting(git, source, list))
  around.signal.throwIfAborted()
  const repositories = listed.filter((path) => path.endsWith('/'))
  const files = listed.filter((path) => !path.endsWith('/'))
  const footing = new Footing(plan.to)
  const [reachable, blocked] = await footing.divide(files)
  const wanted = await ignoredAmong(git, { gitDir: plan.gitDir, top: plan.to }, reachable)
  const isWanted = new Set(wanted)
  const tell = (paths: readonly string[], why: string) => {
    if (paths.length > 0) around.say(`${LIST}: left out ${some(paths)}: ${why}`)
  }
  tell(repositories, 'a repository of its own')
  tell(blocked, 'in the new worktree, a link or file is where its directory would be')
  tell(
    reachable.filter((path) => !isWanted.has(path)),
    'not ignored in the new worktree',
  )
  if (wanted.length >= MANY) around.say(`${LIST}: copying ${files_(wanted.length)}`)
  const { copied, special } = await copyFiles(plan.from, footing, wanted, around.signal)
  tell(special, 'neither a file nor a link')
  if (wanted.length > 0) around.say(`${LIST}: copied ${files_(copied)}`)
}

const files_ = (count: number) => (count === 1 ? '1 file' : `${count.toLocaleString('en')} files`)

/** The first of `paths`, and how many more there are. */
function some(paths: readonly string[]): string {
  const shown = paths.slice(0, 3).map((path) => `"${Buffer.from(path, 'latin1').toString('utf8')}"`)
  const more = paths.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more.toLocaleString('en')} more` : ''}`
}

/** Whether the list is there and has a line that is neither empty nor a comment. */
async function listsAnything(list: string): Promise<boolean> {
  const status = await lstat(list).catch((error: unknown) => {
    if (errnoReason(error).code === 'ENOENT') return null
    throw unusable(list, errnoReason(error).reason, error)
  })
  if (status === null) return false
  // like a .gitignore in a worktree (gitignore(5))
  if (status.isSymbolicLink()) throw unusable(list, 'it is a symbolic link, which is not followed')
  if (!status.isFile()) throw unusable(list, 'it is no file')
  const text = await readFile(list, 'utf8').catch((error: unknown) => {
    throw unusable(list, errnoReason(error).reason, error)
  })
  return /^[^#\r\n]/m.test(text)
}

function unusable(list: string, problem: string, cause?: unknown): DwError {
  return new DwError('DW_COPY', `"${list}" cannot be used: ${problem}`, {
    hints: [
      `see what it is: ls -ld ${shellWord(list)}`,
      'make it a readable file in the syntax of gitignore, or remove it, then claim again',
    ],
    details: { path: list },
    cause,
  })
}
