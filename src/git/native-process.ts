/** What a process is started with; git is the program. */
export interface ProcessOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly input: Uint8Array | string
  /** In a session of its own, so that signals for this process do not reach it. */
  readonly detached: boolean
  /** Milliseconds until it is ended; 0 means no limit. */
  readonly timeout: number
  /** Takes the output as it comes, in place of its being kept; once it says false, the process is ended. */
  readonly each?: (chunk: Buffer) => boolean
}

/** How a process ended, and what it wrote. */
export interface EndedProcess {
  /** Null when a signal ended it. */
  readonly status: number | null
  readonly stdout: Buffer
  readonly stderr: Buffer
}

/** A process that can be ended, by either engine. */
export interface Killable {
  kill(signal: NodeJS.Signals): unknown
}

/** What a killed git leaves running, such as a remote on this machine, may hold its streams for long: milliseconds. */
export const LEFT_OPEN = 200

/** The part of Bun that starts processes (`Bun.spawn`). */
interface Engine {
  spawn(
    command: readonly string[],
    options: {
      readonly cwd: string
      readonly env: Readonly<Record<string, string>>
      readonly stdin: Uint8Array | 'ignore'
      readonly stdout: 'pipe'
      readonly stderr: 'pipe'
      readonly detached: boolean
    },
  ): Killable & {
    readonly stdout: ReadableStream<Uint8Array>
    readonly stderr: ReadableStream<Uint8Array>
    readonly exited: Promise<number>
    readonly exitCode: number | null
    readonly signalCode: string | null
  }
}

/** What the native build starts processes with; undefined in Node. */
function engine(): Engine | undefined {
  return (globalThis as { readonly Bun?: Engine }).Bun
}

/** Whether this is the native build, which starts processes without Node's own modules: those take long to load in it. */
export function isNative(): boolean {
  return engine() !== undefined
}

/** Runs git in the native build. Rejects with what the engine says where it cannot be started. */
export async function runNatively(args: readonly string[], options: ProcessOptions): Promise<EndedProcess> {
  const { cwd, env, input, detached, timeout, each } = options
  const child = (engine() as Engine).spawn(['git', ...args], {
    cwd,
    env,
    stdin: input.length === 0 ? 'ignore' : typeof input === 'string' ? Buffer.from(input) : input,
    stdout: 'pipe',
    stderr: 'pipe',
    detached,
  })
  const timer = timeout === 0 ? undefined : setTimeout(() => endProcess(child), timeout)
  const [out, err] = [child.stdout.getReader(), child.stderr.getReader()]
  const over = child.exited.then(() => {
    if (child.signalCode === null) return
    const cancel = () => void Promise.allSettled([out.cancel(), err.cancel()])
    setTimeout(cancel, LEFT_OPEN).unref()
  })
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  await Promise.all([
    readAll(
      out,
      collector(each ?? ((chunk) => stdout.push(chunk) > 0), () => endProcess(child)),
    ),
    readAll(err, (chunk) => stderr.push(chunk)),
    over,
  ])
  clearTimeout(timer)
  return {
    status: child.signalCode === null ? child.exitCode : null,
    stdout: Buffer.concat(stdout),
    stderr: Buffer.concat(stderr),
  }
}

/** Gives `take` all that `reader` has until its end. */
async function readAll(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  take: (chunk: Buffer) => void,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    take(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
  }
}

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
