import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { resumeSession } from '../flows/resume-session.ts'
import type { Workspace } from '../flows/workspace.ts'
import { resumedAnswer } from '../report/session-answer.ts'

export class ResumeCommand extends RepositoryCommand {
  static override paths = [['resume']]

  static override forms = ['[--takeover] <id>']

  static override usage = Command.Usage({
    description: 'Go on with a session: bind this agent or terminal to it.',
    details: `
      Takes a session's id, or the start of it that fits no other. One that looks alive elsewhere is taken
      only with --takeover; its other side is told at its next command.
    `,
    examples: [['By the start of its id', 'git dw resume 7K']],
  })

  takeover = Option.Boolean('--takeover', false, {
    description: 'Take the session from where it is used now.',
  })
  target = Option.String({ name: 'id' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const answer = await resumeSession(workspace, { target: this.target, takeover: this.takeover })
    return resumedAnswer(workspace.around.say, answer)
  }
}
