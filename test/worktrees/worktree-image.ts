import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from '../harness/sandbox.ts'

/** All that a worktree holds: HEAD, index, status, and every file byte for byte with its mode. */
export interface WorktreeImage {
  readonly head: string
  readonly index: string
  readonly status: string
  readonly files: Readonly<Record<string, string>>
}

/** Takes a picture of the worktree at `path`. */
export async function imageOf(sandbox: Sandbox, path: string): Promise<WorktreeImage> {
  const git = async (...args: string[]) => (await sandbox.run('git', args, { cwd: path })).stdout
  return {
    head: `${await git('symbolic-ref', '-q', 'HEAD')}${await git('rev-parse', '-q', '--verify', 'HEAD')}`,
    index: await git('ls-files', '--stage', '-z'),
    status: await git('status', '--porcelain=v2', '-z', '--no-renames', '--untracked-files=all'),
    files: filesUnder(path),
  }
}

function filesUnder(top: string, directory = ''): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(join(top, directory)).sort()) {
    const path = directory === '' ? name : `${directory}/${name}`
    if (name === '.git') continue
    const status = lstatSync(join(top, path))
    if (status.isDirectory()) Object.assign(found, filesUnder(top, path))
    else if (status.isSymbolicLink()) found[path] = `link to ${readlinkSync(join(top, path))}`
    else
      found[path] = `${(status.mode & 0o777).toString(8)} ${readFileSync(join(top, path)).toString('base64')}`
  }
  return found
}
