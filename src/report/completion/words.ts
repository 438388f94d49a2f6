import type { CommandHelp } from '../command-help.ts'

/**
 * What a word can be: a kind that completions/values.sh lists, `files`, `directories`, `command` for another
 * program's command line, `none`, or words that are known: `=passed,failed`.
 */
export type Kind = string

/** An option, and what its value can be where it has one. */
export interface OptionWords {
  /** `--task`, or `-m` and `--message`. */
  readonly names: readonly string[]
  readonly meaning: string
  /** What the value is called: `<task>` is `task`. */
  readonly placeholder?: string
  readonly kind?: Kind
  /** Whether it may go without its value, which then stands behind "=" only. */
  readonly optional: boolean
}

/** What can be typed of one command. */
export interface CommandWords {
  readonly name: string
  readonly summary: string
  readonly options: readonly OptionWords[]
  readonly arguments: readonly ArgumentWords[]
}

export interface ArgumentWords {
  readonly placeholder: string
  readonly kind: Kind
  readonly repeated: boolean
}

/** Kinds by what help calls a value. */
const KINDS: Readonly<Record<string, Kind>> = {
  id: 'sessions',
  task: 'tasks',
  project: 'projects',
  key: 'keys',
  remote: 'remotes',
  branch: 'branches',
  commit: 'branches',
  refspec: 'branches',
  path: 'files',
  dir: 'directories',
  directory: 'directories',
  command: 'command',
  old: 'projects',
  'hook,…': '=pre-push,pre-commit,post-checkout,post-commit,post-merge,post-rewrite',
}

/** What `<name>` names, by the command. */
const NAMES: Readonly<Record<string, Kind>> = {
  'rescue restore': 'rescues',
  'rescue drop': 'rescues',
  'project remove': 'projects',
}

/** The words of a command, from its help. */
export function commandWords(help: CommandHelp): CommandWords {
  const { name, summary, synopsis } = help
  return {
    name,
    summary: summary.replace(/\.$/, ''),
    options: help.options.map(({ flags, meaning }) => optionWords(flags, meaning, synopsis)),
    arguments: argumentWords(name, synopsis),
  }
}

function optionWords(flags: string, meaning: string, synopsis: readonly string[]): OptionWords {
  const [, names = '', optional, placeholder] = /^([^ [<]+)( ?|\[=)?(?:<([^>]+)>\]?)?$/.exec(flags) ?? []
  const option = {
    names: names.trim().split(','),
    meaning: meaning.replace(/\.$/, ''),
    optional: optional === '[=',
  }
  if (placeholder === undefined) return option
  const listed = new RegExp(`${option.names.at(-1)} ((?:\\w+\\|)+\\w+)`).exec(synopsis.join('\n'))?.[1]
  const kind = listed === undefined ? (KINDS[placeholder] ?? 'none') : `=${listed.replaceAll('|', ',')}`
  return { ...option, placeholder, kind }
}

/** The arguments of the form that has most of them. */
function argumentWords(name: string, synopsis: readonly string[]): ArgumentWords[] {
  const forms = synopsis.map((form) => argumentsOf(name, form.slice(`git dw ${name}`.length)))
  return forms.sort((a, b) => b.length - a.length)[0] ?? []
}

function argumentsOf(name: string, form: string): ArgumentWords[] {
  const bare = form
    .replace(/ -- <command>.*/, ' <command>')
    .replace(/\[?-- <.*/, '')
    .replace('[<options>]', '')
    .replace(/--[a-z-]+(?:\[?[ =](?:<[^>]+>\]?|\w+(?:\|\w+)+)(?:…|,…)?)?/g, '')
  return [...bare.matchAll(/<([^>]+)>(…?)|\w+(?:\|\w+)+/g)].map(([words, placeholder, more]) =>
    placeholder === undefined
      ? { placeholder: 'word', kind: `=${words.replaceAll('|', ',')}`, repeated: false }
      : {
          placeholder,
          kind: (placeholder === 'name' ? NAMES[name] : KINDS[placeholder]) ?? 'none',
          repeated: more === '…',
        },
  )
}

/** The first words of commands that have two, with the commands below each. */
export function groupsOf(commands: readonly CommandWords[]): Map<string, CommandWords[]> {
  const groups = new Map<string, CommandWords[]>()
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ')
    if (second !== undefined) groups.set(first, [...(groups.get(first) ?? []), command])
  }
  return groups
}

/** What the next word of a command's name can be, with what it does: all, or those below a first word. */
export function nextWords(commands: readonly CommandWords[], group?: string): [string, string][] {
  if (group !== undefined) {
    const below = groupsOf(commands).get(group) ?? []
    return below.map(({ name, summary }) => [name.slice(group.length + 1), summary])
  }
  const words = commands.map(({ name, summary }): [string, string] => {
    const [first = '', second] = name.split(' ')
    const all = groupsOf(commands).get(first) ?? []
    return [
      first,
      second === undefined ? summary : all.map((each) => each.name.slice(first.length + 1)).join(', '),
    ]
  })
  return [...new Map(words)]
}
