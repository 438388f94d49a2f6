import { allHelp } from './cli/usage.ts'
import { bashTables } from './report/completion/bash.ts'
import { fishTables } from './report/completion/fish.ts'
import { commandWords } from './report/completion/words.ts'
import { zshTables } from './report/completion/zsh.ts'

/**
 * What follows the scripts in completions/, by the shell: what can be typed, from the commands' own usage.
 * The build joins the two.
 */
export async function completionTables(): Promise<Map<string, string>> {
  const commands = (await allHelp()).map(commandWords)
  return new Map([
    ['bash', bashTables(commands)],
    ['zsh', zshTables(commands)],
    ['fish', fishTables(commands)],
  ])
}
