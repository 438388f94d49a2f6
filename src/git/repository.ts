import { DwError } from '../domain/error.ts'
import type { Git } from './exec.ts'

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

/** Finds the repository that git would use here. Throws DW_NOT_A_REPO. */
export async function findRepository(git: Git): Promise<Repository> {
  // --show-toplevel stands last: without a worktree it fails after the others were printed
  const args = ['rev-parse', '--path-format=absolute', '--git-dir', '--git-common-dir']
  const asked = ['--is-bare-repository', '--show-object-format', '--show-toplevel']
  const result = await git.run([...args, ...asked])
  const [gitDir, commonDir, bare, objectFormat, toplevel] = result.stdout.toString('utf8').split('\n')
  if (!gitDir || !commonDir || !objectFormat) {
    const said = result.stderr.split('\n')[0] ?? ''
    throw new DwError(
      'DW_NOT_A_REPO',
      `git finds no repository to use here${said === '' ? '' : `: ${said}`}`,
      {
        hints: ['go to a repository, or name one with: git -C <directory> dw …'],
        details: { stderr: result.stderr },
      },
    )
  }
  return {
    gitDir,
    commonDir,
    bare: bare === 'true',
    objectFormat: objectFormat === 'sha256' ? 'sha256' : 'sha1',
    toplevel: toplevel ? toplevel : null,
  }
}
