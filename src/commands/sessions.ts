import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import type { FirstRead } from '../flows/early-refs.ts'
import { overviewRefs, readOverview } from '../flows/overview.ts'
import type { Workspace } from '../flows/workspace.ts'
import { jsonList } from '../report/json.ts'
import { damageJson, damageLines } from '../report/lock-table.ts'
import { sessionJson, sessionTable } from '../report/session-table.ts'

export class SessionsCommand extends RepositoryCommand {
  static override paths = [['sessions']]

  static override forms = ['[--all]']

  static override usage = Command.Usage({
    description: 'List the sessions.',
    details: `Lists live and expired sessions, the last active first; mine is marked with a star.`,
    examples: [['With those that have ended', 'git dw sessions --all']],
  })

  all = Option.Boolean('--all', false, { description: 'Include sessions that have ended.' })

  override get changes(): boolean {
    return false
  }

  override get firstRead(): FirstRead {
    return ({ claimants }) => ({ refs: overviewRefs(claimants, this.all) })
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { sessions, damaged } = await readOverview(workspace, { ...this.session, ended: this.all })
    for (const line of damageLines(damaged)) this.context.streams.say(line)
    return {
      text: sessionTable(this.context.streams.answerPalette, sessions, workspace.around.now()),
      json: { ...jsonList(sessions.map(sessionJson)), damaged: damaged.map(damageJson) },
    }
  }
}
