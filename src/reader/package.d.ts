/**
 * The types of `git-dw/reader`, as they are installed: this file stands on its own. A test compares it
 * with what src/reader/index.ts exports.
 */

/** What a server may be shown when it asks: a token, or a user name and a password. */
export type Credentials =
  | { readonly token: string; readonly username?: string }
  | { readonly username: string; readonly password: string }

export interface Options {
  /** Shown to the server when it asks, as the password beside the URL's user name. */
  readonly token?: string
  /** Asked when neither the URL nor `token` had what the server takes; null for nothing. */
  readonly onAuth?: (url: string) => Credentials | null | undefined | Promise<Credentials | null | undefined>
  /** Reads sessions that have ended, too. */
  readonly ended?: boolean
  /** How long reading may take in all, in seconds; 30 unless told. */
  readonly timeout?: number
  /** The wall clock, in milliseconds since the epoch; Date.now unless told. */
  readonly now?: () => number
  /** Ends reading; its reason is thrown. */
  readonly signal?: AbortSignal
}

/** Who holds something, and until when: what docs/json.md calls a Lock, without `mine`. */
export interface RemoteLock {
  readonly key: string
  readonly session: string
  readonly owner: { readonly user: string; readonly host: string }
  readonly since: string
  readonly lastActivity: string | null
  readonly expiresAt: string | null
  readonly why: string | null
  readonly state: 'live' | 'expired' | 'void'
  readonly claim: string
  readonly provisional: boolean
  /** Seconds. */
  readonly ttl: number
  readonly branch: string | null
  readonly base: string | null
  readonly worktree: string | null
  readonly with: string | null
}

/** What docs/json.md calls a Session, without `mine`. */
export interface RemoteSession {
  readonly id: string
  readonly state: 'active' | 'ended' | 'expired'
  readonly owner: {
    readonly user: string
    readonly host: string
    readonly clone: string
    readonly agent?: string
    readonly terminal?: string
  }
  readonly project: string | null
  readonly task: string | null
  readonly worktree: {
    readonly path: string
    readonly branch: string
    readonly base: string
    readonly createdAt: string
  } | null
  readonly pr: string | null
  readonly createdAt: string
  readonly lastActivity: string
  /** Seconds. */
  readonly ttl: number
  readonly fence: number
  /** Keys of its locks, those that have expired included. */
  readonly locks: readonly string[]
  readonly revoked: readonly {
    readonly key: string
    readonly lock: string
    readonly by: string
    readonly at: string
    readonly why: string
  }[]
}

/** A record that cannot be read: what it stands for counts as held. */
export interface RemoteDamage {
  readonly ref: string
  readonly oid: string
  readonly problem: string
  /** It was written by a newer git dw. */
  readonly newer: boolean
}

export interface RemoteRecords {
  /** The URL without credentials. */
  readonly url: string
  readonly locks: readonly RemoteLock[]
  /** The last active first. */
  readonly sessions: readonly RemoteSession[]
  readonly damaged: readonly RemoteDamage[]
}

/** What cannot be done, with a code of docs/json.md and what to do next. */
export declare class DwError extends Error {
  readonly code: string
  readonly hints: readonly string[]
  readonly details: Readonly<Record<string, unknown>>
}

/**
 * Reads the sessions and locks of a repository over HTTPS, without git and without a clone. Rejects with
 * a DwError: DW_USAGE, DW_NOT_FOUND (no `refs/dw`), DW_REMOTE, DW_OFFLINE, DW_SCHEMA.
 */
export declare function readRecords(url: string, options?: Options): Promise<RemoteRecords>
