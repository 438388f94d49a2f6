import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { shellWord } from '../domain/shell-word.ts'
import { type RefName, refsAbove } from './ref-names.ts'

/** DW_READONLY where a directory that a write of `refs` needs cannot be written; `cause` is what git said. */
export async function refuseReadOnly(
  commonDir: string,
  cause: string,
  refs: readonly string[] = [],
): Promise<void> {
  for (const name of ['', 'objects', 'refs', 'refs/dw', ...directoriesOf(refs)]) {
    const writable = await access(join(commonDir, name), constants.W_OK).then(
      () => true,
      // a file in a directory's place is damage, which others name
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT' || error.code === 'ENOTDIR',
    )
    if (writable) continue
    const directory = join(commonDir, name)
    throw new DwError('DW_READONLY', `"${directory}" cannot be written by this user`, {
      cause,
      hints: [
        `see whose it is with: ls -ld ${shellWord(directory)}`,
        'reading commands work all the same: git dw status',
      ],
    })
  }
}

/** The directories that hold the files of `refs`, the highest first. */
function directoriesOf(refs: readonly string[]): Set<string> {
  return new Set(refs.flatMap((ref) => refsAbove(ref as RefName)).sort())
}

/** DW_BUSY: lock files stayed in the way. */
export function busy(commonDir: string, lockFiles: readonly string[], cause: string): DwError {
  const paths = lockFiles.map((name) => join(commonDir, name))
  const named = paths.map((path) => `"${path}"`).join(', ')
  return new DwError(
    'DW_BUSY',
    `the refs could not be written${named === '' ? '' : `: ${named} is in the way`}`,
    {
      hints:
        named === ''
          ? ['try again', 'if it stays, look for damage with: git fsck']
          : [
              'try again',
              `if it stays, and no git process runs here, remove it: rm ${paths.map(shellWord).join(' ')}`,
            ],
      details: { lockFiles },
      cause,
    },
  )
}
