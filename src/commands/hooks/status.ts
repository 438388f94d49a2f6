import { Command } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { HOOK_NAMES } from '../../domain/hook-name.ts'
import { hooksStatus } from '../../flows/hooks/install-hooks.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { hooksJson, hooksTable } from '../../report/hooks-table.ts'

export class HooksStatusCommand extends RepositoryCommand {
  static override paths = [['hooks', 'status']]

  static override forms = ['']

  static override usage = Command.Usage({
    description: 'Show which hooks are installed, and where.',
    details: `
      Exit status 1 when one of them is missing, replaced by another tool, or its line is still to be added.
    `,
    examples: [['Is anything missing?', 'git dw hooks status']],
  })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { hooks } = await hooksStatus(workspace, HOOK_NAMES)
    if (!workspace.settings.hooks) workspace.around.say('dw.hooks is off: they do nothing')
    const lacking = hooks.some(({ state }) => ['missing', 'replaced', 'to add'].includes(state))
    return {
      text: hooksTable(this.context.streams.answerPalette, hooks),
      json: hooksJson(hooks, []),
      ...(lacking ? { status: 'DW_NOT_FOUND' as const } : {}),
    }
  }
}
