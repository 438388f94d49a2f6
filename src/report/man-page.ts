import type { CommandHelp } from './command-help.ts'
import type { Setting } from './reference.ts'
import {
  brokenLines,
  literalLines,
  paragraphLines,
  sectionLines,
  seeAlsoLines,
  type Terms,
  termLines,
  titleLines,
} from './roff.ts'

/** Which program the pages are about. */
interface Edition {
  readonly version: string
  readonly date: string
}

/** What the main page is made of. */
interface Manual {
  readonly edition: Edition
  readonly commands: readonly CommandHelp[]
  readonly settings: readonly Setting[]
  readonly environment: Terms
  /** What the commands that git dw starts find in their environment. */
  readonly given: Terms
  readonly exitStatus: Terms
}

/** `git-dw(1)` as roff (man(7)): all that is not of one command alone. */
export function mainPage(manual: Manual): string {
  return pageOf([
    ...titleLines(
      'git-dw',
      manual.edition,
      'sessions, locks and worktrees for several workers in one repository',
    ),
    '.SH "SYNOPSIS"',
    ...brokenLines(['git dw', 'git dw <command> [<options>]', 'git dw <command> (-h | --help)']),
    ...sectionLines('DESCRIPTION', DESCRIPTION),
    '.SH "COMMANDS"',
    ...termLines(manual.commands.map(({ name, summary }) => [`git dw ${name}`, summary] as const)),
    ...sectionLines(
      'CONFIGURATION',
      'Settings of git, as git config sets them. A duration is written like 90s, 15m, 2h, 1d.',
    ),
    ...termLines(manual.settings.map(settingTerm)),
    '.SH "ENVIRONMENT"',
    ...termLines(manual.environment),
    ...paragraphLines('The commands of dw.postCreate and of run are given:'),
    ...termLines(manual.given),
    '.SH "EXIT STATUS"',
    ...termLines(manual.exitStatus),
    ...seeAlsoLines([...manual.commands.map(({ name }) => pageName(name)), 'git-worktree']),
  ])
}

/** The page of one command, such as `git-dw-claim(1)`. */
export function commandPage(command: CommandHelp, edition: Edition): string {
  return pageOf([
    ...titleLines(pageName(command.name), edition, withoutStop(command.summary)),
    '.SH "SYNOPSIS"',
    ...brokenLines(command.synopsis),
    ...sectionLines('DESCRIPTION', command.details === '' ? command.summary : command.details),
    '.SH "OPTIONS"',
    ...termLines(command.options.map(({ flags, meaning }) => [flags, meaning] as const)),
    ...exampleLines(command.examples),
    ...seeAlsoLines(['git-dw']),
  ])
}

/** The name of a command's page: `git-dw-worktree-list`. */
export function pageName(command: string): string {
  return `git-dw-${command.replaceAll(' ', '-')}`
}

const DESCRIPTION = `
  Lets several coding sessions, agents or people, work on one repository at once. Each has a session, claims
  what it works on, gets its own worktree, and everyone can see who holds what.

  Sessions and locks are JSON blobs under refs/dw, changed only by compare-and-swap, so there is no server and
  nothing to keep running.

  Without a command, says where you stand and what to do next. Every command takes --json, and -h for its
  usage; --help opens its page.`

function exampleLines(examples: CommandHelp['examples']): string[] {
  return examples.flatMap(({ meaning, command }, at) => [
    ...(at === 0 ? sectionLines('EXAMPLES', `${meaning}:`) : paragraphLines(`${meaning}:`)),
    ...literalLines(command),
  ])
}

function settingTerm({ name, values, standard, effect }: Setting): readonly [string, string] {
  return [name, `${effect} Values: ${values}. Default: ${standard}.`]
}

function pageOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

/** A page's name line is no sentence: lower case, without a full stop. */
function withoutStop(summary: string): string {
  return `${summary.slice(0, 1).toLowerCase()}${summary.slice(1)}`.replace(/\.$/, '')
}
