import { cliOf } from './parse.ts'
import { type DwCommandClass, REGISTRY } from './registry.ts'

/** A command as help, the man page and the reference describe it; all from its own `usage`. */
export interface CommandHelp {
  readonly name: string
  /** Lines such as `git dw claim [<options>] <path>…`. */
  readonly synopsis: readonly string[]
  readonly summary: string
  readonly details: string
  readonly options: readonly { readonly flags: string; readonly meaning: string }[]
  readonly examples: readonly { readonly meaning: string; readonly command: string }[]
}

/** What an option's value is called in help where its own name does not say it. */
const VALUE_NAMES: Readonly<Record<string, string>> = {
  '--base': 'commit',
  '--message': 'why',
  '--resume': 'id',
  '--session': 'id',
  '--ttl': 'duration',
}

/** The help of one command. */
export function helpOf(commandClass: DwCommandClass): CommandHelp {
  const [definition] = cliOf([commandClass]).definitions()
  if (definition === undefined) throw new Error(`${commandClass.name} has no usage`)
  const name = (commandClass.paths?.[0] ?? []).join(' ')
  return {
    name,
    synopsis: commandClass.forms.map((form) => `git dw ${name} ${form}`.trimEnd()),
    summary: (definition.description ?? '').trim(),
    details: (definition.details ?? '').trim(),
    options: definition.options.map(({ definition: flags, description }) => ({
      flags: flags.replace(
        /(--[a-z-]+) #0/,
        (_, name: string) => `${name} <${VALUE_NAMES[name] ?? name.slice(2)}>`,
      ),
      meaning: (description ?? '').trim(),
    })),
    examples: (definition.examples ?? []).map(([meaning, command]) => ({
      meaning: meaning.trim(),
      command: command.trim(),
    })),
  }
}

/** The help of every command, in the registry's order. */
export async function allHelp(): Promise<CommandHelp[]> {
  return Promise.all(REGISTRY.map(async ({ load }) => helpOf(await load())))
}

/** What `git dw <command> -h` prints. */
export function commandHelpText(help: CommandHelp): string {
  const width = Math.max(0, ...help.options.map(({ flags }) => flags.length))
  const options = help.options.map(({ flags, meaning }) => `    ${flags.padEnd(width)}  ${meaning}`)
  const examples = help.examples.map(({ meaning, command }) => `    ${meaning}\n        ${command}`)
  const parts = [
    `usage: ${help.synopsis.join('\n   or: ')}\n`,
    `${help.summary}\n`,
    ...(help.details === '' ? [] : [`${help.details}\n`]),
    ...(options.length === 0 ? [] : [`options:\n${options.join('\n')}\n`]),
    ...(examples.length === 0 ? [] : [`examples:\n${examples.join('\n')}\n`]),
  ]
  return parts.join('\n')
}

/** What `git dw -h` prints. */
export function overviewText(commands: readonly CommandHelp[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  const lines = commands.map(({ name, summary }) => `    ${name.padEnd(width)}  ${summary}`)
  return `usage: git dw <command> [<options>]\n\nSessions, locks and worktrees for several workers in one repository.\n\n${lines.join('\n')}\n\nMore on one of them: git dw <command> -h\n`
}
