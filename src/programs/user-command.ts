import { spawn } from 'node:child_process'
import { constants } from 'node:os'

type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** A command that the user wrote, and where and how it is to run. */
export interface UserCommand {
  /** Given to `sh -c` as it was written: nothing is ever put into it. */
  readonly command: string
  readonly cwd: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The file descriptor for its stdout and stderr. */
  readonly output: number
  /** Subscribes to the signals that are passed on to it; returns how to unsubscribe. */
  readonly onSignal: (listener: (name: SignalName) => void) => () => void
  /** Whether Ctrl-C reaches it without us, from the terminal that both run on. */
  readonly hasTerminal: boolean
}

/** How a command ended: one of the two is null. */
export interface CommandEnd {
  readonly status: number | null
  readonly signal: string | null
}

/**
 * Runs a command in the foreground, with nothing on stdin, and waits for it, not for what it leaves in the
 * background. Rejects when there is no shell to run it.
 */
export async function runUserCommand(command: UserCommand): Promise<CommandEnd> {
  const { cwd, env, output, hasTerminal } = command
  const child = spawn('sh', ['-c', command.command], {
    cwd,
    env: { ...env },
    stdio: ['ignore', output, output],
  })
  const unsubscribe = command.onSignal((name) => {
    // a second SIGINT would mean "at once" to many programs
    if (name !== 'SIGINT' || !hasTerminal) child.kill(name)
  })
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (status, signal) => resolve({ status, signal }))
    })
  } finally {
    unsubscribe()
  }
}

/** A program that the user named with its arguments, and where and how it is to run. */
export interface UserProgram extends Omit<UserCommand, 'command' | 'output'> {
  readonly program: string
  readonly args: readonly string[]
}

/** A program that runs. */
export interface RunningProgram {
  readonly ended: Promise<CommandEnd>
  readonly kill: (signal: 'SIGTERM' | 'SIGKILL') => void
}

/**
 * Starts a program on this process's own stdin, stdout and stderr, without a shell, and passes signals on to
 * it. Rejects with the system's error when it cannot be started: ENOENT, EACCES and others.
 */
export async function startUserProgram(user: UserProgram): Promise<RunningProgram> {
  const { program, args, cwd, env, hasTerminal } = user
  const child = spawn(program, args, { cwd, env: { ...env }, stdio: 'inherit' })
  const unsubscribe = user.onSignal((name) => {
    if (name !== 'SIGINT' || !hasTerminal) child.kill(name)
  })
  const ended = new Promise<CommandEnd>((resolve) => {
    child.on('exit', (status, signal) => resolve({ status, signal }))
  })
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve)
      child.on('error', reject)
    })
  } catch (error) {
    unsubscribe()
    throw error
  }
  return { ended: ended.finally(unsubscribe), kill: (signal) => void child.kill(signal) }
}

/** The exit status by which a shell would tell how a command ended: 128 and the signal's number for a signal. */
export function exitStatusOf({ status, signal }: CommandEnd): number {
  return status ?? 128 + (constants.signals[(signal ?? 'SIGKILL') as keyof typeof constants.signals] ?? 9)
}
