import { access, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import * as t from 'typanion'
import { parseKey } from '../../domain/key.ts'
import type { SessionId } from '../../domain/record.ts'
import { createJsonFile, readJsonFile, writeJsonFile } from './json-file.ts'

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

/** Stamps a worktree that has no stamp; false where it has one by now, also one that cannot be read. */
export async function createStamp(gitDir: string, stamp: Stamp): Promise<boolean> {
  return createJsonFile(join(gitDir, FILE_NAME), stamp)
}

/** Whether there is a stamp, readable or not. */
export async function hasStamp(gitDir: string): Promise<boolean> {
  return access(join(gitDir, FILE_NAME)).then(
    () => true,
    () => false,
  )
}

/** Whether the stamp is this one, field by field. */
export async function isStampedSo(gitDir: string, stamp: Stamp): Promise<boolean> {
  return isDeepStrictEqual(await readJsonFile(join(gitDir, FILE_NAME)), { ...stamp })
}

/** Takes a stamp away that is still this one. */
export async function dropStamp(gitDir: string, stamp: Stamp): Promise<void> {
  if (await isStampedSo(gitDir, stamp)) await rm(join(gitDir, FILE_NAME), { force: true })
}
