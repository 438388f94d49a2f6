import {
  type ArgumentWords,
  type CommandWords,
  groupsOf,
  type Kind,
  nextWords,
  type OptionWords,
} from './words.ts'

/** The tables that completions/git-dw.zsh reads, and what starts it. */
export function zshTables(commands: readonly CommandWords[]): string {
  const groups = [...groupsOf(commands).keys()]
  return [
    '# What the next word of a command can be.',
    '__git_dw_next() {',
    '  local -a words',
    '  case $1 in',
    ...['', ...groups].flatMap((group) => [
      `    '${group}')`,
      '      words=(',
      ...nextWords(commands, group || undefined).map(
        ([word, what]) => `        ${quoted(`${word}:${what}`)}`,
      ),
      '      )',
      '      ;;',
    ]),
    '  esac',
    "  _describe -t commands 'git dw command' words",
    '}',
    '',
    '# The options and arguments of a command.',
    '__git_dw_command() {',
    '  case $words[1] in',
    ...groups.map((group) => `    ${group}) __git_dw_group ;;`),
    ...commands.flatMap(commandCase),
    "    *) _message 'no such command' ;;",
    '  esac',
    '}',
    '',
    "zstyle -s ':completion:*:*:git:*' user-commands REPLY ||",
    "  zstyle ':completion:*:*:git:*' user-commands 'dw:sessions, locks and worktrees for several workers'",
    '# read by eval, or loaded by the completion system itself',
    'if [[ $funcstack[1] == _git-dw ]]; then _git-dw "$@"; elif (( $+functions[compdef] )); then compdef _git-dw git-dw; fi',
    '',
  ].join('\n')
}

function commandCase({ name, options, arguments: places }: CommandWords): string[] {
  const specs = [...options.flatMap(optionSpecs), ...places.map(argumentSpec)]
  return [
    `    '${name}')`,
    '      _arguments -S \\',
    ...specs.map((spec, at) => `        ${quoted(spec)}${at === specs.length - 1 ? '' : ' \\'}`),
    '      ;;',
  ]
}

function optionSpecs({ names, meaning, placeholder, kind, optional }: OptionWords): string[] {
  return names.map((name) => {
    const others = names.length > 1 ? `(${names.join(' ')})` : ''
    const text = `[${meaning.replace(/[[\]\\:]/g, '\\$&')}]`
    if (kind === undefined) return `${others}${name}${text}`
    const sign = optional ? '=-' : name.startsWith('--') ? '=' : ''
    return `${others}${name}${sign}${text}${optional ? '::' : ':'}${placeholder}:${action(kind, placeholder ?? '')}`
  })
}

function argumentSpec({ placeholder, kind, repeated }: ArgumentWords): string {
  if (kind === 'command') return '*::command: _normal'
  return `${repeated ? '*' : ''}:${placeholder}:${action(kind, placeholder)}`
}

function action(kind: Kind, placeholder: string): string {
  if (kind.startsWith('=')) return `(${kind.slice(1).replaceAll(',', ' ')})`
  if (kind === 'files') return '__git_dw_files'
  if (kind === 'directories') return '_files -/'
  return kind === 'none' ? ' ' : `__git_dw_values ${kind} ${placeholder}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
