import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { whoseGround } from '../../flows/hook/whose-ground.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { NO_ANSWER } from './no-answer.ts'

/** What the hooks after a change start where the branch or the worktree may be another session's. */
export class HookAfterCommand extends RepositoryCommand {
  static override paths = [['hook', 'after']]

  static override forms = ['<hook>']

  static override usage = Command.Usage({ description: 'Say whose branch or worktree this is.' })

  hook = Option.String()

  override get tellsLosses(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    // these hooks never fail, and what cannot be told is not told
    const line = await whoseGround(workspace).catch(() => null)
    if (line !== null) workspace.around.say(line)
    return NO_ANSWER
  }
}
