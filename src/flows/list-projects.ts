import { lockName, projectKey } from '../domain/key.ts'
import type { Vantage } from '../domain/lease.ts'
import { deepestProject, type ProjectRow } from '../domain/project.ts'
import type { SessionId } from '../domain/record.ts'
import { LOCKS_REF, PROJECTS_REF, projectRef, type RefName } from '../store/ref-names.ts'
import type { Entry } from '../store/store.ts'
import { readGround } from './ground.ts'
import { heartbeatQuietly } from './heartbeat.ts'
import { findClaimants, identityRefs, settleIdentity } from './identity.ts'
import { isDefaultProject, placeHere, registryIn } from './projects.ts'
import { checkMeta, defaultProject, type Workspace } from './workspace.ts'

/** Everything that `project list` shows. */
export interface ProjectList {
  readonly rows: readonly ProjectRow[]
  /** Records of projects, and locks of tasks and projects, that cannot be read. */
  readonly damaged: readonly Entry[]
  readonly me: SessionId | null
  readonly vantage: Vantage
}

/** All task and project locks. */
const TASK_LOCKS: RefName = `${LOCKS_REF}/task`

/** The registered projects by name, and the default one, with the locks that bear their names. */
export async function listProjects(workspace: Workspace, option?: string): Promise<ProjectList> {
  const claimants = await findClaimants(workspace, option)
  const refs = [...new Set([...identityRefs(claimants), PROJECTS_REF, TASK_LOCKS])]
  const snapshot = await workspace.store.read({ refs })
  checkMeta(snapshot, 'read')
  const identity = settleIdentity(workspace, claimants, snapshot)
  if (identity.who === 'session') await heartbeatQuietly(workspace, identity.mine, snapshot)
  const ground = await readGround(workspace, snapshot)
  const { projects, damaged } = registryIn(snapshot)
  const isUnread = damaged.some(({ ref }) => ref === projectRef(defaultProject(workspace)))
  const registered = projects.map((project) => ({ ...project, registered: true }))
  const unregistered = { name: defaultProject(workspace), path: '.', registered: false }
  const named = projects.some(({ name }) => isDefaultProject(workspace, name)) || isUnread
  const place = await placeHere(workspace)
  const here = place === null ? undefined : deepestProject(projects, place)
  const rows = [...registered, ...(named ? [] : [unregistered])].map((project): ProjectRow => {
    const isDefault = isDefaultProject(workspace, project.name)
    const name = lockName(projectKey(project.name))
    const locks = ground.holdings.filter((lock) => lock.name === name || lock.name.startsWith(`${name}/`))
    const lock = locks.find((each) => each.name === name && each.state !== 'void')
    return {
      ...project,
      isDefault,
      here: here === undefined ? isDefault : here.name === project.name,
      tasks: locks.filter((each) => each.name !== name && each.state === 'live').length,
      ...(lock === undefined ? {} : { lock }),
    }
  })
  return {
    rows: rows.sort((a, b) => (a.name < b.name ? -1 : 1)),
    damaged: ground.damaged.filter(({ ref }) => ref.startsWith(PROJECTS_REF) || ref.startsWith(TASK_LOCKS)),
    me: identity.who === 'session' ? identity.mine.session.id : null,
    vantage: ground.vantage,
  }
}
