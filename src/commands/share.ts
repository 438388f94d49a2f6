import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { DwError } from '../domain/error.ts'
import { share, stopSharing } from '../flows/share.ts'
import { shareStatus } from '../flows/share-status.ts'
import { shareAgain } from '../flows/sync.ts'
import type { Workspace } from '../flows/workspace.ts'
import { shareJson, shareStatusJson, shareStatusText, shareText } from '../report/share-text.ts'
import { syncJson, syncText } from '../report/sync-text.ts'

export class ShareCommand extends RepositoryCommand {
  static override paths = [['share']]

  static override forms = ['[<remote>]', '--status', '--again', '--off']

  static override usage = Command.Usage({
    description: 'Share locks with other clones through a git remote.',
    details: `
      Makes the remote (dw.remote, else origin, else the only one) the arbiter: from now on it decides who
      holds what. Tries out what it can do, says what works there and what does not, and exchanges all
      records. They lie under refs/dw/ there; nothing else of the remote is touched.

      --status tells how it stands. --again puts everything back after the remote lost its records, as a
      new server or a push --mirror does (DW_REMOTE_RESET). --off stops sharing for this clone.
    `,
    examples: [
      ['Share through origin', 'git dw share'],
      ['What is not yet out?', 'git dw share --status'],
    ],
  })

  status = Option.Boolean('--status', false, {
    description: 'Tell how sharing stands; ask the remote nothing.',
  })
  again = Option.Boolean('--again', false, { description: 'Put everything back after the remote lost it.' })
  off = Option.Boolean('--off', false, { description: 'Stop sharing for this clone.' })
  remote = Option.String({ name: 'remote', required: false })

  override get keepsInTouch(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const chosen = [this.status, this.again, this.off, this.remote !== undefined].filter(Boolean)
    if (chosen.length > 1) {
      throw new DwError('DW_USAGE', 'share takes a remote, or one of --status, --again and --off', {
        hints: ['see: git dw share -h'],
      })
    }
    if (this.status) return this.#status(workspace)
    if (this.off) return this.#off(workspace)
    if (this.again) return this.#again(workspace)
    const answer = await share(workspace, this.remote)
    return { text: shareText(answer), json: shareJson(answer) }
  }

  async #status(workspace: Workspace): Promise<Answer> {
    const status = await shareStatus(workspace)
    return { text: shareStatusText(status, workspace.around.now()), json: shareStatusJson(status) }
  }

  async #again(workspace: Workspace): Promise<Answer> {
    const { again, report } = await shareAgain(workspace)
    workspace.around.say(again ? 'put back what this clone knows' : 'nothing was lost at the remote')
    return { text: syncText(report), json: syncJson(report) }
  }

  async #off(workspace: Workspace): Promise<Answer> {
    await stopSharing(workspace)
    const status = { ...(await shareStatus(workspace)), sharing: false }
    return { text: shareStatusText(status, workspace.around.now()), json: shareStatusJson(status) }
  }
}
