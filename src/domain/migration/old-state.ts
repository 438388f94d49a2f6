import type { SessionId, Timestamp } from '../record.ts'

/** Where something stands in an old state directory. */
export interface Source {
  /** Relative to the state directory. */
  readonly file: string
  /** The entry's id, else its place: `#3`, `line 7`. Empty for the file as a whole. */
  readonly entry: string
}

/** Something in the old files that cannot be brought over, and why. */
export interface Problem extends Source {
  readonly reason: string
}

/** Whether the entry of a problem is a session: in the registry, in a file of its own, or in v1's. */
export function isOfSession({ file }: Source): boolean {
  return file === 'sessions.json' || file.startsWith('sessions/') || file.startsWith('active.json')
}

/** A project as an old session names it. */
export interface ProjectMention {
  readonly id: string
  readonly name: string | null
  readonly path: string | null
}

/** One session as one old file has it. */
export interface OldSession extends Source {
  readonly id: SessionId
  readonly project: ProjectMention | null
  readonly task: string | null
  readonly worktree: {
    readonly path: string
    readonly branch: string | null
    readonly createdAt: Timestamp | null
  } | null
  readonly pr: string | null
  /** The ids of locks that it says it has. */
  readonly locks: readonly string[]
  readonly status: 'active' | 'ended'
  readonly createdAt: Timestamp
  readonly lastActivity: Timestamp
}

export interface OldLock extends Source {
  readonly id: string
  /** The project's id, or its name; null where only a task was claimed. */
  readonly projectId: string | null
  /** Null where a whole project was claimed. */
  readonly taskId: string | null
  readonly ownerId: string
  readonly acquiredAt: Timestamp
  readonly expiresAt: Timestamp
  readonly status: 'active' | 'expired' | 'released'
}

export interface OldProject extends Source {
  readonly id: string
  readonly name: string
  readonly path: string
}

/** One line of the audit log. */
export interface OldEvent extends Source {
  readonly at: Timestamp
  readonly event: string
  /** Null for a line that names no session. */
  readonly session: string | null
  /** What it says beyond that, as text. */
  readonly data: string | null
}

/** Whether a file was there, and could be read. */
export type FileState = 'read' | 'absent' | 'damaged'

/** All that an old state directory says, entry by entry; what cannot be read is among the problems. */
export interface OldState {
  /** v1: `active.json`, then its backup. */
  readonly v1: readonly OldSession[]
  /** v2: the entries of `sessions.json`, and the files in `sessions/`. */
  readonly registry: readonly OldSession[]
  readonly files: readonly OldSession[]
  readonly locks: readonly OldLock[]
  readonly projects: readonly OldProject[]
  readonly events: readonly OldEvent[]
  readonly problems: readonly Problem[]
  readonly states: {
    readonly registry: FileState
    readonly locks: FileState
    readonly projects: FileState
  }
}

/** The name under which v2 kept what v1 had. */
export const V1_BACKUP = 'active.json.v1-backup'
