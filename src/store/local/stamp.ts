import { join } from 'node:path'
import * as t from 'typanion'
import { parseKey } from '../../domain/key.ts'
import type { SessionId } from '../../domain/record.ts'
import { readJsonFile, writeJsonFile } from './json-file.ts'

/** Whose worktree this is and for what task; it stands in the worktree's own git directory and dies with it. */
export interface Stamp {
  readonly session: SessionId
  readonly key: string
  /** The commit that the branch was at when the claim was made. */
  readonly base?: string
}

const isStamp = t.isObject({ session: t.isString(), key: t.isString(), base: t.isOptional(t.isString()) })
const FILE_NAME = 'dw-stamp.json'

/**
 * The stamp in a worktree's git directory; undefined for one that names no task, as for one that cannot be
 * read. Only worktrees made by a claim have one.
 */
export async function readStamp(gitDir: string): Promise<Stamp | undefined> {
  const value = await readJsonFile(join(gitDir, FILE_NAME))
  return isStamp(value) && isTask(value.key) ? (value as Stamp) : undefined
}

function isTask(key: string): boolean {
  try {
    return parseKey(key).kind === 'task'
  } catch {
    return false
  }
}

export async function writeStamp(gitDir: string, stamp: Stamp): Promise<void> {
  await writeJsonFile(join(gitDir, FILE_NAME), stamp)
}
