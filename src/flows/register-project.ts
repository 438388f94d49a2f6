import type { Holding } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { formatKey, lockName, projectKey } from '../domain/key.ts'
import type { Vantage } from '../domain/lease.ts'
import { isSameDirectory } from '../domain/project.ts'
import type { LogEventName, Project, SessionId } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import { lockNameOf, lockRef, META_REF, PROJECTS_REF, projectRef } from '../store/ref-names.ts'
import type { Change, Entry, Snapshot } from '../store/store.ts'
import { readGround } from './ground.ts'
import { heartbeatQuietly } from './heartbeat.ts'
import { type Claimants, findClaimants, identityRefs, settleIdentity } from './identity.ts'
import { journalRefs, withJournal } from './journal.ts'
import { type ProjectRequest, type ProjectTerms, projectTerms } from './project-terms.ts'
import { projectIn, registryIn, unknownProject } from './projects.ts'
import { commits, untilSettled } from './until-settled.ts'
import { checkMeta, timestamp, type Workspace } from './workspace.ts'

/** What became of a project, and the locks that bear its name, which stay. */
export interface ProjectChange {
  readonly outcome: 'added' | 'already' | 'replaced' | 'renamed' | 'removed'
  /** As it is now; as it was, when it was removed. */
  readonly project: Project
  /** As it was, when it was replaced or renamed. */
  readonly before?: Project
  /** What it said before and was not said again: it stays. */
  readonly kept?: readonly Kept[]
  /** Locks of the project and its tasks, under the old name and the new one; void ones are left out. */
  readonly locks: readonly Holding[]
  /** Locks of that name that cannot be read. */
  readonly damaged: readonly Entry[]
  /** My session. */
  readonly me: SessionId | null
  readonly vantage: Vantage
  /** What the user should look at. */
  readonly doubts: readonly string[]
}

/** What a project may say beyond its directory. */
type Kept = 'base' | 'branch'

/** What is to be written, decided from the records as they are. */
interface Step {
  readonly outcome: ProjectChange['outcome']
  readonly project: Project
  readonly before?: Project
  readonly kept?: readonly Kept[]
  readonly event: LogEventName
  readonly changes: readonly Change[]
}

/**
 * Registers a project (design §3). With the same values it is there already; with others it takes
 * `replace`. A base or branch that is not said again stays, unless `unset` names it. Throws what {@link projectTerms} throws, DW_EXISTS, DW_CORRUPT_STATE.
 */
export async function addProject(
  workspace: Workspace,
  request: ProjectRequest & { readonly session?: string; readonly replace: boolean },
): Promise<ProjectChange> {
  const { terms, doubts } = await projectTerms(workspace, request)
  const change = await changing(workspace, request.session, [terms.name], (snapshot) =>
    adding(workspace, snapshot, terms, request),
  )
  return { ...change, doubts: [...doubts, ...change.doubts] }
}

/** Takes a project out of the register; its locks stay. Throws DW_NOT_FOUND, DW_CORRUPT_STATE. */
export async function removeProject(
  workspace: Workspace,
  request: { readonly name: string; readonly session?: string },
): Promise<ProjectChange> {
  const { name } = request
  projectKey(name)
  return changing(workspace, request.session, [name], (snapshot) => {
    const project = projectIn(snapshot, name)
    if (project === undefined) throw unknownProject(name)
    const changes = [{ ...sourceOf(snapshot, name), to: null }]
    return { outcome: 'removed', project, event: 'project-remove', changes }
  })
}

/**
 * Gives a project another name, or its name another spelling; its locks keep the name that they were
 * claimed by. Throws DW_NOT_FOUND, DW_EXISTS, DW_CORRUPT_STATE.
 */
export async function renameProject(
  workspace: Workspace,
  request: { readonly name: string; readonly to: string; readonly session?: string },
): Promise<ProjectChange> {
  const { name, to } = request
  projectKey(name)
  lockName(projectKey(to))
  return changing(workspace, request.session, [name, to], (snapshot) => {
    const before = projectIn(snapshot, name)
    if (before === undefined) throw unknownProject(name)
    const project = { ...before, name: to }
    const event = 'project-rename'
    if (before.name === to) return { outcome: 'already', project, event, changes: [] }
    const [from, target] = [sourceOf(snapshot, name), sourceOf(snapshot, to)]
    if (from.ref === target.ref) {
      return { outcome: 'renamed', project, before, event, changes: [{ ...from, to: project }] }
    }
    const inTheWay = projectIn(snapshot, to)
    if (inTheWay !== undefined) throw nameTaken(inTheWay)
    const changes = [
      { ...from, to: null },
      { ...target, to: project },
    ]
    return { outcome: 'renamed', project, before, event, changes }
  })
}

function adding(
  workspace: Workspace,
  snapshot: Snapshot,
  terms: ProjectTerms,
  { replace, unset }: { readonly replace: boolean; readonly unset: readonly Kept[] },
): Step {
  const { name, path } = terms
  const before = projectIn(snapshot, name)
  const twin = registryIn(snapshot).projects.find(
    (each) => projectRef(each.name) !== projectRef(name) && isSameDirectory(each.path, path),
  )
  if (twin !== undefined) throw directoryTaken(twin, name)
  const source = sourceOf(snapshot, name)
  if (before === undefined) {
    const project: Project = { kind: 'project', id: `PROJ-${workspace.around.randomWord()}`, ...terms }
    return { outcome: 'added', project, event: 'project-add', changes: [{ ...source, to: project }] }
  }
  const { base, branch, ...rest } = before
  const said = (['base', 'branch'] as const).filter((field) => before[field] !== undefined)
  const kept = said.filter((field) => terms[field] === undefined && !unset.includes(field))
  const project = {
    ...rest,
    ...(base !== undefined && kept.includes('base') ? { base } : {}),
    ...(branch !== undefined && kept.includes('branch') ? { branch } : {}),
    ...terms,
  }
  const same = (['name', 'path', 'base', 'branch'] as const).every(
    (field) => project[field] === before[field],
  )
  if (same) return { outcome: 'already', project, kept, event: 'project-add', changes: [] }
  if (!replace) throw otherwise(before, terms, unset)
  return {
    outcome: 'replaced',
    project,
    before,
    kept,
    event: 'project-replace',
    changes: [{ ...source, to: project }],
  }
}

/** One change of the register: decided from a fresh read, logged where there is a session, told with the locks. */
async function changing(
  workspace: Workspace,
  option: string | undefined,
  names: readonly string[],
  decide: (snapshot: Snapshot) => Step,
): Promise<ProjectChange> {
  const claimants = await findClaimants(workspace, option)
  return untilSettled(workspace, async () => {
    const snapshot = await workspace.store.read({ refs: refsOf(claimants) })
    checkMeta(snapshot, 'write')
    const identity = settleIdentity(workspace, claimants, snapshot)
    // nobody's locks change, so nobody is a good enough actor; one in doubt is not
    if (identity.who === 'nobody' && identity.doubt !== undefined) throw identity.doubt
    const me = identity.who === 'session' ? identity.mine.session.id : null
    const { event, changes, ...step } = decide(snapshot)
    if (changes.length > 0) {
      const keys = names.map((name) => formatKey(projectKey(name)))
      const events = me === null ? [] : [{ at: timestamp(workspace), event, session: me, keys }]
      if (!(await commits(workspace, withJournal(workspace, snapshot, me, events, changes)))) return null
    }
    if (identity.who === 'session') await heartbeatQuietly(workspace, identity.mine, snapshot)
    return { ...step, ...(await after(workspace, step.project, names)), me }
  })
}

/** The locks of those names as they are after the change: a claim that came before it is among them. */
async function after(workspace: Workspace, project: Project, names: readonly string[]) {
  const refs = new Set(names.map((name) => lockRef(lockName(projectKey(name)))))
  const snapshot = await workspace.store.read({ refs: [...refs, PROJECTS_REF] })
  const { holdings, damaged, vantage } = await readGround(workspace, snapshot)
  const twins = registryIn(snapshot).projects.filter(
    ({ name, path }) => projectRef(name) !== projectRef(project.name) && isSameDirectory(path, project.path),
  )
  return {
    locks: holdings.filter(({ state }) => state !== 'void'),
    damaged: damaged.filter(({ ref }) => lockNameOf(ref) !== null),
    vantage,
    doubts: twins.map(({ name }) => `"${project.path}" was registered as "${name}" at the same time`),
  }
}

function refsOf(claimants: Claimants) {
  const ids = [claimants.named?.id, claimants.stamp?.session, claimants.binding?.session]
  const journals = ids.filter((id) => id !== undefined).flatMap(journalRefs)
  return [...new Set([...identityRefs(claimants), ...journals, META_REF, PROJECTS_REF])]
}

function sourceOf(snapshot: Snapshot, name: string): Pick<Change, 'ref' | 'from'> {
  const ref = projectRef(name)
  return { ref, from: snapshot.get(ref) ?? null }
}

function otherwise(before: Project, terms: ProjectTerms, unset: readonly Kept[]): DwError {
  const options = [
    `--path ${shellWord(terms.path === '.' ? ':/' : `:/${terms.path.replace(/^\.\//, '')}`)}`,
    ...(terms.base === undefined ? [] : [`--base ${shellWord(terms.base)}`]),
    ...(terms.branch === undefined ? [] : [`--branch ${shellWord(terms.branch)}`]),
    ...unset.map((field) => `--no-${field}`),
  ]
  return new DwError('DW_EXISTS', `the project "${before.name}" is registered ${described(before)}`, {
    hints: [
      'see it: git dw project list',
      `or change it: git dw project add ${shellWord(terms.name)} ${options.join(' ')} --replace`,
    ],
    details: { project: before.name },
  })
}

function described({ path, base, branch }: Project): string {
  const more = [
    ...(base === undefined ? [] : [`the base "${base}"`]),
    ...(branch === undefined ? [] : [`the branch "${branch}"`]),
  ]
  return `with the directory "${path}"${more.length === 0 ? '' : `, ${more.join(', ')}`}`
}

function directoryTaken(twin: Project, name: string): DwError {
  return new DwError('DW_EXISTS', `"${twin.path}" is the directory of the project "${twin.name}"`, {
    hints: [
      `give that one the name: git dw project rename ${shellWord(twin.name)} ${shellWord(name)}`,
      `or remove it first: git dw project remove ${shellWord(twin.name)}`,
    ],
    details: { project: twin.name },
  })
}

function nameTaken(project: Project): DwError {
  return new DwError('DW_EXISTS', `the project "${project.name}" is registered ${described(project)}`, {
    hints: [`choose another name, or remove it first: git dw project remove ${shellWord(project.name)}`],
    details: { project: project.name },
  })
}
