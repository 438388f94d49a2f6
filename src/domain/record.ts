import type { Key } from './key.ts'

/**
 * The records of design §4, as plain data. A record read from a ref may carry fields that are not
 * listed here; they are kept by spreading the old record into the new one.
 * `v`, `rev` and `nonce` are written by the store alone, so no writer can forget them.
 */

/** A session's id: `SESS-` and ten letters or digits. */
export type SessionId = string & { readonly __brand: 'SessionId' }

/** The object id of the blob that a ref points at. */
export type BlobId = string & { readonly __brand: 'BlobId' }

/** ISO 8601 in UTC, milliseconds included. */
export type Timestamp = string

/** Who a session belongs to. `agent` and `terminal` are labels, never secrets; at most one is there. */
export interface Owner {
  readonly user: string
  readonly host: string
  readonly clone: string
  readonly agent?: string
  readonly terminal?: string
}

/** The worktree a session made last. Its path is only ever shown (design §4). */
export interface WorktreeNote {
  readonly path: string
  readonly branch: string
  readonly base: string
  readonly createdAt: Timestamp
}

/** The note that somebody took one of the session's locks. */
export interface Revocation {
  readonly key: string
  readonly lock: BlobId
  readonly by: string
  readonly at: Timestamp
  readonly why: string
}

export type SessionStatus = 'active' | 'ended' | 'expired'

export interface Session {
  readonly kind: 'session'
  readonly id: SessionId
  readonly status: SessionStatus
  readonly owner: Owner
  readonly project?: string
  readonly task?: string
  readonly worktree?: WorktreeNote
  readonly pr?: string
  readonly createdAt: Timestamp
  readonly lastActivity: Timestamp
  /** Seconds of silence after which the session has expired. */
  readonly ttl: number
  /** Moves with every change of the session's locks and every fenced push. */
  readonly fence: number
  readonly revoked: readonly Revocation[]
  /** Who ended it, when that was somebody else: a session's id, or `user@host`. */
  readonly endedBy?: string
  /** When somebody else ended it, or noted that it had expired. */
  readonly endedAt?: Timestamp
}

export interface Lock {
  readonly kind: 'lock'
  readonly id: string
  readonly key: string
  readonly session: SessionId
  readonly owner: Owner
  readonly why?: string
  /** One id for all keys taken together. */
  readonly claim: string
  readonly acquiredAt: Timestamp
  /** Seconds of the session's silence after which the lock has expired. */
  readonly ttl: number
  readonly branch?: string
  readonly base?: string
  readonly worktree?: string
  /** It was taken offline, and the arbiter has not accepted it yet (design §7). */
  readonly provisional?: boolean
  /** The other key of a project lock: the project's directory, or for that directory the project. */
  readonly with?: string
}

/** A directory of the repository that was given a name (design §2). */
export interface Project {
  readonly kind: 'project'
  readonly id: string
  readonly name: string
  /** The directory as its key is printed: from the top, `.` for the top itself. */
  readonly path: string
  /** What a new branch of its tasks starts at. */
  readonly base?: string
  /** The template of its tasks' branches. */
  readonly branch?: string
}

/** How work on a task came out. */
export type ResultStatus = (typeof RESULT_STATUSES)[number]
export const RESULT_STATUSES = ['passed', 'failed', 'partial', 'blocked'] as const

/** The result that was recorded last for a task. */
export interface Result {
  readonly kind: 'result'
  readonly id: string
  readonly project: string
  readonly task: string
  readonly status: ResultStatus
  readonly session: SessionId
  /** Where the work is: the branch's short name, and the commit that it was at. */
  readonly branch?: string
  readonly head?: string
  /** The commit that the branch started at: with the same `head` there is nothing that could be merged. */
  readonly base?: string
  /** The pull request's URL. */
  readonly pr?: string
  readonly summary?: string
  /** Paths from the top. */
  readonly files: readonly string[]
  /** How many more files there were. */
  readonly omitted?: number
  readonly at: Timestamp
}

/** One line of a session's log. */
export interface LogEvent {
  readonly at: Timestamp
  readonly event: LogEventName | OldEventName
  readonly session: SessionId
  readonly keys?: readonly string[]
  /** How many more keys there were. */
  readonly omitted?: number
  readonly by?: string
  readonly from?: string
  readonly why?: string
}

/** An event that was brought over from an old audit log, by the name that it had there. */
export type OldEventName = string & { readonly __brand: 'OldEventName' }

export type LogEventName =
  | 'start'
  | 'claim'
  | 'release'
  | 'steal'
  | 'takeover'
  | 'upgrade'
  | 'resume'
  | 'end'
  | 'result'
  | 'cleanup'
  | 'project-add'
  | 'project-replace'
  | 'project-rename'
  | 'project-remove'

/** A record together with the blob it was read from. */
export interface Versioned<R> {
  readonly oid: BlobId
  readonly record: R
}

/** A lock as it stands in the tree: its place, the key it names, the record. */
export interface HeldLock extends Versioned<Lock> {
  readonly key: Key
}
