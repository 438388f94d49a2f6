import { dirname } from 'node:path'
import { PassThrough } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DwContext } from '../../src/cli/context.ts'
import { parseCommand } from '../../src/cli/parse.ts'
import { Streams } from '../../src/cli/streams.ts'
import { durationOption } from '../../src/domain/duration.ts'
import { EXIT_STATUS } from '../../src/domain/error.ts'
import type { Surroundings } from '../../src/flows/surroundings.ts'
import { asDwError } from '../../src/report/error.ts'
import { PROGRAMS, type RunOptions, type Sandbox } from './sandbox.ts'

/** How a command ended that ran in this process. */
export interface Ending {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs `git dw <words>` in this process, on the sandbox's real repository: some six times faster than a
 * process, for tests that look at hundreds of states. `clock` is like `+3h`; `around` takes the place of what
 * the machine would give.
 */
export async function dwHere(
  sandbox: Sandbox,
  words: readonly string[],
  options: RunOptions & { readonly clock?: string; readonly around?: Partial<Surroundings> } = {},
): Promise<Ending> {
  const { clock, around, cwd = sandbox.repo, ...rest } = options
  const shift = clock === undefined ? 0 : durationOption('clock', clock.slice(1)) * 1000
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const target = (stream: PassThrough) => ({ stream, isTerminal: false })
  const streams = new Streams(target(stdout), target(stderr), true)
  // syncing to disk takes most of the time and shows in no test
  const env = { ...sandbox.env(rest), GIT_TEST_FSYNC: '0' }
  const context: DwContext = {
    stdin: process.stdin,
    stdout,
    stderr,
    env: {},
    colorDepth: 1,
    streams,
    words,
    around: {
      env,
      cwd,
      home: sandbox.home,
      programs: PROGRAMS,
      runtime: dirname(process.execPath),
      versions: { program: '0.0.0', build: 'node', engine: process.versions.node },
      user: 'ann',
      host: 'here',
      now: () => Date.now() + shift,
      fileClock: Date.now,
      elapsed: () => performance.now(),
      sleep: async (milliseconds) => sleep(milliseconds),
      random: Math.random,
      randomWord: () => crypto.randomUUID().replaceAll('-', '').slice(0, 24),
      terminal: async () => null,
      isRunning: async () => false,
      self: { pid: process.pid, start: '' },
      processesIn: async () => [],
      ask: null,
      signal: new AbortController().signal,
      onSignal: () => () => undefined,
      isInGroup: () => true,
      isQuiet: () => false,
      progress: null,
      say: (line) => streams.say(line),
      ...around,
    },
  }
  let status: number
  try {
    const command = await parseCommand(words, context)
    status = (await command.execute()) as number
  } catch (thrown) {
    const error = asDwError(thrown)
    streams.error(error)
    status = EXIT_STATUS[error.code]
  }
  const said = (stream: PassThrough) => String(stream.read() ?? '')
  return { status, stdout: said(stdout), stderr: said(stderr) }
}
