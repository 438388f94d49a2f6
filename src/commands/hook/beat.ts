import { Command } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { beatMine } from '../../flows/beat-mine.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { NO_ANSWER } from './no-answer.ts'

/** What the hooks after a change start, without waiting for it, when a heartbeat is due. */
export class HookBeatCommand extends RepositoryCommand {
  static override paths = [['hook', 'beat']]

  static override usage = Command.Usage({ description: 'Keep the session alive.' })

  override get tellsLosses(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    // nobody waits for it, and nobody would read why it could not be written
    if (workspace.settings.hooks)
      await beatMine(workspace, { ...this.session, force: false }).catch(() => undefined)
    return NO_ANSWER
  }
}
