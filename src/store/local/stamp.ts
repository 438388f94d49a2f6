import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as t from 'typanion'
import type { SessionId } from '../../domain/record.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

/** Whose worktree this is and for what task; it stands in the worktree's own git directory and dies with it. */
export interface Stamp {
  readonly session: SessionId
  readonly key: string
}

const isStamp = t.isObject({ session: t.isString(), key: t.isString() })
const FILE_NAME = 'dw-stamp.json'

/** The stamp in a worktree's git directory. Only worktrees made by a claim have one. */
export async function readStamp(gitDir: string): Promise<Stamp | undefined> {
  const value = await readJsonFile(join(gitDir, FILE_NAME))
  return isStamp(value) ? (value as Stamp) : undefined
}

export async function writeStamp(gitDir: string, stamp: Stamp): Promise<void> {
  await writeJsonFile(join(gitDir, FILE_NAME), stamp)
}

/** The git directories of all linked worktrees, with their stamps. */
export async function allStamps(commonDir: string): Promise<{ gitDir: string; stamp: Stamp }[]> {
  const names = await readdir(join(commonDir, 'worktrees')).catch(() => [])
  const stamps = await Promise.all(
    names.map(async (name) => {
      const gitDir = join(commonDir, 'worktrees', name)
      const stamp = await readStamp(gitDir)
      return stamp === undefined ? [] : [{ gitDir, stamp }]
    }),
  )
  return stamps.flat()
}
