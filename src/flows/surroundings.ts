import type { Environment } from '../git/exec.ts'

/** The terminal that this process's stdin or stderr is, and the process that leads its session. */
export interface Terminal {
  /** The device, as the system names it. */
  readonly name: string
  readonly leader: { readonly pid: number; readonly start: string }
}

/** Everything a flow needs of the machine, given by `cli/context` and by tests. */
export interface Surroundings {
  readonly env: Environment
  readonly cwd: string
  readonly home: string
  /** The directory that `git-dw` itself was started from, to be put on a PATH. */
  readonly programs: string
  /** The directory of the Node that runs this. */
  readonly runtime: string
  /** The login name and the machine's name, as they stand in a session's owner. */
  readonly user: string
  readonly host: string
  /** The wall clock, in milliseconds since the epoch. */
  readonly now: () => number
  /** The clock that files' times come from, in milliseconds since the epoch. */
  readonly fileClock: () => number
  /** A clock for differences only, in milliseconds. */
  readonly elapsed: () => number
  readonly sleep: (milliseconds: number) => Promise<void>
  /** A fraction from 0 up to 1, for jitter. */
  readonly random: () => number
  /** Twelve random bytes or more, in hexadecimal. */
  readonly randomWord: () => string
  /** Null when neither stdin nor stderr is this process's own terminal. */
  readonly terminal: () => Promise<Terminal | null>
  /** Whether the process with this pid still runs and started then; false when that cannot be told. */
  readonly isRunning: (leader: Terminal['leader']) => Promise<boolean>
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
  /** Says one line of narration to the person watching. */
  readonly say: (line: string) => void
}
