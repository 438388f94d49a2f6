/** What went wrong, as a word that scripts can rely on (design §11). */
export type ErrorCode = keyof typeof EXIT_STATUS

/** Exit status of each error code: 1 "the answer is no", 4 "you no longer hold it", 75 "try again later". */
export const EXIT_STATUS = {
  DW_LOCKED: 1,
  DW_NOT_OWNER: 1,
  DW_NOT_FOUND: 1,
  DW_MAIN_WORKTREE: 1,
  DW_WORKTREE_LOCKED: 1,
  DW_NESTED: 1,
  DW_DIRTY: 1,
  DW_DETACHED: 1,
  DW_IN_USE: 1,
  DW_EXISTS: 1,
  DW_ALIVE: 1,
  DW_FINISHED: 1,
  DW_POST_CREATE: 1,
  DW_LOST: 4,
  DW_BUSY: 75,
  DW_TIMEOUT: 75,
  DW_OFFLINE: 75,
  DW_UNKNOWN_OUTCOME: 75,
  DW_NOT_EXECUTABLE: 126,
  DW_NO_COMMAND: 127,
  DW_NOT_A_REPO: 128,
  DW_NO_SESSION: 128,
  DW_AMBIGUOUS: 128,
  DW_CORRUPT_STATE: 128,
  DW_SCHEMA: 128,
  DW_CONFIG: 128,
  DW_READONLY: 128,
  DW_COPY: 128,
  DW_REMOTE: 128,
  DW_REMOTE_RESET: 128,
  DW_GIT: 128,
  DW_USAGE: 129,
  DW_INTERRUPTED: 130,
} as const

/** Extra fields of an error's JSON object: plain data, only ever added to. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/**
 * An error a user can meet. `message` is one line without a full stop; `hints` are next commands or
 * next steps, the most useful first. It knows nothing of terminals: `cli/` prints it.
 */
export class DwError extends Error {
  readonly code: ErrorCode
  readonly hints: readonly string[]
  readonly details: ErrorDetails

  constructor(
    code: ErrorCode,
    message: string,
    options: { hints?: readonly string[]; details?: ErrorDetails; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DwError'
    this.code = code
    this.hints = options.hints ?? []
    this.details = options.details ?? {}
  }
}
