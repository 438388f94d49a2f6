import type { CallTrace } from '../git/call-trace.ts'
import type { Environment } from '../git/environment.ts'
import type { Prompter } from './prompter.ts'

/** The terminal that this process's stdin or stderr is, and the process that leads its session. */
export interface Terminal {
  /** The device, as the system names it. */
  readonly name: string
  readonly leader: { readonly pid: number; readonly start: string }
}

/** A process of this machine, and the name of its program. */
export interface RunningProcess {
  readonly pid: number
  readonly name: string
}

/** Which program this is. */
export interface Versions {
  readonly program: string
  /** The native build is one executable with Bun in it; the Node build is started with the user's Node. */
  readonly build: 'node' | 'native'
  /** The version of that Node or Bun. */
  readonly engine: string
}

/** Everything a flow needs of the machine, given by `cli/context` and by tests. */
export interface Surroundings {
  readonly env: Environment
  readonly cwd: string
  /** Empty where the user has none. */
  readonly home: string
  /** The directory that `git-dw` itself was started from, to be put on a PATH. */
  readonly programs: string
  /** The directory of the Node that runs this; empty for the native build, which needs none. */
  readonly runtime: string
  readonly versions: Versions
  /** Notes every git process, where `DW_TRACE` asks for it. */
  readonly trace?: CallTrace
  /** The login name and the machine's name, as they stand in a session's owner. */
  readonly user: string
  readonly host: string
  /** The wall clock, in milliseconds since the epoch. */
  readonly now: () => number
  /** The clock that files' times come from, in milliseconds since the epoch. */
  readonly fileClock: () => number
  /** A clock for differences only, in milliseconds. */
  readonly elapsed: () => number
  /** Rejects when `signal` is aborted. */
  readonly sleep: (milliseconds: number, signal?: AbortSignal) => Promise<void>
  /** A fraction from 0 up to 1, for jitter. */
  readonly random: () => number
  /** Twelve random bytes or more, in hexadecimal. */
  readonly randomWord: () => string
  /** Null when neither stdin nor stderr is this process's own terminal. */
  readonly terminal: () => Promise<Terminal | null>
  /** Whether the process with this pid still runs and started then; false when that cannot be told. */
  readonly isRunning: (leader: Terminal['leader']) => Promise<boolean>
  /** This process, as {@link isRunning} takes it; its start is empty where it cannot be told. */
  readonly self: Terminal['leader']
  /** Running processes whose current directory is `directory` or below; none where that cannot be told. */
  readonly processesIn: (directory: string) => Promise<readonly RunningProcess[]>
  /** Asks the person at the terminal; null where nobody can be asked. */
  readonly ask: Prompter | null
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
  /** Calls `listener` with each signal that interrupts, until the function that it returns is called. */
  readonly onSignal: (listener: (name: 'SIGINT' | 'SIGTERM' | 'SIGHUP') => void) => () => void
  /** Whether the process with this pid is in this process's group; true where that cannot be told. */
  readonly isInGroup: (pid: number) => boolean
  /** Whether nothing is narrated, so that programs that the user set up must not write either. */
  readonly isQuiet: () => boolean
  /** Says one line of narration to the person watching. */
  readonly say: (line: string) => void
  /**
   * Shows the person watching how far a long step has come, on one line; told null when it is over.
   * Null itself where nobody watches.
   */
  readonly progress: ((line: string | null) => void) | null
}
