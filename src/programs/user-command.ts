import { spawn } from 'node:child_process'

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
