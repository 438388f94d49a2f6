import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DwError } from '../domain/error.ts'
import { asksNobody } from './asking.ts'
import type { CallTrace } from './call-trace.ts'
import { childEnvironment, type Environment } from './environment.ts'
import {
  collector,
  type EndedProcess,
  endProcess,
  type Hurry,
  LEFT_OPEN,
  limitTime,
  type ProcessOptions,
} from './git-process.ts'
import { isNative, runNatively } from './native-process.ts'
import { toldReason } from './told-reason.ts'

export interface GitOptions {
  readonly cwd?: string
  readonly input?: Uint8Array | string
  /**
   * Milliseconds until the process is ended. Our plumbing ends after 10 s, and after 40 s whatever it writes,
   * so that a lock file older than 60 s has no living owner (design §6). 0 means no limit.
   */
  readonly timeout?: number
  readonly hurry?: Hurry
  /** When its time is over, all that it started is ended, too, unless it shares this process's terminal. */
  readonly whole?: boolean
  /**
   * Drops git's variables, so that git finds the repository of `cwd` (design §6); those of `git -c` stay
   * with `keeping-settings`, for calls that still work for the user's own command.
   */
  readonly entering?: boolean | 'keeping-settings'
  /**
   * Reads our records as they are: no replacement (git-replace(1)) stands in for one, and a missing one is
   * not fetched from a promisor remote.
   */
  readonly records?: boolean
  /** Takes the output as it comes, in place of its being kept; once it says false, git is ended. */
  readonly each?: (chunk: Buffer) => boolean
  /** Shares this process's terminal and signals, for calls that run a user's hooks or ask for a password. */
  readonly foreground?: boolean
  /** False for a call that may want a password and must not ask for it (design §11). */
  readonly asks?: boolean
  /** Added to the environment. */
  readonly variables?: Readonly<Record<string, string>>
}

export interface GitResult {
  /** Exit status; null when a signal ended the process. */
  readonly status: number | null
  readonly stdout: Buffer
  /** Never parsed, only shown. */
  readonly stderr: string
  /** Of the process that was started as git. */
  readonly pid?: number | undefined
}

const PLUMBING_TIMEOUT = 10_000

/** In which a signal that was sent to us and to a git is heard of, in milliseconds. */
const HEARD = 50

/** What each file that a call writes may take beyond that, and the most of a whole call, in milliseconds. */
const TIMEOUT_EACH = 20
const LONGEST_TIMEOUT = 40_000

/** Milliseconds for plumbing that writes so many files: still too short for a lock file of its own to look stale. */
export function timeoutFor(files: number): number {
  return Math.min(PLUMBING_TIMEOUT + files * TIMEOUT_EACH, LONGEST_TIMEOUT)
}

/** The oldest git that has all that is used here: `core.fsync` and `worktree list -z` came with it. */
export const OLDEST_GIT = '2.36'

const AS_THEY_ARE = { GIT_NO_REPLACE_OBJECTS: '1', GIT_NO_LAZY_FETCH: '1' }

/** Starts git. The only place in the program that does. */
export class Git {
  readonly #env: Environment
  readonly #cwd: string
  readonly #trace: CallTrace | undefined

  /** `trace` is told of every process. */
  constructor(env: Environment, cwd: string, trace?: CallTrace) {
    this.#env = env
    this.#cwd = cwd
    this.#trace = trace
  }

  /** Runs git and returns how it ended, whatever its exit status. Throws DW_GIT when it cannot be started. */
  async run(args: readonly string[], options: GitOptions = {}): Promise<GitResult> {
    const cwd = options.cwd ?? this.#cwd
    const kept = { ...childEnvironment(this.#env, options.entering), ...options.variables }
    const silent = options.asks === false ? { ...kept, ...asksNobody(this.#env) } : kept
    const env = options.records ? { ...silent, ...AS_THEY_ARE } : silent
    const foreground = options.foreground ?? false
    const timeout = options.timeout ?? (foreground ? 0 : PLUMBING_TIMEOUT)
    const { input = '', each, hurry, whole = false } = options
    const detached = !foreground
    const how = { cwd, env, input, timeout, detached, whole, ...(each && { each }), ...(hurry && { hurry }) }
    const traced = this.#trace?.begin(args)
    const ended = isNative() ? runNatively(args, how) : runInNode(args, how)
    const { stderr, ...result } = await ended.catch((cause: NodeJS.ErrnoException) => {
      throw cannotStart(cause, cwd, this.#env)
    })
    traced?.()
    // Ctrl-C at a terminal ends git, too, and its end may be heard of before our own signal
    if (foreground && hurry?.signal.aborted === false && result.status !== 0) await sleep(HEARD)
    return { ...result, stderr: stderr.toString('utf8').trim() }
  }

  /** Runs git and returns its output. Throws DW_GIT, with what git said, when it does not exit with 0. */
  async output(args: readonly string[], options: GitOptions = {}): Promise<Buffer> {
    const result = await this.run(args, options)
    if (result.status === 0) return result.stdout
    throw gitError(args, result)
  }

  /** Starts a program of our own that goes on by itself, on no streams, after this process has ended. */
  detach(program: string, args: readonly string[]): void {
    const env = childEnvironment(this.#env, false)
    const child = spawn(program, args, { cwd: this.#cwd, env, stdio: 'ignore', detached: true })
    // an aid: where it cannot be started, the next command tries again
    child.on('error', () => undefined)
    child.unref()
  }

  /**
   * Runs two git processes side by side, the second on the output of the first, with this process's signals
   * and no time limit. Throws DW_GIT when one cannot be started.
   */
  async piped(
    first: readonly string[],
    input: string,
    second: readonly string[],
  ): Promise<readonly [GitResult, GitResult]> {
    const env = childEnvironment(this.#env, false)
    const start = (args: readonly string[]) => {
      const traced = this.#trace?.begin(args)
      return spawn('git', args, { cwd: this.#cwd, env, stdio: 'pipe' }).on('close', () => traced?.())
    }
    const [source, sink] = [start(first), start(second)]
    // either may leave before the other is done; their exit statuses tell
    for (const stream of [source.stdin, source.stdout, sink.stdin]) stream.on('error', () => undefined)
    source.stdout.pipe(sink.stdin)
    source.stdin.end(input)
    const results = await Promise.all([
      finished(source, false, (cause) => cannotStart(cause, this.#cwd, this.#env)),
      finished(sink, true, (cause) => cannotStart(cause, this.#cwd, this.#env)),
    ])
    return [results[0], results[1]]
  }

  /** Runs git on this process's own streams; returns its exit status, or null when it did not run to its end. */
  async attached(args: readonly string[]): Promise<number | null> {
    return new Promise((resolve) => {
      const child = spawn('git', args, { cwd: this.#cwd, env: { ...this.#env }, stdio: 'inherit' })
      child.on('error', () => resolve(null))
      child.on('close', resolve)
    })
  }
}

/** Runs git. Rejects with what Node says where it cannot be started. */
async function runInNode(args: readonly string[], options: ProcessOptions): Promise<EndedProcess> {
  const { cwd, env, input, detached, each } = options
  return new Promise((resolve, reject) => {
    const child = spawn('git', args, { cwd, env, stdio: 'pipe', detached })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const limit = limitTime(child, options)
    const stop = () => endProcess(child)
    child.stdout.on('data', collector(each ?? ((chunk) => stdout.push(chunk) > 0), stop))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    // git may leave before it has read all its input; its exit status tells what that means
    child.stdin.on('error', () => undefined)
    child.on('error', (cause) => {
      limit()
      reject(cause)
    })
    child.on('exit', (_, signal) => {
      if (signal === null) return
      setTimeout(() => {
        child.stdout.destroy()
        child.stderr.destroy()
      }, LEFT_OPEN).unref()
    })
    child.on('close', (status) => {
      limit()
      resolve({
        pid: child.pid,
        status,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr),
      })
    })
    child.stdin.end(input)
  })
}

/**
 * Node says ENOENT of a missing program and of a missing directory alike; Bun says it too of a program that
 * may not be executed, where Node says EACCES.
 */
function cannotStart(cause: NodeJS.ErrnoException, cwd: string, env: Environment): DwError {
  if (cause.code === 'ENOENT' && !existsSync(cwd)) {
    return new DwError('DW_GIT', `git cannot be started in "${cwd}", which is gone`, {
      cause,
      hints: ['go to a directory that is there'],
    })
  }
  const found = (env['PATH'] ?? '').split(':').map((directory) => join(directory, 'git'))
  const file = found.find((each) => existsSync(each))
  const problem =
    cause.code !== 'ENOENT'
      ? `cannot be started: ${cause.message}`
      : file === undefined
        ? 'is not on the PATH'
        : `cannot be started: EACCES: "${file}" is not executable`
  return new DwError('DW_GIT', `"git" ${problem}; git dw needs git ${OLDEST_GIT} or newer`, {
    cause,
    hints: [`install git ${OLDEST_GIT} or newer, and see that it is on the PATH: command -v git`],
  })
}

/** How a process ended; what it wrote is collected unless another one reads it. */
async function finished(
  child: ChildProcessWithoutNullStreams,
  collect: boolean,
  explain: (cause: NodeJS.ErrnoException) => DwError,
): Promise<GitResult> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  if (collect) child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', (cause) => reject(explain(cause)))
    child.on('close', (status) =>
      resolve({
        status,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString('utf8').trim(),
      }),
    )
  })
}

/** DW_GIT for a git call that ended badly, with git's own words; `look` is the hint that comes first. */
export function gitError(
  args: readonly string[],
  result: GitResult,
  look = 'see whether git works here: git status',
): DwError {
  const name = args.find((arg, at) => !arg.startsWith('-') && args[at - 1] !== '-c') ?? 'git'
  const ended = result.status === null ? 'was ended by a signal' : `ended with status ${result.status}`
  const said = toldReason(result.stderr)
  return new DwError('DW_GIT', `git ${name} ${ended}${said === null ? '' : `: ${said}`}`, {
    hints: [look, 'put right what it names, then try again'],
    details: { stderr: result.stderr },
  })
}
