import { type ChildProcess, spawn } from 'node:child_process'
import { Socket } from 'node:net'
import { constants } from 'node:os'

type SignalName = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** How signals reach a command. */
export interface SignalSource {
  /** Subscribes to the signals that are passed on to it; returns how to unsubscribe. */
  readonly onSignal: (listener: (name: SignalName) => void) => () => void
  /** Whether the process with this pid is in our process group; true where that cannot be told. */
  readonly isInGroup: (pid: number) => boolean
}

/** A command that the user wrote, and where and how it is to run. */
export interface UserCommand extends SignalSource {
  /** Given to `sh -c` as it was written: nothing is ever put into it. */
  readonly command: string
  readonly cwd: string
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The file descriptor for its stdout and stderr. */
  readonly output: number
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
  const { cwd, env, output } = command
  const witness = new Witness()
  const child = spawn('sh', ['-c', command.command], {
    cwd,
    env: { ...env },
    stdio: ['ignore', output, output],
  })
  const stop = passSignals(child, witness, command)
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (status, signal) => resolve({ status, signal }))
    })
  } finally {
    stop()
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
  const { program, args, cwd, env } = user
  const witness = new Witness()
  const child = spawn(program, args, { cwd, env: { ...env }, stdio: 'inherit' })
  const stop = passSignals(child, witness, user)
  const ended = new Promise<CommandEnd>((resolve) => {
    child.on('exit', (status, signal) => resolve({ status, signal }))
  })
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('spawn', resolve)
      child.on('error', reject)
    })
  } catch (error) {
    stop()
    throw error
  }
  return { ended: ended.finally(stop), kill: (signal) => void child.kill(signal) }
}

/** The exit status by which a shell would tell how a command ended: 128 and the signal's number for a signal. */
export function exitStatusOf({ status, signal }: CommandEnd): number {
  return status ?? 128 + (constants.signals[(signal ?? 'SIGKILL') as keyof typeof constants.signals] ?? 9)
}

/** So long after a signal to the group another of its kind is a copy: git sends one to what it started. In ms. */
const COPIES = 2000

/**
 * Passes signals on to `child`, unless it got them itself because they went to the whole process group, as
 * Ctrl-C on a terminal does: a second one would mean "at once" to many programs. Returns how to stop.
 */
function passSignals(child: ChildProcess, first: Witness, { onSignal, isInGroup }: SignalSource): () => void {
  // it was there before the child: what the child got, it got, too
  let witness = first
  let isOver = false
  const lastToAll = new Map<SignalName, number>()
  const pass = async (name: SignalName) => {
    const asked = witness
    const endedBy = await asked.endedBy()
    // what a signal to all has ended may be gone by now, and so is who would dismiss another witness
    if (isOver) return
    if (endedBy !== null && asked === witness) witness = new Witness()
    if (endedBy === name) lastToAll.set(name, performance.now())
    const since = performance.now() - (lastToAll.get(name) ?? -COPIES)
    if (since >= COPIES || !isInGroup(child.pid ?? 0)) child.kill(name)
  }
  const unsubscribe = onSignal((name) => void pass(name))
  return () => {
    isOver = true
    unsubscribe()
    witness.dismiss()
  }
}

/**
 * A process of our group that does nothing, to be asked whether it still lives: a signal to the group has
 * killed it before it can answer, one to us alone has not. It ends with us.
 */
class Witness {
  readonly #cat = spawn('cat', { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] })
  readonly #asking: (() => void)[] = []
  readonly #end: Promise<string>

  constructor() {
    const { stdin, stdout } = this.#cat
    this.#end = new Promise((resolve) => {
      this.#cat.on('exit', (_, signal) => resolve(signal ?? 'no signal'))
      // where there is no such program nobody can tell, and signals are passed on
      this.#cat.on('error', () => resolve('no start'))
    })
    for (const stream of [stdin, stdout]) stream.on('error', () => undefined)
    // whatever becomes of the command, nothing waits for this one
    this.#cat.unref()
    for (const stream of [stdin, stdout]) if (stream instanceof Socket) stream.unref()
    stdout.on('data', (answers: Buffer) => {
      for (const _ of answers) this.#asking.shift()?.()
    })
  }

  /** The signal that ended it; null when it answers. */
  async endedBy(): Promise<string | null> {
    const answer = new Promise<null>((resolve) => this.#asking.push(() => resolve(null)))
    this.#cat.stdin.write('?')
    return Promise.race([answer, this.#end])
  }

  dismiss(): void {
    this.#cat.stdin.end()
  }
}
