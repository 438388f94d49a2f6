import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { formatKey, lockName, onOneLine } from '../domain/key.ts'
import type { FirstRead } from '../flows/early-refs.ts'
import { keysOf } from '../flows/named-keys.ts'
import { overviewRefs, readOverview } from '../flows/overview.ts'
import { showKey } from '../flows/path-key.ts'
import { FROM_AFAR, placesFromTop, readRemoteView } from '../flows/remote-view.ts'
import type { Workspace } from '../flows/workspace.ts'
import { jsonList } from '../report/json.ts'
import { damageJson, damageLines, lockJson, lockTable } from '../report/lock-table.ts'
import { ADVISORY } from '../report/share-text.ts'

export class LocksCommand extends RepositoryCommand {
  static override paths = [['locks']]

  static override forms = ['[<path>…]', '--remote <https-url> [<path>…]']

  static override usage = Command.Usage({
    description: 'List who holds what.',
    details: `
      Lists all locks, or those on the named paths, above and below them. A lock whose session has been
      silent for longer than its ttl is shown as expired: it can simply be claimed. Pathspecs are taken as
      by git dw claim.

      With --remote, those of a repository elsewhere, without git and without a clone; paths then count
      from its top. A token that the server may be shown stands in DW_TOKEN.
    `,
    examples: [
      ['Who is in src?', 'git dw locks src'],
      ['The same, without a clone', 'git dw locks --remote https://example.com/o/r.git src'],
    ],
  })

  remote = Option.String('--remote', { description: 'Read the repository at this https URL.' })

  keys = Option.Rest({ name: 'path' })

  override get changes(): boolean {
    return false
  }

  override async answer(): Promise<Answer> {
    return this.remote === undefined ? super.answer() : this.answerFrom(this.remote)
  }

  async answerFrom(url: string): Promise<Answer> {
    const names = placesFromTop(this.keys)
    const {
      holdings,
      damaged,
      vantage,
      url: remote,
    } = await readRemoteView(this.context.around, url, this.session)
    const wanted = holdings.filter(
      ({ name }) => names.length === 0 || names.some((asked) => onOneLine(asked, name)),
    )
    for (const line of [...damageLines(damaged), FROM_AFAR]) this.context.streams.say(line)
    const show = (holding: (typeof wanted)[number]) => formatKey(holding.key)
    const items = wanted.map((holding) => lockJson(holding, null, vantage))
    return {
      text: lockTable(this.context.streams.answerPalette, wanted, { me: null, vantage, show }),
      json: { ...jsonList([...items, ...damaged.map(damageJson)]), remote },
    }
  }

  override get firstRead(): FirstRead {
    return ({ claimants }) => ({ refs: overviewRefs(claimants, false) })
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const overview = await readOverview(workspace, { ...this.session, ended: false })
    if (workspace.isAdvisory) this.context.streams.say(ADVISORY)
    const names = (await keysOf(workspace, this.keys)).map(lockName)
    const { ground, identity, damaged } = overview
    const wanted = ground.holdings.filter(
      ({ name }) => names.length === 0 || names.some((asked) => onOneLine(asked, name)),
    )
    const me = identity.who === 'session' ? identity.mine.session.id : null
    const palette = this.context.streams.answerPalette
    const show = (holding: (typeof wanted)[number]) => showKey(workspace, holding.key)
    for (const line of damageLines(damaged)) this.context.streams.say(line)
    // of thousands of locks, only what is printed is made
    return {
      get text() {
        return wanted.length === 0 ? '' : lockTable(palette, wanted, { me, vantage: ground.vantage, show })
      },
      get json() {
        const items = wanted.map((holding) => lockJson(holding, me, ground.vantage))
        return jsonList([...items, ...damaged.map(damageJson)])
      },
    }
  }
}
