import { formatKey, taskKey } from '../key.ts'
import { nameProblem } from '../name.ts'
import type { SoundSession } from './judge-sessions.ts'
import type { Problem } from './old-state.ts'
import type { Adoption, Here, ListedWorktree, MigrationItem } from './plan.ts'
import { someOf } from './some-of.ts'

export interface WorktreePlan {
  readonly adoptions: readonly Adoption[]
  /** By the ids of sessions: the branch that they worked on, as the old files have it. */
  readonly branches: ReadonlyMap<string, string>
  readonly problems: readonly Problem[]
  readonly items: readonly MigrationItem[]
}

/**
 * The worktrees of the sessions that come over, as far as git itself lists them: each gets the stamp of the
 * session that works in it, else of the last that did. One that two active sessions claim is a problem.
 */
export function planWorktrees(sessions: readonly SoundSession[], here: Here): WorktreePlan {
  const problems: Problem[] = []
  const items: MigrationItem[] = []
  const adoptions: Adoption[] = []
  const branches = new Map<string, string>()
  const candidates = new Map<ListedWorktree, SoundSession[]>()
  for (const sound of sessions) {
    const { worktree } = sound.session
    if (worktree === null) continue
    const listed = here.worktrees.get(worktree.path)
    const why = whyNot(sound, listed)
    // everybody pushes the main worktree's branch
    const { branch } = worktree
    if (branch !== null && branch !== here.mainBranch) branches.set(sound.session.id, branch)
    if (listed !== undefined && why === null)
      candidates.set(listed, [...(candidates.get(listed) ?? []), sound])
    else if (sound.session.status === 'active') items.push(left(sound, worktree.path, why ?? ''))
  }
  for (const [listed, all] of candidates) {
    const active = all.filter(({ session }) => session.status === 'active')
    if (active.length > 1) {
      const whose = someOf(active.map(({ session }) => session.id))
      const reason = `"${listed.path}" is the worktree of ${whose} at once`
      problems.push(...active.map(({ session: { file, entry } }) => ({ file, entry, reason })))
      continue
    }
    const last = (a: SoundSession, b: SoundSession) =>
      a.session.lastActivity > b.session.lastActivity ? a : b
    const chosen = active[0] ?? all.reduce(last)
    const { session, project } = chosen
    if (listed.gitDir === null || project === null || session.task === null) continue
    const key = formatKey(taskKey(project.name, session.task))
    const { path, gitDir, branch } = listed
    const noted = session.worktree?.branch ?? null
    const adoption = { path, gitDir, branch, noted, session: session.id, key }
    adoptions.push(adoption)
    const moved = movedOn(adoption)
    const why = `made for "${key}" by ${session.id}${moved === null ? '' : `; ${moved}`}`
    items.push({ what: 'worktree', name: path, file: session.file, brought: true, why })
  }
  return { adoptions, branches, problems, items }
}

/** That something else is checked out in it than the old files say; null where they fit. */
export function movedOn({ branch, noted }: Adoption): string | null {
  if (noted === null || noted === branch) return null
  const there = branch === null ? 'no branch' : `"${branch}"`
  return `${there} is checked out in it by now, not "${noted}"`
}

/** Why the worktree of a session gets no stamp; null for one that does. */
function whyNot({ session, project }: SoundSession, listed: ListedWorktree | undefined): string | null {
  if (listed === undefined) return 'git lists no worktree of this repository there'
  if (listed.main) return 'it is the main worktree'
  if (listed.missing || listed.gitDir === null) return 'its directory is gone'
  if (listed.stamped) return 'a claim of git dw made it'
  if (project === null || session.task === null) return `${session.id} has no task`
  const isNamed = [project.name, session.task].every((name) => nameProblem(name) === null)
  return isNamed ? null : `the task of ${session.id} cannot be a task here`
}

function left({ session }: SoundSession, path: string, why: string): MigrationItem {
  return { what: 'worktree', name: path, file: session.file, brought: false, why }
}
