import { lockName, parseKey } from '../key.ts'
import { nameProblem } from '../name.ts'
import type { Project } from '../record.ts'
import type { OldProject, OldState, Problem } from './old-state.ts'
import type { Here, MigrationItem } from './plan.ts'
import { idKey } from './unite-sessions.ts'

/** Where an old project is, and what it is called from now on. */
export interface KnownProject {
  readonly name: string
  /** As the old files have it; empty where they do not say. */
  readonly path: string
  readonly place: 'here' | 'elsewhere' | 'unknown'
}

/** The old projects, and those that become projects of this repository. */
export interface ProjectPlan {
  readonly byId: ReadonlyMap<string, KnownProject>
  /** By their names as refs have them. */
  readonly byName: ReadonlyMap<string, KnownProject>
  readonly projects: readonly Project[]
  readonly problems: readonly Problem[]
  readonly items: readonly MigrationItem[]
}

/**
 * Projects whose directory is in this repository become projects under their names; those that are elsewhere
 * are only known. What the sessions say of a project counts where `registry/projects.json` does not have it.
 */
export function planProjects(old: OldState, here: Here): ProjectPlan {
  const problems: Problem[] = []
  const items: MigrationItem[] = []
  const byId = new Map<string, KnownProject>()
  const byName = new Map<string, KnownProject>()
  const projects: Project[] = []
  const taken = new Taken(here.projects)
  const times = new Map<string, number>()
  for (const { id } of old.projects) times.set(id, (times.get(id) ?? 0) + 1)
  for (const project of [...old.projects, ...mentioned(old)]) {
    const { id, name, path, file, entry } = project
    const fail = (reason: string) => problems.push({ file, entry, reason })
    const know = (place: KnownProject['place']) => {
      byId.set(id, { name, path, place })
      byName.set(idKey(name), { name, path, place })
    }
    const many = times.get(id) ?? 1
    if (many > 1) {
      fail(`its id is there ${many} times`)
      continue
    }
    const place = here.places.get(path) ?? null
    if (place === null) {
      know('elsewhere')
      continue
    }
    const bad = nameProblem(name)
    if (bad !== null) {
      fail(`"${name}" cannot name a project: it ${bad}`)
      continue
    }
    const twin = taken.by(name, place)
    if (twin === null) {
      know('here')
      const added: Project = { kind: 'project', id, name, path: place }
      projects.push(added)
      taken.add(added)
      items.push({ what: 'project', name, file, brought: true, why: `its directory is "${place}"` })
    } else if (here.projects.includes(twin) && idKey(twin.name) === idKey(name) && isAt(twin, place)) {
      know('here')
      items.push({ what: 'project', name, file, brought: false, why: 'it is registered here already' })
    } else fail(`"${twin.name}" with the directory "${twin.path}" is in its way`)
  }
  return { byId, byName, projects, problems, items }
}

/** The names and directories that projects have. */
class Taken {
  readonly #names = new Map<string, Project>()
  readonly #places = new Map<string, Project>()

  constructor(projects: readonly Project[]) {
    for (const project of projects) this.add(project)
  }

  add(project: Project): void {
    this.#names.set(idKey(project.name), project)
    this.#places.set(placeKey(project.path), project)
  }

  by(name: string, place: string): Project | null {
    return this.#names.get(idKey(name)) ?? this.#places.get(placeKey(place)) ?? null
  }
}

function isAt(project: Project, place: string): boolean {
  return placeKey(project.path) === placeKey(place)
}

function placeKey(path: string): string {
  return lockName(parseKey(path))
}

/** The projects that only sessions name, with a directory, each once. */
function mentioned(old: OldState): OldProject[] {
  const registered = new Set(old.projects.map(({ id }) => id))
  const found = new Map<string, OldProject>()
  for (const { project, file, entry } of old.files) {
    if (project === null || project.path === null || registered.has(project.id)) continue
    if (found.has(project.id)) continue
    const { id, name, path } = project
    found.set(id, { file, entry, id, name: name ?? id, path })
  }
  return [...found.values()]
}

/**
 * The project that an old entry names by its id, or as v1 did by its name. Null for one of which nothing is
 * known although there is a register. The default project is the whole repository, so it is here.
 */
export function projectNamed(
  old: OldState,
  here: Here,
  plan: ProjectPlan,
  id: string,
  name: string | null,
): KnownProject | null {
  const known = plan.byId.get(id) ?? plan.byName.get(idKey(id))
  if (known !== undefined) return known
  const isDefault = [id, name].some((each) => each !== null && idKey(each) === idKey(here.defaultProject))
  if (isDefault) return { name: here.defaultProject, path: '', place: 'here' }
  return old.states.projects === 'absent' ? { name: name ?? id, path: '', place: 'unknown' } : null
}
