import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Git } from './exec.ts'
import { type NewObject, type ObjectFormat, objectId, writeObjects } from './objects.ts'

/** Reading a large worktree takes longer than our plumbing, in milliseconds. */
const FILES_TIMEOUT = 600_000

/** A path whose changes git was told not to look at, and by which flag (git-update-index(1)). */
export interface UnwatchedPath {
  readonly path: string
  readonly oid: string
  readonly flag: 'assume-unchanged' | 'skip-worktree'
}

/** What the index of a worktree has that its status does not tell. */
export interface IndexNotes {
  readonly unwatched: readonly UnwatchedPath[]
  /** Submodules, and the commits that the index has of them. */
  readonly submodules: readonly { readonly path: string; readonly oid: string }[]
}

/** Lists what is unusual in the index of the worktree at `path`. Throws DW_GIT. */
export async function readIndexNotes(git: Git, path: string): Promise<IndexNotes> {
  const output = await git.output(['ls-files', '-v', '--stage', '-z'], {
    cwd: path,
    entering: true,
    timeout: FILES_TIMEOUT,
  })
  const unwatched: UnwatchedPath[] = []
  const submodules: { path: string; oid: string }[] = []
  for (const line of output.toString('utf8').split('\0')) {
    const entry = /^(\S) (\d+) ([0-9a-f]+) \d\t(.*)$/s.exec(line)
    if (entry === null) continue
    const [, tag = '', mode, oid = '', name = ''] = entry
    if (mode === '160000') submodules.push({ path: name, oid })
    else if (tag === 'S' || tag !== tag.toUpperCase()) {
      unwatched.push({ path: name, oid, flag: tag === 'S' ? 'skip-worktree' : 'assume-unchanged' })
    }
  }
  return { unwatched, submodules }
}

/** The ids that git would give these files if they were added, filters included. Throws DW_GIT. */
export async function hashAsAdded(git: Git, path: string, files: readonly string[]): Promise<string[]> {
  return hash(git, path, ['hash-object', '--stdin-paths'], files)
}

/**
 * Writes files of a worktree as blobs, byte for byte, and returns their ids in order. A name with a newline,
 * which git's list of names cannot carry, is read here. Throws DW_GIT.
 */
export async function writeFiles(
  git: Git,
  format: ObjectFormat,
  path: string,
  files: readonly string[],
): Promise<string[]> {
  const plain = files.filter((file) => !file.includes('\n'))
  const odd = files.filter((file) => file.includes('\n'))
  const blobs = await Promise.all(
    odd.map(async (file): Promise<NewObject> => ({ type: 'blob', bytes: await readFile(join(path, file)) })),
  )
  const [oids] = await Promise.all([
    // a name that starts with a quote would be read as a quoted one
    hash(
      git,
      path,
      [...DURABLE, 'hash-object', '-w', '--no-filters', '--stdin-paths'],
      plain.map((file) => `./${file}`),
    ),
    writeObjects(git, format, blobs),
  ])
  const byFile = new Map([
    ...plain.map((file, at): [string, string] => [file, oids[at] ?? '']),
    ...odd.map((file, at): [string, string] => [file, blobs[at] ? objectId(format, blobs[at]) : '']),
  ])
  return files.map((file) => byFile.get(file) ?? '')
}

const DURABLE = ['-c', 'core.fsync=loose-object,reference']

async function hash(
  git: Git,
  path: string,
  args: readonly string[],
  files: readonly string[],
): Promise<string[]> {
  if (files.length === 0) return []
  const input = files.map((file) => `${file}\n`).join('')
  const output = await git.output(args, { cwd: path, entering: true, input, timeout: FILES_TIMEOUT })
  return output.toString('utf8').trimEnd().split('\n')
}
