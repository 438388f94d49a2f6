import { type CommandWords, groupsOf, nextWords } from './words.ts'

/** The tables that completions/git-dw.bash reads. */
export function bashTables(commands: readonly CommandWords[]): string {
  const groups = [...groupsOf(commands).keys()]
  return [
    '# Sets flags, valued and arguments for a command; fails for what is none.',
    '__git_dw_command () {',
    '  case $1 in',
    ...commands.flatMap(commandCase),
    '    *) return 1 ;;',
    '  esac',
    '}',
    '',
    '# What the next word of a command can be.',
    '__git_dw_next () {',
    '  case $1 in',
    ...['', ...groups].map((group) => {
      const words = nextWords(commands, group || undefined).map(([word]) => word)
      return `    '${group}') printf '%s\\n' ${words.join(' ')} ;;`
    }),
    '  esac',
    '}',
    '',
  ].join('\n')
}

function commandCase({ name, options, arguments: places }: CommandWords): string[] {
  const valued = options.filter(({ kind, optional }) => kind !== undefined && !optional)
  const kinds = valued.flatMap(({ names, kind }) => names.map((each) => `${each}=${kind}`))
  const flags = options.flatMap(({ names }) => names)
  const args = places.map(({ kind, repeated }) => `${kind}${repeated ? '*' : ''}`)
  return [
    `    '${name}')`,
    `      flags='${flags.join(' ')}'`,
    `      valued=' ${kinds.join(' ')} '`,
    `      arguments='${args.join(' ')}'`,
    '      ;;',
  ]
}
