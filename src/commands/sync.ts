import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { sync } from '../flows/sync.ts'
import { syncJson, syncText } from '../report/sync-text.ts'

export class SyncCommand extends RepositoryCommand {
  static override paths = [['sync']]

  static override forms = ['[--json]']

  static override usage = Command.Usage({
    description: 'Exchange sessions and locks with the remote that they are shared through.',
    details: `
      Gets what others did and sends what this clone did by itself: heartbeats, new sessions, releases and
      claims made offline. Where both changed the same lock, the remote's counts, and the lock that was
      lost is named. Claims and releases go to the remote by themselves; this is for all the rest.
    `,
    examples: [['Exchange now', 'git dw sync']],
  })

  background = Option.Boolean('--background', false, { hidden: true })

  override get keepsInTouch(): boolean {
    return false
  }

  override async answerIn(workspace: Parameters<typeof sync>[0]): Promise<Answer> {
    const report = await sync(workspace, { waits: !this.background })
    return { text: syncText(report), json: syncJson(report) }
  }
}
