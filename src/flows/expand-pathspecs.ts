import { relative, resolve } from 'node:path'
import { DwError } from '../domain/error.ts'
import type { Pathspec } from '../domain/pathspec.ts'
import { type Tracked, type TrackedFile, trackedFiles } from '../git/tracked-files.ts'
import type { Workspace } from './workspace.ts'

/** A tracked file by its name from the top of the worktree. */
export interface FittingFile {
  readonly path: string
  readonly isLink: boolean
}

/**
 * The tracked files that `pathspecs` fit together; git decides. Throws DW_USAGE for a pathspec without a
 * worktree, one that leaves it, and a name that is not UTF-8, DW_NOT_FOUND for one that fits no file.
 */
export async function expandPathspecs(
  workspace: Workspace,
  pathspecs: readonly Pathspec[],
): Promise<FittingFile[]> {
  for (const pathspec of pathspecs) refuseOutside(workspace, pathspec)
  const { files, allFit } = await tracked(workspace, pathspecs)
  if (!allFit || files.length === 0) await refuseUnfit(workspace, pathspecs, files.length)
  return files.map(fitting)
}

async function tracked(workspace: Workspace, pathspecs: readonly Pathspec[]): Promise<Tracked> {
  return trackedFiles(
    workspace.git,
    pathspecs.map(({ text }) => text),
  )
}

/** An exclude that takes nothing away is no mistake; each of the others must fit a file by itself. */
async function refuseUnfit(
  workspace: Workspace,
  pathspecs: readonly Pathspec[],
  left: number,
): Promise<void> {
  const positive = pathspecs.filter(({ exclude }) => !exclude)
  for (const pathspec of positive) {
    if ((await tracked(workspace, [pathspec])).allFit) continue
    throw new DwError('DW_NOT_FOUND', `the pathspec "${pathspec.text}" fits no tracked file`, {
      hints: [
        'a file that does not exist yet is claimed by its plain path',
        `try it with: git ls-files -- '${pathspec.text}'`,
      ],
      details: { pathspec: pathspec.text },
    })
  }
  if (left > 0) return
  const last = pathspecs.at(-1)?.text ?? ''
  throw new DwError('DW_NOT_FOUND', 'the pathspecs together fit no tracked file', {
    hints: [`what is excluded leaves nothing: "${last}"`],
    details: { pathspec: last },
  })
}

function refuseOutside(workspace: Workspace, { text, pattern, top, literal }: Pathspec): void {
  const { toplevel } = workspace.repository
  if (toplevel === null) {
    throw new DwError('DW_USAGE', `"${text}": pathspecs need a worktree, and there is none here`, {
      hints: ['name the paths, counted from the top', 'or go to a worktree'],
    })
  }
  const fixed = literal ? pattern : (pattern.split(/[*?[\\]/)[0] ?? '')
  const whole = resolve(top ? toplevel : workspace.around.cwd, fixed.startsWith('/') ? fixed : `./${fixed}`)
  const path = relative(toplevel, whole)
  if (path === '..' || path.startsWith('../')) {
    throw new DwError('DW_USAGE', `"${text}" is outside this worktree`, {
      hints: ['pathspecs fit the files of the worktree that you are in'],
    })
  }
}

function fitting({ name, isLink }: TrackedFile): FittingFile {
  const path = name.toString('utf8')
  if (Buffer.from(path, 'utf8').equals(name)) return { path, isLink }
  throw new DwError('DW_USAGE', `the name of the tracked file "${path}" is not UTF-8`, {
    hints: [`leave it out: ':(exclude)…'`, 'or claim a directory above it'],
  })
}
