import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { HOOK_NAMES, hookNames } from '../../domain/hook-name.ts'
import { installHooks } from '../../flows/hooks/install-hooks.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { hooksJson, hooksTable } from '../../report/hooks-table.ts'

export class HooksInstallCommand extends RepositoryCommand {
  static override paths = [['hooks', 'install']]

  static override forms = ['[--only <hook>,…]']

  static override usage = Command.Usage({
    description: 'Let git itself respect locks: install the hooks.',
    details: `
      A push of what others hold is stopped, a checkout says whose branch it is, and working keeps the
      session alive. Hooks that are there are kept and run as well. Where core.hooksPath is managed by a
      tool, nothing is written, and the line to add is printed.
    `,
    examples: [
      ['All of them', 'git dw hooks install'],
      ['Only the check of pushes', 'git dw hooks install --only pre-push'],
    ],
  })

  only = Option.Array('--only', { description: `Some of ${HOOK_NAMES.join(', ')}.` })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { place, hooks, changed } = await installHooks(workspace, hookNames(this.only ?? []))
    if (place.by === 'line') {
      workspace.around.say(
        `core.hooksPath is "${place.setting}", so nothing was written: add each line yourself`,
      )
    }
    return {
      text: hooksTable(this.context.streams.answerPalette, hooks),
      json: hooksJson(hooks, changed),
    }
  }
}
