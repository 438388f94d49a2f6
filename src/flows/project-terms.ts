import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import { formatKey, lockName, projectKey, taskKey } from '../domain/key.ts'
import { fillTemplate } from '../domain/template.ts'
import { isBranchName } from '../git/branch-name.ts'
import { resolveNames } from '../git/refs.ts'
import { keysOf } from './named-keys.ts'
import type { Workspace } from './workspace.ts'

/** What a user says of a project. */
export interface ProjectRequest {
  readonly name: string
  /** Its directory, as a path is given. */
  readonly path: string
  readonly base?: string
  readonly branch?: string
  /** What of it is to be said no longer. */
  readonly unset: readonly ('base' | 'branch')[]
}

/** What a project's record is to say. */
export interface ProjectTerms {
  readonly name: string
  readonly path: string
  readonly base?: string
  readonly branch?: string
}

/**
 * Checks what a user says of a project, and what may be wrong with it although it can be registered.
 * Throws DW_USAGE for a name, directory or template that cannot be, DW_NOT_FOUND for a base that names
 * no commit.
 */
export async function projectTerms(
  workspace: Workspace,
  request: ProjectRequest,
): Promise<{ readonly terms: ProjectTerms; readonly doubts: readonly string[] }> {
  const { name, base, branch } = request
  lockName(projectKey(name))
  const { path, doubts } = await directoryOf(workspace, request.path)
  if (branch !== undefined) checkTemplate(name, branch)
  if (base !== undefined) await checkBase(workspace, base)
  const terms = {
    name,
    path,
    ...(base === undefined ? {} : { base }),
    ...(branch === undefined ? {} : { branch }),
  }
  return { terms, doubts }
}

async function directoryOf(
  workspace: Workspace,
  path: string,
): Promise<{ readonly path: string; readonly doubts: readonly string[] }> {
  const [key, ...more] = await keysHere(workspace, path)
  if (key === undefined || key.kind !== 'path' || more.length > 0) {
    throw new DwError('DW_USAGE', `--path "${path}" is no directory`, { hints: ['name one: --path <dir>'] })
  }
  const { toplevel } = workspace.repository
  const doubts: string[] = []
  if (toplevel !== null) {
    const status = await lstat(join(toplevel, key.path)).catch(() => null)
    if (status === null) doubts.push(`"${path}" does not exist here yet`)
    else if (!status.isDirectory()) {
      throw new DwError('DW_USAGE', `--path "${path}" is a file; a project is a directory`, {
        hints: ['name the directory that it is in'],
      })
    }
  }
  return { path: formatKey(key), doubts }
}

async function keysHere(workspace: Workspace, path: string) {
  if (path.startsWith(':(')) return []
  try {
    return await keysOf(workspace, [path])
  } catch (error) {
    if (!(error instanceof DwError) || error.code !== 'DW_USAGE') throw error
    throw new DwError('DW_USAGE', `--path: ${error.message}`, {
      hints: ['name a directory of this repository: --path <dir>'],
      cause: error,
    })
  }
}

function checkTemplate(project: string, branch: string): void {
  const wrong = (problem: string) =>
    new DwError('DW_USAGE', `--branch "${branch}" ${problem}`, {
      hints: ['write a template like: --branch {project}/{task}'],
    })
  const filled = fillTemplate(branch, taskKey(project, 'task'))
  if ('unknown' in filled) throw wrong(`has the unknown placeholder "{${filled.unknown}}"`)
  if (!isBranchName(filled.text)) throw wrong('gives no valid branch name')
  if (!branch.includes('{task}')) throw wrong('has no {task}: all tasks would have one branch')
}

async function checkBase(workspace: Workspace, base: string): Promise<void> {
  // git reads one name a line
  const isName = base.trim() !== '' && !base.includes('\n')
  const [commit = null] = isName ? await resolveNames(workspace.git, [`${base}^{commit}`]) : []
  if (commit !== null) return
  throw new DwError('DW_NOT_FOUND', `the base "${base}" names no commit`, {
    hints: ['fetch it, or name another with --base'],
  })
}
