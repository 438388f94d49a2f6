import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { DwError } from '../domain/error.ts'
import { parseKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import { leaveSession } from '../flows/leave-session.ts'
import { showKey } from '../flows/path-key.ts'
import type { Workspace } from '../flows/workspace.ts'
import { JSON_SCHEMA } from '../report/json.ts'
import { damageLines } from '../report/lock-table.ts'
import { narrateRemoval, removalJson } from '../report/removal.ts'

export class EndCommand extends RepositoryCommand {
  static override paths = [['end']]

  static override forms = ['[--force] [--remove-worktree | --keep-worktree] [<id>]']

  static override usage = Command.Usage({
    description: 'End a session and release all that it holds.',
    details: `
      Ends the session of this place, or the named one, and releases what it holds. Work in its worktree that
      is not committed, or not pushed, is named; then a terminal is asked, and elsewhere --force is wanted.
      Somebody else's live session is ended only with --force, and is told so.

      The worktree stays unless --remove-worktree says otherwise, or the answer at a terminal; its branch stays.
    `,
    examples: [['End my session', 'git dw end']],
  })

  force = Option.Boolean('--force', false, {
    description: "End it in spite of unpushed work, and somebody else's live session.",
  })
  removeWorktree = Option.Boolean('--remove-worktree', false, { description: 'Remove its worktree, too.' })
  keepWorktree = Option.Boolean('--keep-worktree', false, {
    description: 'Keep its worktree without asking.',
  })
  target = Option.String({ name: 'id', required: false })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const target = this.target === undefined ? {} : { target: this.target }
    if (this.removeWorktree && this.keepWorktree) {
      throw new DwError('DW_USAGE', '--remove-worktree and --keep-worktree exclude each other', {
        hints: ['see: git dw end -h'],
      })
    }
    const { session, released, damaged, removed, kept } = await leaveSession(workspace, {
      ...this.session,
      ...target,
      force: this.force,
      ...(this.removeWorktree || this.keepWorktree ? { removeWorktree: this.removeWorktree } : {}),
    })
    const locks =
      released.length === 0
        ? ''
        : `; released ${released.map((key) => printable(showKey(workspace, parseKey(key)))).join(', ')}`
    for (const line of damageLines(damaged)) workspace.around.say(line)
    workspace.around.say(`ended ${session}${locks}`)
    for (const removal of removed) narrateRemoval(workspace.around.say, removal)
    const worktrees = { removed: removed.map(removalJson), kept }
    return { text: '', json: { schema: JSON_SCHEMA, session, released, worktrees } }
  }
}
