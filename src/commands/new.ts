import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { chooseProject } from '../flows/choose-project.ts'
import { startSession } from '../flows/start-session.ts'
import type { Workspace } from '../flows/workspace.ts'
import { startedAnswer } from '../report/session-answer.ts'

export class NewCommand extends RepositoryCommand {
  static override paths = [['new']]

  static override forms = ['[--project <project>]']

  static override usage = Command.Usage({
    description: 'Start a new session and print its id.',
    details: `
      This agent or terminal is bound to it, unless it acts for another live session: then that stays, and
      the new one is for whoever gets its id, such as a subagent. At a terminal, where several projects
      are registered and --project names none, the project is asked for.
    `,
    examples: [['Give a script or a subagent a session of its own', 'export DW_SESSION=$(git dw new)']],
  })

  project = Option.String('--project', { description: 'The project that the session works on.' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { ask } = workspace.around
    const chosen = this.project ?? (ask === null ? undefined : await chooseProject(workspace, ask))
    const project = chosen === undefined ? {} : { project: chosen }
    return startedAnswer(workspace.around.say, await startSession(workspace, { ...project, rebind: false }))
  }
}
