import type { LockName } from '../key.ts'
import type { Lock, LogEvent, Owner, Project, Session, SessionId } from '../record.ts'
import type { Problem } from './old-state.ts'

/** What kinds of things are brought over. */
export type ItemKind = 'project' | 'session' | 'lock' | 'log' | 'worktree'

/** One thing of the old files that is no damage, and what becomes of it. */
export interface MigrationItem {
  readonly what: ItemKind
  readonly name: string
  readonly file: string
  /** It becomes a record, or a stamp; else `why` says why not. */
  readonly brought: boolean
  readonly why: string
}

/** What belongs to another repository. */
export interface Elsewhere {
  /** The project's name and directory. */
  readonly project: string
  readonly path: string
  readonly sessions: readonly string[]
  /** The locks' keys as they will be there. */
  readonly locks: readonly string[]
}

/** A worktree of this repository as git lists it, with what its stamp says. */
export interface ListedWorktree {
  readonly path: string
  readonly branch: string | null
  readonly gitDir: string | null
  readonly main: boolean
  readonly missing: boolean
  readonly stamped: boolean
}

/** A worktree that is to be stamped as made for a task. */
export interface Adoption {
  readonly path: string
  readonly gitDir: string
  /** What is checked out in it, and what the old files say that is; null for no branch, and for nothing said. */
  readonly branch: string | null
  readonly noted: string | null
  readonly session: SessionId
  readonly key: string
}

/** What this repository has, and from where it is looked at. */
export interface Here {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly owner: Owner
  /** Seconds. */
  readonly sessionTtl: number
  readonly defaultProject: string
  /** Whether the old files lie in this repository: what belongs to no project belongs where they lie. */
  readonly holdsState: boolean
  /** Of each old directory, its path from the top of this repository as a key prints it; null for elsewhere. */
  readonly places: ReadonlyMap<string, string | null>
  /** Of each old worktree path, the worktree that git lists there. */
  readonly worktrees: ReadonlyMap<string, ListedWorktree>
  /** What is checked out in the main worktree; null for no branch. */
  readonly mainBranch: string | null
  /** The sessions, and the logs, that are there already, by their names in refs. */
  readonly sessions: ReadonlySet<string>
  readonly logs: ReadonlySet<string>
  readonly projects: readonly Project[]
  /** The locks that stand; of one that cannot be read, nobody knows whose it is. */
  readonly locks: readonly { readonly name: LockName; readonly key: string; readonly session: string }[]
}

/** A problem, and whether what is sound of its session comes over all the same, here or where it belongs. */
export interface PlannedProblem extends Problem {
  readonly comes: 'no' | 'partly' | 'elsewhere'
}

/** What is to be written, and what is to be told. */
export interface Plan {
  readonly projects: readonly Project[]
  readonly sessions: readonly Session[]
  readonly locks: readonly Lock[]
  readonly logs: readonly { readonly session: SessionId; readonly events: readonly LogEvent[] }[]
  readonly adoptions: readonly Adoption[]
  readonly items: readonly MigrationItem[]
  readonly problems: readonly PlannedProblem[]
  readonly elsewhere: readonly Elsewhere[]
}
