import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { renameProject } from '../../flows/register-project.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { projectAnswer } from '../../report/project-change.ts'

export class ProjectRenameCommand extends RepositoryCommand {
  static override paths = [['project', 'rename']]

  static override forms = ['<old> <new>']

  static override usage = Command.Usage({
    description: 'Give a project another name.',
    details: `
      Locks keep the name that they were claimed by, and are told: they are released with --project <old>.
      Until then the new name does not exclude them. No session is needed.
    `,
    examples: [['Call it what everybody calls it', 'git dw project rename web frontend']],
  })

  name = Option.String({ name: 'old' })
  to = Option.String({ name: 'new' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const request = { name: this.name, to: this.to, ...this.session }
    return projectAnswer(workspace.around.say, await renameProject(workspace, request))
  }
}
