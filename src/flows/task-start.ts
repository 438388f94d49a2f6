import { DwError } from '../domain/error.ts'
import type { TaskKey } from '../domain/key.ts'
import type { Project } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import { fillTemplate } from '../domain/template.ts'
import { isBranchName } from '../git/branch-name.ts'
import type { Workspace } from './workspace.ts'

/** What says where a task's branch starts and how it is called. */
export interface StartOptions {
  /** The values of `--base` and `--branch`. */
  readonly base?: string
  readonly branch?: string
  /** The task's project, when it is registered. */
  readonly project?: Project
}

/**
 * The branch of a task (design §9): `--branch`, else the template of its project, else `dw.branch`.
 * Throws DW_USAGE for a bad name, DW_CONFIG for a bad template, naming the setting or the project.
 */
export function taskBranch(workspace: Workspace, task: TaskKey, options: StartOptions): string {
  const { branch, project } = options
  if (branch !== undefined) return checked(branch, badBranch)
  if (project?.branch !== undefined) {
    const filled = fillTemplate(project.branch, task)
    if ('unknown' in filled) {
      throw badTemplate(project, `has the unknown placeholder "{${filled.unknown}}"`)
    }
    return checked(filled.text, () => badTemplate(project, `gives "${filled.text}", no valid branch name`))
  }
  const filled = fillTemplate(workspace.settings.branch, task)
  if ('unknown' in filled) throw workspace.settings.badTemplate('dw.branch', filled.unknown)
  return checked(filled.text, badBranch)
}

/**
 * What a new branch was asked to start at: `--base`, else its project's, else `dw.base`; undefined for the
 * remote's or HEAD (design §9).
 */
export function askedBase(workspace: Workspace, options: StartOptions): string | undefined {
  return options.base ?? options.project?.base ?? workspace.settings.base
}

/** DW_NOT_FOUND for a base that names no commit, saying where it was set. */
export function noCommit(workspace: Workspace, options: StartOptions): DwError {
  const base = askedBase(workspace, options)
  const { project } = options
  if (base === undefined) {
    return new DwError('DW_NOT_FOUND', 'there is no commit to start a branch at', {
      hints: ['make a first commit, or claim without a worktree: --no-worktree'],
    })
  }
  if (options.base === undefined && project?.base !== undefined) {
    return new DwError(
      'DW_NOT_FOUND',
      `the base "${base}" of the project "${project.name}" names no commit`,
      {
        hints: [
          'fetch it, or name another with --base',
          `or register another: ${registering(project)} --base <commit> --replace`,
        ],
        details: { project: project.name },
      },
    )
  }
  return new DwError('DW_NOT_FOUND', `the base "${base}" names no commit`, {
    hints: ['name another with --base'],
  })
}

function checked(branch: string, bad: (branch: string) => DwError): string {
  if (isBranchName(branch)) return branch
  throw bad(branch)
}

function badBranch(branch: string): DwError {
  return new DwError('DW_USAGE', `"${branch}" is no valid branch name`, {
    hints: ['name another with --branch', 'or set the template: git config dw.branch feature/{task}'],
  })
}

function badTemplate(project: Project, problem: string): DwError {
  return new DwError(
    'DW_CONFIG',
    `the branch "${project.branch}" of the project "${project.name}" ${problem}`,
    {
      hints: [
        'name a branch with --branch',
        `or register another: ${registering(project)} --branch <template> --replace`,
      ],
      details: { project: project.name, value: project.branch },
    },
  )
}

function registering(project: Project): string {
  return `git dw project add ${shellWord(project.name)} --path ${shellWord(`:/${project.path.replace(/^\.\/?/, '')}`)}`
}
