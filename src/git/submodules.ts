import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import type { Git } from './exec.ts'

/** Whether the commit that is checked out at `top` may have submodules; costs no git process. */
export async function mayHaveSubmodules(top: string): Promise<boolean> {
  const status = await lstat(join(top, '.gitmodules')).catch(() => null)
  return status?.isFile() === true && status.size > 0
}

/**
 * Runs `git submodule update --init --recursive` at `top`, with the user's own settings, hooks and
 * credentials. Throws DW_GIT with git's own reason.
 */
export async function initSubmodules(git: Git, top: string): Promise<void> {
  const args = ['submodule', 'update', '--init', '--recursive']
  const { status, stderr } = await git.run(args, { cwd: top, entering: 'keeping-settings', foreground: true })
  if (status === 0) return
  // git first tells what it is about to do
  const reason = stderr.split('\n').at(-1) ?? ''
  throw new DwError('DW_GIT', `the submodules of "${top}" cannot be initialised${reason && `: ${reason}`}`, {
    hints: [
      'see what git says to it: git submodule update --init',
      'or do without them: git config dw.submodules false',
    ],
    details: { stderr },
  })
}
