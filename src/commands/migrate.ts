import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { DwError } from '../domain/error.ts'
import { migrate, stoppedBy } from '../flows/migrate/migrate.ts'
import { undoMigration } from '../flows/migrate/undo.ts'
import type { Workspace } from '../flows/workspace.ts'
import {
  migrationJson,
  migrationNarration,
  migrationText,
  undoJson,
  undoNarration,
  undoText,
} from '../report/migration-text.ts'

export class MigrateCommand extends RepositoryCommand {
  static override paths = [['migrate']]

  static override forms = ['[<state-dir>] [--dry-run] [--partial]', '[<state-dir>] --undo [--dry-run]']

  static override usage = Command.Usage({
    description: 'Bring over the sessions and locks of an older, file-based dw.',
    details: `
      Reads what versions 1 and 2 kept in a state directory: by default "state" or ".dw" at the top of the
      main worktree, or what dw.legacyState names. Sessions keep their ids, active locks the time that they
      have left, and the audit log becomes the sessions' logs; worktrees that git lists are adopted, and
      projects in this repository are registered. What belongs to other repositories is listed with the
      command to give there. The old files stay as they are.

      All of it comes over or nothing. Entries that are damaged or contradict each other are named with their
      file and reason, and stop it; --partial leaves them and brings over the rest. A second run does
      nothing. --undo removes exactly what was made, as long as nothing of it was changed since.

      "git dw init" does this by itself once, where such a directory lies in the repository. Not while locks
      are shared.
    `,
    examples: [
      ['What would come over?', 'git dw migrate --dry-run'],
      ['Bring over what is sound', 'git dw migrate --partial'],
      ['From a directory elsewhere', 'git dw migrate ~/dev-workspace/state'],
    ],
  })

  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would be done, and change nothing.' })
  partial = Option.Boolean('--partial', false, {
    description: 'Leave damaged entries, and bring over the rest.',
  })
  undo = Option.Boolean('--undo', false, { description: 'Remove what a migration made.' })
  state = Option.String({ name: 'state-dir', required: false })

  override get changes(): boolean {
    return !this.dryRun
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { dryRun, partial } = this
    const { say } = workspace.around
    const palette = this.context.streams.answerPalette
    const state = this.state === undefined ? {} : { state: this.state }
    if (this.undo) {
      if (partial) {
        throw new DwError('DW_USAGE', '--undo takes back all of it, so it does not go with --partial', {
          hints: ['see: git dw migrate -h'],
        })
      }
      const undone = await undoMigration(workspace, { ...state, dryRun })
      undoNarration(undone).forEach(say)
      return { text: undoText(palette, undone), json: undoJson(undone) }
    }
    const answer = await migrate(workspace, { ...state, dryRun, partial })
    const told = { text: migrationText(palette, answer), json: migrationJson(answer) }
    migrationNarration(answer).forEach(say)
    if (answer.outcome !== 'stopped') return told
    // what is wrong with each entry is the answer all the same
    this.context.streams.answer(told)
    throw stoppedBy(answer)
  }
}
