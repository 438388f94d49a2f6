import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { HOOK_NAMES, hookNames } from '../../domain/hook-name.ts'
import { uninstallHooks } from '../../flows/hooks/install-hooks.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { hooksJson } from '../../report/hooks-table.ts'

export class HooksUninstallCommand extends RepositoryCommand {
  static override paths = [['hooks', 'uninstall']]

  static override forms = ['[--only <hook>,…]']

  static override usage = Command.Usage({
    description: 'Take the hooks out again.',
    details: 'The hooks that were there before are put back as they were. Prints what was taken out.',
    examples: [['All of them', 'git dw hooks uninstall']],
  })

  only = Option.Array('--only', { description: `Some of ${HOOK_NAMES.join(', ')}.` })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { hooks, changed } = await uninstallHooks(workspace, hookNames(this.only ?? []))
    for (const { hook, state, path } of hooks) {
      if (state === 'added')
        workspace.around.say(`the line for ${hook} stays in "${path}": take it out yourself`)
      if (state === 'replaced')
        workspace.around.say(`"${path}" is not ours any more: it stays, and what was kept too`)
    }
    return { text: changed.map((name) => `${name}\n`).join(''), json: hooksJson(hooks, changed) }
  }
}
