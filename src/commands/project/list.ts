import { Command } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { listProjects } from '../../flows/list-projects.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { damageLines } from '../../report/lock-table.ts'
import { projectsJson, projectTable } from '../../report/project-table.ts'

export class ProjectListCommand extends RepositoryCommand {
  static override paths = [['project', 'list']]

  static override forms = ['[--json]']

  static override usage = Command.Usage({
    description: 'List the projects, and who holds them.',
    details: `
      Shows each registered project, and the default one, with the number of its tasks that are claimed and
      who holds the project as a whole. The project of this directory is marked with "*".
    `,
    examples: [['For a script', 'git dw project list --json']],
  })

  override get changes(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const list = await listProjects(workspace, this.sessionOption)
    for (const line of damageLines(list.damaged)) this.context.streams.say(line)
    return { text: projectTable(this.context.streams.answerPalette, list), json: projectsJson(list) }
  }
}
