import { randomUUID } from 'node:crypto'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { shellWord } from '../domain/shell-word.ts'

/** DW_GIT for a place that cannot take what is to be written. Nothing is changed, or all of it. */
export function noSpace(directory: string, cause: unknown): DwError {
  return new DwError('DW_GIT', `there is no space left to write in "${directory}"`, {
    cause,
    hints: [
      'make room, then give the same command again',
      `see how full it is: df -h ${shellWord(directory)}`,
    ],
    details: { path: directory },
  })
}

/** Whether an error of the file system says that the disk, or the user's share of it, is full. */
export function isNoSpace(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOSPC', 'EDQUOT'].includes(String(error.code))
}

const BYTES_EACH = 8192
const SPARE = 16

/**
 * Throws DW_GIT where a transaction of so many refs failed because the disk is full. What git says of it is
 * not read: a file as large as what git writes and takes away again is written instead.
 */
export async function refuseFull(commonDir: string, refs: number, cause: string): Promise<void> {
  const { files, ffree } = await statfs(commonDir)
  if (files > 0 && ffree < refs + SPARE) throw noSpace(commonDir, cause)
  const probe = join(commonDir, `dw-probe.${randomUUID()}.tmp`)
  try {
    await writeFile(probe, Buffer.alloc((refs + SPARE) * BYTES_EACH))
  } catch (error) {
    if (isNoSpace(error)) throw noSpace(commonDir, cause)
  } finally {
    await rm(probe, { force: true }).catch(() => undefined)
  }
}
