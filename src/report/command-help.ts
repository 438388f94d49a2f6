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
