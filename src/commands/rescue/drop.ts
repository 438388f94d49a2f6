import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { dropRescue } from '../../flows/rescue/list-rescues.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { JSON_SCHEMA } from '../../report/json.ts'

export class RescueDropCommand extends RepositoryCommand {
  static override paths = [['rescue', 'drop']]

  static override forms = ['<name>']

  static override usage = Command.Usage({
    description: 'Drop a rescue for good.',
    details: `
      Until git's next garbage collection its commit, which is printed, can still be restored by hand.
    `,
    examples: [['It is not needed', 'git dw rescue drop fix-login']],
  })

  name = Option.String({ name: 'name' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { name, commit } = await dropRescue(workspace, this.name)
    workspace.around.say(`dropped ${name}`)
    return { text: `${commit}\n`, json: { schema: JSON_SCHEMA, name, commit } }
  }
}
