import { killGroup } from './process-group.ts'

/** What a process is started with; git is the program. */
export interface ProcessOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly input: Uint8Array | string
  /** In a session of its own, so that signals for this process do not reach it. */
  readonly detached: boolean
  /** Milliseconds until it is ended; 0 means no limit. */
  readonly timeout: number
  readonly hurry?: Hurry
  /** It is ended with all that it started, where it is detached. */
  readonly whole?: boolean
  /** Takes the output as it comes, in place of its being kept; once it says false, the process is ended. */
  readonly each?: (chunk: Buffer) => boolean
}

/** What cuts the time of a process short: once `signal` is aborted, it has so many milliseconds. */
export interface Hurry {
  readonly signal: AbortSignal
  readonly left: number
}

/** How a process ended, and what it wrote. */
export interface EndedProcess {
  /** Its id; undefined where it could not be started. */
  readonly pid: number | undefined
  /** Null when a signal ended it. */
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** A process that can be ended, by either engine. */
export interface Killable {
  readonly pid?: number | undefined
  kill(signal: NodeJS.Signals): unknown
}

/** What a killed git leaves running, such as a remote on this machine, may hold its streams for long: milliseconds. */
export const LEFT_OPEN = 200

/** Gives `each` what comes until it says false; then calls `stop`, and drops the rest. */
export function collector(each: (chunk: Buffer) => boolean, stop: () => void): (chunk: Buffer) => void {
  let isWanted = true
  return (chunk) => {
    if (!isWanted || each(chunk)) return
    isWanted = false
    stop()
  }
}

/** Ends a process that takes too long, or writes too much. */
export function endProcess(child: Killable): void {
  child.kill('SIGTERM')
  setTimeout(() => child.kill('SIGKILL'), 1000).unref()
}

/**
 * Ends a process when its time is over. What it returns is to be called once the process has ended: what is left of
 * its process group is ended then, where its time was over.
 */
export function limitTime(child: Killable, options: ProcessOptions): () => void {
  const { timeout, hurry } = options
  const leader = options.whole === true && options.detached ? child.pid : undefined
  let isOver = false
  const timers: NodeJS.Timeout[] = []
  const end = () => {
    isOver = true
    if (leader !== undefined) killGroup(leader, 'SIGTERM')
    endProcess(child)
  }
  const hasten = () => timers.push(setTimeout(end, hurry?.left))
  if (timeout > 0) timers.push(setTimeout(end, timeout))
  if (hurry?.signal.aborted) hasten()
  else hurry?.signal.addEventListener('abort', hasten, { once: true })
  return () => {
    for (const timer of timers) clearTimeout(timer)
    hurry?.signal.removeEventListener('abort', hasten)
    // what has not heeded the first signal has nobody left to speak for
    if (isOver && leader !== undefined) killGroup(leader, 'SIGKILL')
  }
}
