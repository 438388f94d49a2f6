import { lstat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { type Git, gitError } from './exec.ts'

/** Where a repository is; all paths absolute. */
export interface Repository {
  /** This worktree's own git directory. */
  readonly gitDir: string
  /** The directory that all worktrees share. */
  readonly commonDir: string
  /** The top of this worktree; null in a bare repository and inside a git directory. */
  readonly toplevel: string | null
  readonly bare: boolean
  readonly objectFormat: 'sha1' | 'sha256'
}

/** Finds the repository that git would use here. Throws DW_NOT_A_REPO, and DW_GIT for a git that did not get to its end. */
export async function findRepository(git: Git, cwd: string): Promise<Repository> {
  // --show-toplevel stands last: without a worktree it fails after the others were printed
  const args = ['rev-parse', '--path-format=absolute', '--git-dir', '--git-common-dir']
  const asked = ['--is-bare-repository', '--show-object-format', '--show-toplevel']
  const result = await git.run([...args, ...asked])
  if (result.status === null) throw gitError(args, result)
  const [gitDir, commonDir, bare, objectFormat, toplevel] = result.stdout.toString('utf8').split('\n')
  // a git that does not know an option prints it
  if (!gitDir || !commonDir || !objectFormat || gitDir.startsWith('--')) {
    throw notARepository(result.stderr, await repositoryAbove(cwd))
  }
  return {
    gitDir,
    commonDir,
    bare: bare === 'true',
    objectFormat: objectFormat === 'sha256' ? 'sha256' : 'sha1',
    toplevel: toplevel ? toplevel : null,
  }
}

/** DW_NOT_A_REPO. Where there is a repository that git refuses, all that git says is shown: it says what to do. */
function notARepository(said: string, refused: string | null): DwError {
  if (refused !== null) {
    return new DwError('DW_NOT_A_REPO', `git will not use the repository at "${refused}":\n${said}`, {
      hints: ['do what git says, then try again', 'see it again with: git status'],
      details: { directory: refused, stderr: said },
    })
  }
  const first = said.split('\n')[0] ?? ''
  return new DwError(
    'DW_NOT_A_REPO',
    `git finds no repository to use here${first === '' ? '' : `: ${first}`}`,
    {
      hints: ['go to a repository, or name one with: git -C <directory> dw …'],
      details: { stderr: said },
    },
  )
}

/** The nearest directory from `directory` upwards that has a `.git`, or is a bare repository; null for none. */
async function repositoryAbove(directory: string): Promise<string | null> {
  const has = async (...names: string[]) => {
    const found = await Promise.all(names.map((name) => lstat(join(directory, name)).catch(() => null)))
    return found.every((status) => status !== null)
  }
  if ((await has('.git')) || (await has('HEAD', 'objects', 'refs'))) return directory
  return dirname(directory) === directory ? null : repositoryAbove(dirname(directory))
}
