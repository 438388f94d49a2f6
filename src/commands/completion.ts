import { Command, Option } from 'clipanion'
import { type Answer, DwCommand } from '../cli/command.ts'
import { completionScript } from '../flows/completion-script.ts'
import { JSON_SCHEMA } from '../report/json.ts'

export class CompletionCommand extends DwCommand {
  static override paths = [['completion']]

  static override forms = ['bash|zsh|fish']

  static override usage = Command.Usage({
    description: 'Print the script that makes a shell complete git dw at Tab.',
    details: `
      Commands, options, and what there is in the repository: sessions, tasks, held keys, projects, rescues,
      remotes and branches. In bash it needs git's own completion, as bash-completion brings it; in zsh the
      completion system (compinit).
    `,
    examples: [
      ['In ~/.bashrc', 'eval "$(git dw completion bash)"'],
      ['In ~/.zshrc, after compinit', 'eval "$(git dw completion zsh)"'],
      ['In ~/.config/fish/config.fish', 'git dw completion fish | source'],
    ],
  })

  shell = Option.String({ required: false, name: 'shell' })

  override async answer(): Promise<Answer> {
    const { shell = '' } = this
    const script = await completionScript(this.context.around, shell)
    return { text: script, json: { schema: JSON_SCHEMA, shell, script } }
  }
}
