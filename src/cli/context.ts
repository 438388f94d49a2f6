import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BaseContext } from 'clipanion'
import { durationOption } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import type { Prompter } from '../flows/prompter.ts'
import type { Surroundings } from '../flows/surroundings.ts'
import { CallTrace } from '../git/call-trace.ts'
import { nameInPasswd } from './passwd.ts'
import { thisProgram } from './program.ts'
import { Streams } from './streams.ts'
import { controllingTerminal, isInGroupOf, isRunning, ownProcess } from './terminal.ts'

/** What every command is given. Nothing else in the program reads `process`. */
export interface DwContext extends BaseContext {
  readonly around: Surroundings
  readonly streams: Streams
  /** The arguments, for hints that repeat the command. */
  readonly words: readonly string[]
}

/** The streams of this process. */
export function processStreams(): Streams {
  return new Streams(
    { stream: process.stdout, isTerminal: process.stdout.isTTY === true },
    {
      stream: process.stderr,
      isTerminal: process.stderr.isTTY === true,
      columns: () => process.stderr.columns,
    },
    Boolean(process.env['NO_COLOR']),
  )
}

/** The context of this process. Interrupting it aborts `around.signal`. Throws DW_NOT_A_REPO, DW_USAGE. */
export function processContext(words: readonly string[], streams: Streams): DwContext {
  const { stdin, stdout, stderr } = process
  const env = environment()
  return { stdin, stdout, stderr, env, colorDepth: 1, streams, words, around: surroundings(streams, env) }
}

/** The environment, without what the launcher has set for this process alone: no other program is to have it. */
function environment(): NodeJS.ProcessEnv {
  const { env } = process
  if (env[JIT_THRESHOLD] !== SET_BY_LAUNCHER) return env
  return Object.fromEntries(Object.entries(env).filter(([name]) => name !== JIT_THRESHOLD))
}

/** After how much running Bun compiles a function for the processor, and the launcher's own number for it (bin/git-dw). */
const JIT_THRESHOLD = 'BUN_JSC_thresholdForJITAfterWarmUp'
const SET_BY_LAUNCHER = '20011'

function surroundings(streams: Streams, env: NodeJS.ProcessEnv): Surroundings {
  const shift = clockShift(env['DW_TEST_CLOCK'])
  const signal = interruption()
  return {
    env,
    cwd: currentDirectory(),
    home: env['HOME'] || userEntry()?.homedir || '',
    ...thisProgram(process),
    ...(isTraced(env['DW_TRACE']) ? { trace: new CallTrace(() => performance.now()) } : {}),
    user: env['LOGNAME'] || env['USER'] || loginName() || `uid-${process.getuid?.() ?? 'unknown'}`,
    host: hostname(),
    now: () => Date.now() + shift(),
    fileClock: Date.now,
    elapsed: () => performance.now(),
    sleep: async (milliseconds, signal) =>
      sleep(milliseconds, undefined, signal === undefined ? {} : { signal }),
    random: Math.random,
    randomWord: () => randomBytes(12).toString('hex'),
    terminal: async () => controllingTerminal(process.pid),
    isRunning: async (leader) => isRunning(leader),
    self: ownProcess(process.pid),
    onSignal,
    isInGroup: (pid) => isInGroupOf(process.pid, pid),
    isQuiet: () => streams.isJson,
    processesIn: async (directory) => (await import('./processes.ts')).processesIn(directory, process.pid),
    ask: mayAsk(streams) ? prompter(signal) : null,
    signal,
    say: (line) => streams.say(line),
    progress: streams.showsProgress ? (line) => streams.progress(line) : null,
  }
}

/** The prompter of this process's terminal, loaded when the first question is asked. */
function prompter(signal: AbortSignal): Prompter {
  const loaded = async () => (await import('./prompts.ts')).terminalPrompter(signal)
  return {
    choose: async (question, choices, options) => (await loaded()).choose(question, choices, options),
    confirm: async (question, initial) => (await loaded()).confirm(question, initial),
  }
}

/** Nothing is asked without a terminal, with --json, or in CI (design §11). */
function mayAsk(streams: Streams): boolean {
  return process.stdin.isTTY === true && streams.mayAsk && !process.env['CI']
}

function currentDirectory(): string {
  try {
    return process.cwd()
  } catch (cause) {
    throw new DwError('DW_NOT_A_REPO', 'the current directory is gone', {
      cause,
      hints: ['go to one that is there: cd'],
    })
  }
}

const INTERRUPTING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function onSignal(listener: (name: (typeof INTERRUPTING)[number]) => void): () => void {
  for (const name of INTERRUPTING) process.on(name, listener)
  return () => {
    for (const name of INTERRUPTING) process.off(name, listener)
  }
}

function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of INTERRUPTING) {
    process.on(name, () =>
      controller.abort(
        new DwError('DW_INTERRUPTED', 'interrupted; nothing is left half done', {
          hints: ['see where you stand: git dw status'],
        }),
      ),
    )
  }
  return controller.signal
}

function isTraced(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0'
}

/**
 * Milliseconds by which tests shift the clock: `+3h`, `-90s`. `+3h@<file>`, or `@<file>`, adds the milliseconds
 * that the file holds whenever the clock is looked at, so that time can pass for processes that run.
 */
function clockShift(text: string | undefined): () => number {
  if (!text) return () => 0
  const [offset = '', ...rest] = text.split('@')
  const sign = offset.startsWith('-') ? -1 : 1
  const shift = offset === '' ? 0 : sign * durationOption('DW_TEST_CLOCK', offset.replace(/^[+-]/, '')) * 1000
  const file = rest.join('@')
  return file === '' ? () => shift : () => shift + Number(readFileSync(file, 'utf8'))
}

/** This user's name in the user database. Bun does not look there: without USER it says "unknown". */
function loginName(): string | undefined {
  return process.versions['bun'] === undefined ? userEntry()?.username : nameInPasswd(process.getuid?.())
}

/** This user's entry in the user database; null for a uid that has none. */
function userEntry(): { readonly username: string; readonly homedir: string } | null {
  try {
    return userInfo()
  } catch {
    return null
  }
}
