import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import type { Surroundings } from './surroundings.ts'

/** The shells that there are completions for. */
const SHELLS = ['bash', 'zsh', 'fish'] as const

/**
 * The script that makes a shell complete `git dw`, as the build has put it into the package. Throws DW_USAGE
 * for another shell, DW_NOT_FOUND where nothing was built.
 */
export async function completionScript(around: Surroundings, shell: string): Promise<string> {
  if (!SHELLS.some((each) => each === shell)) {
    throw new DwError(
      'DW_USAGE',
      `there are no completions for "${shell}"; there are for ${SHELLS.join(', ')}`,
      {
        hints: SHELLS.map((each) => `for ${each}: git dw completion ${each}`),
      },
    )
  }
  try {
    return await readFile(join(around.programs, '../dist/completions', `git-dw.${shell}`), 'utf8')
  } catch (cause) {
    throw new DwError('DW_NOT_FOUND', `the completions for ${shell} are not there`, {
      cause,
      hints: [`build them, in "${join(around.programs, '..')}": npm run build`],
    })
  }
}
