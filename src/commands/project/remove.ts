import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { removeProject } from '../../flows/register-project.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { projectAnswer } from '../../report/project-change.ts'

export class ProjectRemoveCommand extends RepositoryCommand {
  static override paths = [['project', 'remove']]

  static override forms = ['<name>']

  static override usage = Command.Usage({
    description: 'Take a project out of the list.',
    details: `
      Its directory, worktrees and branches stay, and so do its locks, which are told: they are released as
      ever, with --project naming the project. No session is needed.
    `,
    examples: [['Forget a project', 'git dw project remove web']],
  })

  name = Option.String({ name: 'name' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const request = { name: this.name, ...this.session }
    return projectAnswer(workspace.around.say, await removeProject(workspace, request))
  }
}
