import { Cli, type Command, type CommandClass } from 'clipanion'
import { DwError } from '../domain/error.ts'
import type { DwContext } from './context.ts'
import { HOOK_REGISTRY, REGISTRY, type Registration } from './registry.ts'

/** clipanion as this program uses it: it parses, and defines what help shows; it never prints. */
export function cliOf(classes: readonly CommandClass<DwContext>[]): Cli<DwContext> {
  return Cli.from([...classes], { binaryName: 'git dw', enableColors: false })
}

/** The registered command that `words` name, by the longest path that fits. */
export function findRegistration(words: readonly string[]): Registration | undefined {
  return [...REGISTRY, ...HOOK_REGISTRY]
    .filter(({ path }) => path.every((part, at) => words[at] === part))
    .sort((a, b) => b.path.length - a.path.length)[0]
}

/** Loads and fills the command that `words` name. Throws DW_USAGE. */
export async function parseCommand(
  words: readonly string[],
  context: DwContext,
): Promise<Command<DwContext>> {
  const registration = findRegistration(words)
  if (registration === undefined) throw unknownCommand(words)
  const commandClass = await registration.load()
  const name = registration.path.join(' ')
  try {
    return cliOf([commandClass]).process([...words], context)
  } catch (error) {
    throw usageError(error, name)
  }
}

/** DW_USAGE for what clipanion could not take. */
function usageError(error: unknown, command: string): DwError {
  // clipanion adds its own usage lines after the reason
  const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  const message = reason.replace(/^Unknown Syntax Error: /, '').replace(/\.$/, '')
  const readable = message.startsWith('Command not found')
    ? 'these arguments do not fit'
    : lowerFirst(message)
  return new DwError('DW_USAGE', `${command}: ${readable}`, {
    hints: [`see: git dw ${command} -h`],
    cause: error,
  })
}

/** The registered commands whose first word `words` starts with, such as all of `project`. */
export function commandsUnder(words: readonly string[]): readonly Registration[] {
  return REGISTRY.filter(({ path }) => path.length > 1 && path[0] === words[0])
}

function unknownCommand(words: readonly string[]): DwError {
  const group = commandsUnder(words).map(({ path }) => path.slice(1).join(' '))
  if (group.length > 0) {
    const [first = '', second] = words
    const message =
      second === undefined || second.startsWith('-')
        ? `${first} what?`
        : `${first}: "${second}" is none of its commands.`
    return new DwError('DW_USAGE', `${message} There are ${group.join(', ')}`, {
      hints: [`see: git dw ${first} -h`],
    })
  }
  const known = REGISTRY.map(({ path }) => path)
  const near = known.filter((path) => distance(path.join(' '), words.slice(0, path.length).join(' ')) <= 2)
  return new DwError('DW_USAGE', `"${words[0] ?? ''}" is no command of git dw`, {
    hints: [...near.map((path) => `did you mean: git dw ${path.join(' ')}`), 'see them all: git dw -h'],
  })
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1)
}

/** How many letters must be changed, added or dropped to make `a` of `b` (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [at, letter] of [...a].entries()) {
    const next = [at + 1]
    for (let column = 1; column <= b.length; column += 1) {
      const change = (row[column - 1] ?? 0) + (letter === b[column - 1] ? 0 : 1)
      next.push(Math.min(change, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
