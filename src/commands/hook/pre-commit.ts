import { Command } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { checkCommit } from '../../flows/hook/check-commit.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { NO_ANSWER } from './no-answer.ts'

/** What hooks/pre-commit starts when `dw.preCommit` is on. */
export class HookPreCommitCommand extends RepositoryCommand {
  static override paths = [['hook', 'pre-commit']]

  static override usage = Command.Usage({ description: 'Check a commit against what others hold.' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    await checkCommit(workspace)
    return NO_ANSWER
  }
}
