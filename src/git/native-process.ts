import {
  collector,
  type EndedProcess,
  endProcess,
  type Killable,
  LEFT_OPEN,
  limitTime,
  type ProcessOptions,
} from './git-process.ts'

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
  const { cwd, env, input, detached, each } = options
  const child = (engine() as Engine).spawn(['git', ...args], {
    cwd,
    env,
    stdin: input.length === 0 ? 'ignore' : typeof input === 'string' ? Buffer.from(input) : input,
    stdout: 'pipe',
    stderr: 'pipe',
    detached,
  })
  const limit = limitTime(child, options)
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
  limit()
  return {
    pid: child.pid,
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
