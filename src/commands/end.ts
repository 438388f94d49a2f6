import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { parseKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import { endSession } from '../flows/end-session.ts'
import { showKey } from '../flows/path-key.ts'
import type { Workspace } from '../flows/workspace.ts'
import { JSON_SCHEMA } from '../report/json.ts'
import { damageLines } from '../report/lock-table.ts'

export class EndCommand extends RepositoryCommand {
  static override paths = [['end']]

  static override forms = ['[--force] [<id>]']

  static override usage = Command.Usage({
    description: 'End a session and release all that it holds.',
    details: `
      Ends the session of this place, or the named one. Somebody else's live session is ended only with
      --force, and is told so. Worktrees and branches stay.
    `,
    examples: [['End my session', 'git dw end']],
  })

  force = Option.Boolean('--force', false, { description: "End somebody else's live session." })
  target = Option.String({ name: 'id', required: false })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const target = this.target === undefined ? {} : { target: this.target }
    const { session, released, damaged } = await endSession(workspace, {
      ...this.session,
      ...target,
      force: this.force,
    })
    const locks =
      released.length === 0
        ? ''
        : `; released ${released.map((key) => printable(showKey(workspace, parseKey(key)))).join(', ')}`
    for (const line of damageLines(damaged)) workspace.around.say(line)
    workspace.around.say(`ended ${session}${locks}`)
    return { text: '', json: { schema: JSON_SCHEMA, session, released } }
  }
}
