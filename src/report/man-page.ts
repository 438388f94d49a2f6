import type { CommandHelp } from './command-help.ts'

/** A table of two columns: a term and what it means. */
export type Terms = readonly (readonly [term: string, meaning: string])[]

/** `git-dw(1)` as roff (man(7)), from the commands' own help. */
export function manPage(page: {
  readonly version: string
  readonly commands: readonly CommandHelp[]
  readonly settings: Terms
  readonly environment: Terms
  readonly exitStatus: Terms
}): string {
  const lines = [
    `.TH "GIT\\-DW" "1" "" "git\\-dw ${roff(page.version)}" "Git Manual"`,
    '.SH "NAME"',
    'git\\-dw \\- sessions, locks and worktrees for several workers in one repository',
    '.SH "SYNOPSIS"',
    ...lineBreaks(page.commands.flatMap(({ synopsis }) => synopsis)),
    '.SH "DESCRIPTION"',
    ...DESCRIPTION.flatMap((text) => ['.PP', roff(text)]),
    '.SH "COMMANDS"',
    ...page.commands.flatMap(commandLines),
    '.SH "CONFIGURATION"',
    ...termLines(page.settings),
    '.SH "ENVIRONMENT"',
    ...termLines(page.environment),
    '.SH "EXIT STATUS"',
    ...termLines(page.exitStatus),
    '.SH "SEE ALSO"',
    '.BR git\\-worktree (1),',
    '.BR git\\-update\\-ref (1)',
  ]
  return `${lines.join('\n')}\n`
}

const DESCRIPTION = [
  'Lets several coding sessions, agents or people, work on one repository at once. Each has a session, claims what it works on, gets its own worktree, and everyone can see who holds what.',
  'Sessions and locks are JSON blobs under refs/dw, changed only by compare-and-swap, so there is no server and nothing to keep running.',
]

function commandLines(command: CommandHelp): string[] {
  return [
    `.SS "git dw ${roff(command.name)}"`,
    roff(command.summary),
    ...command.details.split(/\n\s*\n/).flatMap((text) => (text === '' ? [] : ['.PP', roff(unwrap(text))])),
    ...termLines(command.options.map(({ flags, meaning }) => [flags, unwrap(meaning)] as const)),
    ...command.examples.flatMap(({ meaning, command: line }) => [
      '.PP',
      `${roff(unwrap(meaning))}:`,
      '.PP',
      '.RS 4',
      '.nf',
      roff(line),
      '.fi',
      '.RE',
    ]),
  ]
}

function termLines(terms: Terms): string[] {
  return terms.flatMap(([term, meaning]) => ['.TP', `\\fB${roff(term)}\\fR`, roff(meaning)])
}

function lineBreaks(lines: readonly string[]): string[] {
  return lines.flatMap((line, at) => (at === 0 ? [roff(line)] : ['.br', roff(line)]))
}

function unwrap(text: string): string {
  return text.replace(/\s+/g, ' ').trim()
}

/** Text that roff prints as it is. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('…', '\\&...')
    .replace(/^([.'])/gm, '\\&$1')
}
