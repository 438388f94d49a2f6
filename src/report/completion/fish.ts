import {
  type ArgumentWords,
  type CommandWords,
  groupsOf,
  type Kind,
  nextWords,
  type OptionWords,
} from './words.ts'

/** The lines that completions/git-dw.fish is followed by. */
export function fishTables(commands: readonly CommandWords[]): string {
  const options = commands.flatMap((command) => command.options)
  const valued = options.filter(({ kind, optional }) => kind !== undefined && !optional)
  const names = [...new Set(valued.flatMap((option) => option.names))]
  return [
    `set -g __git_dw_valued ${names.join(' ')}`,
    ...['', ...groupsOf(commands).keys()].flatMap((group) =>
      nextWords(commands, group || undefined).map(
        ([word, what]) => `complete -c git-dw -n '__git_dw_needs ${group}' -a ${word} -d ${quoted(what)}`,
      ),
    ),
    ...commands.flatMap(commandLines),
    '',
  ].join('\n')
}

/** What the static part says for every command. */
const COMMON = ['--json', '--session']

function commandLines({ name, options, arguments: places }: CommandWords): string[] {
  return [
    ...options.filter(({ names }) => !COMMON.includes(names[0] ?? '')).map((each) => optionLine(name, each)),
    ...places.flatMap((place, at) => (place.kind === 'none' ? [] : argumentLine(name, place, at))),
  ]
}

function optionLine(command: string, { names, meaning, kind, optional }: OptionWords): string {
  const flags = names.map((name) => (name.startsWith('--') ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`))
  const value = kind === undefined || optional ? '' : ` ${candidates(kind)}`
  return `complete -c git-dw -n '__git_dw_at ${command}' ${flags.join(' ')}${value} -d ${quoted(meaning)}`
}

function argumentLine(command: string, { kind, repeated }: ArgumentWords, at: number): string {
  const when = repeated
    ? `__git_dw_at ${command}`
    : `__git_dw_at ${command}; and __git_dw_place ${at} ${command}`
  return `complete -c git-dw -n '${when}' ${candidates(kind).replace(/^-x /, '').replace('-F -r', '-F')}`
}

function candidates(kind: Kind): string {
  if (kind.startsWith('=')) return `-x -a '${kind.slice(1).replaceAll(',', ' ')}'`
  if (kind === 'files') return '-F -r'
  if (kind === 'directories') return "-x -a '(__fish_complete_directories)'"
  if (kind === 'command') return "-x -a '(__fish_complete_command)'"
  return kind === 'none' ? '-x' : `-x -a '(__git_dw_values ${kind})'`
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
