import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { writeJsonFile } from './json-file.ts'

/** Stands in a worktree's own git directory until `dw.postCreate` has succeeded there (design §9). */
const FILE_NAME = 'dw-post-create.json'

/** Notes that `dw.postCreate` is to run in the worktree of this git directory. */
export async function owePostCreate(gitDir: string): Promise<void> {
  await writeJsonFile(join(gitDir, FILE_NAME), { owed: true })
}

/** Whether it is still to run, or to run again. */
export async function owesPostCreate(gitDir: string): Promise<boolean> {
  return access(join(gitDir, FILE_NAME)).then(
    () => true,
    () => false,
  )
}

export async function settlePostCreate(gitDir: string): Promise<void> {
  await rm(join(gitDir, FILE_NAME), { force: true })
}
