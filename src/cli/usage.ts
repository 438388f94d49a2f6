import type { CommandHelp } from '../report/command-help.ts'
import { cliOf } from './parse.ts'
import { type DwCommandClass, REGISTRY, type Registration } from './registry.ts'

/** What an option's value is called in help where its own name does not say it. */
const VALUE_NAMES: Readonly<Record<string, string>> = {
  '--base': 'commit',
  '--message': 'why',
  '--files': 'path',
  '--only': 'hook,…',
  '--path': 'dir',
  '--pr': 'url',
  '--remote': 'https-url',
  '--resume': 'id',
  '--session': 'id',
  '--since': 'time',
  '--summary': 'text',
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
    details: (definition.details ?? '').replace(/ +$/gm, '').trim(),
    options: definition.options.map(({ definition: flags, description }) => ({
      flags: flags
        .replace(/(--[a-z-]+) #0/, (_, name: string) => `${name} <${VALUE_NAMES[name] ?? name.slice(2)}>`)
        .replace(/^--wait$/, '--wait[=<duration>]'),
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
  return helpOfAll(REGISTRY)
}

/** The help of some commands. */
export async function helpOfAll(registrations: readonly Registration[]): Promise<CommandHelp[]> {
  return Promise.all(registrations.map(async ({ load }) => helpOf(await load())))
}
