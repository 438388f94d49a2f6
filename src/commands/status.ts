import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { formatKey } from '../domain/key.ts'
import type { FirstRead } from '../flows/early-refs.ts'
import { locksHere, myPlace } from '../flows/my-place.ts'
import { overviewRefs, readOverview } from '../flows/overview.ts'
import { showKey } from '../flows/path-key.ts'
import { FROM_AFAR, readRemoteView } from '../flows/remote-view.ts'
import { myResult } from '../flows/results/my-result.ts'
import type { Workspace } from '../flows/workspace.ts'
import { damageLines } from '../report/lock-table.ts'
import { ADVISORY } from '../report/share-text.ts'
import { remoteStatusJson, remoteStatusText, statusJson, statusText } from '../report/status-text.ts'

export class StatusCommand extends RepositoryCommand {
  static override paths = [['status']]

  static override forms = ['[--json]', '--remote <https-url>']

  static override usage = Command.Usage({
    description: 'Show who I am, what I hold, and who else is here.',
    details: `
      Opens with the session that this directory, agent or terminal acts for, and why it is that one; then
      the result of its task, what it holds, what it has lost, and the other sessions with what they hold.
      In its own worktree it shows what is changed or untracked there, and how far it is ahead and behind;
      below the top of a worktree, who holds what around the current directory. Of a long list of keys ten
      are shown, first those that are not live; --json has all.

      With --remote, the sessions of a repository elsewhere, without git and without a clone. A token that
      the server may be shown stands in DW_TOKEN.
    `,
    examples: [
      ['For a script', 'git dw status --json'],
      ['Without a clone', 'git dw status --remote https://example.com/o/r.git'],
    ],
  })

  remote = Option.String('--remote', { description: 'Read the repository at this https URL.' })

  next = Option.Boolean('--next', false, { hidden: true })

  override get tellsLosses(): boolean {
    return false
  }

  override get changes(): boolean {
    return false
  }

  override async answer(): Promise<Answer> {
    return this.remote === undefined ? super.answer() : this.answerFrom(this.remote)
  }

  async answerFrom(url: string): Promise<Answer> {
    const view = await readRemoteView(this.context.around, url, this.session)
    for (const line of [...damageLines(view.damaged), FROM_AFAR]) this.context.streams.say(line)
    return {
      text: remoteStatusText(this.context.streams.answerPalette, view, { show: formatKey, next: false }),
      json: remoteStatusJson(view),
    }
  }

  override get firstRead(): FirstRead {
    return ({ claimants }) => ({ refs: overviewRefs(claimants, false) })
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const overview = await readOverview(workspace, { ...this.session, ended: false })
    const [place, here, { result, damaged }] = await Promise.all([
      myPlace(workspace, overview),
      locksHere(workspace, overview),
      myResult(workspace, overview),
    ])
    const view = { ...overview, place, here, result, damaged: [...overview.damaged, ...damaged] }
    for (const line of damageLines(view.damaged)) this.context.streams.say(line)
    if (workspace.isAdvisory) this.context.streams.say(ADVISORY)
    const show = (holding: Parameters<typeof showKey>[1]) => showKey(workspace, holding)
    const palette = this.context.streams.answerPalette
    const { next } = this
    // of thousands of locks, only what is printed is made
    return {
      get text() {
        return statusText(palette, view, { show, next })
      },
      get json() {
        return statusJson(view)
      },
    }
  }
}
