import { text } from 'node:stream/consumers'
import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { checkPush, type EarlyPaths, startPaths } from '../../flows/hook/check-push.ts'
import { type PushedRef, parsePushedRefs } from '../../flows/hook/pushed-refs.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { NO_ANSWER } from './no-answer.ts'

/** What hooks/pre-push starts when another session holds something. */
export class HookPrePushCommand extends RepositoryCommand {
  static override paths = [['hook', 'pre-push']]

  static override forms = ['<remote> <url>']

  static override usage = Command.Usage({ description: 'Check a push against what others hold.' })

  remote = Option.String()

  url = Option.String()

  #push: { readonly refs: readonly PushedRef[]; readonly early: EarlyPaths } | undefined

  override async answer(): Promise<Answer> {
    const refs = parsePushedRefs(await text(this.context.stdin))
    this.#push = { refs, early: startPaths(this.context.around, this.remote, refs) }
    return super.answer()
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    if (this.#push === undefined) throw new Error('a push is read before it is checked')
    await checkPush(workspace, { remote: this.remote, url: this.url, ...this.#push })
    return NO_ANSWER
  }
}
