import type { CommandHelp } from '../../src/report/command-help.ts'

const HEAD = `# Commands

<!-- made from the commands' own usage: npx vitest run test/docs/reference.test.ts -u -->

Every command is called as \`git dw <command>\`, prints its answer on stdout and what it has to tell on stderr, takes \`--json\` ([field by field](json.md)), and has a manual page (\`git dw <command> --help\`) and a short help (\`-h\`). Exit statuses and error codes: [troubleshooting](troubleshooting.md).
`

/** docs/commands.md: every command by its usage. */
export function commandPage(commands: readonly CommandHelp[]): string {
  const contents = commands.map(({ name, summary }) => `| [\`${name}\`](#${anchor(name)}) | ${summary} |`)
  return [
    HEAD,
    ['| command | |', '|---|---|', ...contents, ''].join('\n'),
    ...commands.map(commandPart),
  ].join('\n')
}

function anchor(name: string): string {
  return name.replaceAll(' ', '-')
}

function commandPart(command: CommandHelp): string {
  const options = command.options.map(({ flags, meaning }) => `| \`${flags}\` | ${meaning} |`)
  const examples = command.examples.map(({ meaning, command: line }) => `# ${meaning}\n${line}`)
  return [
    `## ${command.name}\n`,
    `${command.summary}\n`,
    `\`\`\`text\n${command.synopsis.join('\n')}\n\`\`\`\n`,
    ...(command.details === '' ? [] : [`${markdown(command.details)}\n`]),
    ['| option | |', '|---|---|', ...options, ''].join('\n'),
    ...(examples.length === 0 ? [] : [`\`\`\`sh\n${examples.join('\n\n')}\n\`\`\`\n`]),
  ].join('\n')
}

/** Paragraphs that were wrapped for a terminal; what Markdown would read as its own is kept from it. */
function markdown(text: string): string {
  const paragraphs = text.split(/\n\s*\n/).map((each) => each.replace(/\s+/g, ' ').trim())
  return paragraphs.map((each) => each.replace(/[*_<>[\]`]/g, '\\$&')).join('\n\n')
}
