import { version } from '../../package.json'
import { DwError, EXIT_STATUS } from '../domain/error.ts'
import type { CallTrace } from '../git/call-trace.ts'
import { asDwError } from '../report/error.ts'
import { type DwContext, processContext, processStreams } from './context.ts'
import { commandsUnder, findRegistration, parseCommand } from './parse.ts'
import { REGISTRY } from './registry.ts'

/** An exit status that no command has: an event loop that emptied early is a failure, not a success. */
const UNFINISHED = 70

/** Runs the command that the arguments name, and sets the exit status. Every error ends here. */
export async function run(words: readonly string[]): Promise<void> {
  process.exitCode = UNFINISHED
  const streams = processStreams()
  // known before parsing, so that a usage error is JSON too
  if (optionsOf(words).includes('--json')) streams.useJson()
  const start = performance.now()
  let trace: CallTrace | undefined
  try {
    const context = processContext(words, streams)
    trace = context.around.trace
    process.exitCode = await dispatch(context, withCommandFirst(words))
  } catch (thrown) {
    const error = await explained(asDwError(thrown))
    streams.error(error)
    process.exitCode = EXIT_STATUS[error.code]
  }
  if (trace !== undefined) {
    const { traceText } = await import('../report/trace-text.ts')
    streams.complain(traceText(trace.calls, { start, end: performance.now() }))
  }
}

/** What failed in git may have failed because git is too old: that is asked only now. */
async function explained(error: DwError): Promise<DwError> {
  if (error.code !== 'DW_GIT' && error.code !== 'DW_NOT_A_REPO') return error
  const [{ Git }, { oldGitError }] = await Promise.all([
    import('../git/exec.ts'),
    import('../git/version.ts'),
  ])
  return (await oldGitError(new Git(process.env, '/'), error)) ?? error
}

async function dispatch(context: DwContext, words: readonly string[]): Promise<number> {
  const options = optionsOf(words)
  if (options[0] === '--version') {
    context.streams.help(`git-dw ${version}\n`)
    return 0
  }
  if (options.includes('-h') || options.includes('--help'))
    return help(context, words, options.includes('--help'))
  const [first] = words
  if (first === undefined || first.startsWith('-')) return bare(context, words)
  const command = await parseCommand(words, context)
  return command.execute() as Promise<number>
}

/** `-h` prints usage; `--help` opens the manual where there is a terminal to show it on. */
async function help(context: DwContext, words: readonly string[], manual: boolean): Promise<number> {
  if (manual && (await openManual(context, words))) return 0
  const [{ allHelp, helpOf, helpOfAll }, { commandHelpText, overviewText }] = await loadHelp()
  const registration = findRegistration(words)
  const text =
    registration === undefined
      ? overviewText(await (commandsUnder(words).length > 0 ? helpOfAll(commandsUnder(words)) : allHelp()))
      : commandHelpText(helpOf(await registration.load()))
  context.streams.help(text)
  return 0
}

async function openManual(context: DwContext, words: readonly string[]): Promise<boolean> {
  if (!context.streams.isWatched) return false
  const { Git } = await import('../git/exec.ts')
  const git = new Git(context.around.env, context.around.cwd)
  const registration = REGISTRY.find(({ path }) => path.every((part, at) => words[at] === part))
  // the page's own name: git takes other words for a command's, and knows none of ours
  return (await git.attached(['help', ['git-dw', ...(registration?.path ?? [])].join('-')])) === 0
}

/** Bare `git dw`: where I stand and what to do next; outside a repository, a short usage. */
async function bare(context: DwContext, words: readonly string[]): Promise<number> {
  const status = await parseCommand(['status', '--next', ...words], context)
  try {
    return (await status.execute()) as number
  } catch (thrown) {
    const error = asDwError(thrown)
    // a repository that git refuses is a reason to be told
    if (error.code !== 'DW_NOT_A_REPO' || error.details['directory'] !== undefined) throw error
    if (words.includes('--json'))
      throw new DwError('DW_USAGE', error.message, { hints: error.hints, cause: error })
    const [{ allHelp }, { overviewText }] = await loadHelp()
    context.streams.complain(overviewText(await allHelp()))
    return EXIT_STATUS.DW_USAGE
  }
}

/** Help is loaded only when it is asked for. */
async function loadHelp() {
  return Promise.all([import('./usage.ts'), import('../report/command-help.ts')])
}

/** The words with options that every command takes moved behind the command, where git users may put them. */
function withCommandFirst(words: readonly string[]): readonly string[] {
  let at = 0
  while (COMMON_OPTIONS.test(words[at] ?? '')) at += words[at] === '--session' ? 2 : 1
  const rest = words.slice(at)
  const length = findRegistration(rest)?.path.length ?? 1
  return at === 0 || rest.length === 0
    ? words
    : [...rest.slice(0, length), ...words.slice(0, at), ...rest.slice(length)]
}

const COMMON_OPTIONS = /^(?:--json|--session(?:=.*)?)$/

/** The words before a `--`. */
function optionsOf(words: readonly string[]): readonly string[] {
  const end = words.indexOf('--')
  return end < 0 ? words : words.slice(0, end)
}
