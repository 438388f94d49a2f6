import { text } from 'node:stream/consumers'
import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { checkPush } from '../../flows/hook/check-push.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { NO_ANSWER } from './no-answer.ts'

/** What hooks/pre-push starts when another session holds something. */
export class HookPrePushCommand extends RepositoryCommand {
  static override paths = [['hook', 'pre-push']]

  static override forms = ['<remote> <url>']

  static override usage = Command.Usage({ description: 'Check a push against what others hold.' })

  remote = Option.String()

  url = Option.String()

  override async answerIn(workspace: Workspace): Promise<Answer> {
    await checkPush(workspace, { remote: this.remote, url: this.url, lines: await text(this.context.stdin) })
    return NO_ANSWER
  }
}
