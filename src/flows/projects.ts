import { relative, sep } from 'node:path'
import { DwError } from '../domain/error.ts'
import { projectKey } from '../domain/key.ts'
import { deepestProject } from '../domain/project.ts'
import type { Project } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import { PROJECTS_REF, projectRef } from '../store/ref-names.ts'
import type { Entry, Snapshot } from '../store/store.ts'
import { realPath } from './real-path.ts'
import { corrupt, defaultProject, type Workspace } from './workspace.ts'

/** The projects that were registered. */
export interface Registry {
  readonly projects: readonly Project[]
  /** Records that cannot be read: their names are taken, their directories are not known. */
  readonly damaged: readonly Entry[]
}

/** A project that a command works on; without a record it is not registered. */
export interface NamedProject {
  readonly name: string
  readonly record?: Project
}

/** The registered projects of a snapshot that {@link PROJECTS_REF} was read into. */
export function registryIn(snapshot: Snapshot): Registry {
  const entries = [...snapshot.values()].filter(({ ref }) => ref.startsWith(`${PROJECTS_REF}/`))
  return {
    projects: entries.flatMap(({ content }) =>
      content.ok && content.record.kind === 'project' ? [content.record] : [],
    ),
    damaged: entries.filter(({ content }) => !content.ok || content.record.kind !== 'project'),
  }
}

/**
 * The project of a command that names none (design §3): the deepest registered one that the current
 * directory is in, else the default. Where a record cannot be read, that is said, and the others decide.
 */
export async function projectHere(workspace: Workspace, snapshot?: Snapshot): Promise<NamedProject> {
  const read = snapshot ?? (await workspace.store.read({ refs: [PROJECTS_REF] }))
  const { projects, damaged } = registryIn(read)
  for (const { ref, content } of damaged) {
    const problem = content.ok ? 'is no project' : content.problem
    workspace.around.say(`warning: the record at "${ref}" ${problem}; its directory is not known`)
  }
  const place = projects.length === 0 ? null : await placeHere(workspace)
  const found = place === null ? undefined : deepestProject(projects, place)
  if (found !== undefined) return { name: found.name, record: found }
  const name = defaultProject(workspace)
  const record = projects.find((each) => projectRef(each.name) === projectRef(name))
  return record === undefined ? { name } : { name, record }
}

/** The name of the project of a command; `option` is the value of `--project`. Throws DW_USAGE. */
export async function projectName(workspace: Workspace, option?: string): Promise<string> {
  if (option === undefined) return (await projectHere(workspace)).name
  projectKey(option)
  return option
}

/**
 * The project of a task that is to get a worktree; `option` is the value of `--project`, and need not be
 * registered. Throws DW_USAGE, and DW_CORRUPT_STATE or DW_SCHEMA where its record cannot be read.
 */
export async function projectOfTask(workspace: Workspace, option?: string): Promise<NamedProject> {
  if (option !== undefined) projectKey(option)
  const snapshot = await workspace.store.read({ refs: taskProjectRefs(option) })
  if (option === undefined) {
    const here = await projectHere(workspace, snapshot)
    projectIn(snapshot, here.name)
    return here
  }
  const record = projectIn(snapshot, option)
  return record === undefined ? { name: option } : { name: option, record }
}

/** The refs that {@link projectOfTask} reads, and without an option {@link projectName}. */
export function taskProjectRefs(option?: string) {
  return [option === undefined ? PROJECTS_REF : projectRef(option)]
}

/** The record of a project. Throws DW_CORRUPT_STATE or DW_SCHEMA when it cannot be read. */
export function projectIn(snapshot: Snapshot, name: string): Project | undefined {
  const entry = snapshot.get(projectRef(name))
  if (entry === undefined) return undefined
  if (!entry.content.ok || entry.content.record.kind !== 'project') throw corrupt(entry)
  return entry.content.record
}

/** Whether `name` is the default project's, in any spelling. */
export function isDefaultProject(workspace: Workspace, name: string): boolean {
  return projectRef(name) === projectRef(defaultProject(workspace))
}

/** DW_NOT_FOUND for a project that is neither registered nor the default. */
export function unknownProject(name: string): DwError {
  return new DwError('DW_NOT_FOUND', `there is no project "${name}"`, {
    hints: [
      'see what there is: git dw project list',
      `or register it: git dw project add ${shellWord(name)} --path <dir>`,
    ],
    details: { project: name },
  })
}

/** The current directory from the top of its worktree; null where there is no worktree. */
export async function placeHere(workspace: Workspace): Promise<string | null> {
  const { repository, around } = workspace
  if (repository.toplevel === null) return null
  const [top, cwd] = await Promise.all([realPath(repository.toplevel), realPath(around.cwd)])
  const place = relative(top, cwd).split(sep).join('/')
  return place === '..' || place.startsWith('../') ? null : place
}
