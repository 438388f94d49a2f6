import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { cleanUp } from '../flows/cleanup/cleanup.ts'
import type { Workspace } from '../flows/workspace.ts'
import { cleanupJson, cleanupText } from '../report/cleanup-text.ts'
import { jsonList } from '../report/json.ts'
import { narrateRemoval } from '../report/removal.ts'

export class CleanupCommand extends RepositoryCommand {
  static override paths = [['cleanup']]

  static override forms = ['[--dry-run] [--prune] [--merged]']

  static override usage = Command.Usage({
    description: 'Tidy up what has expired, and what ended long ago.',
    details: `
      Ends sessions that have been silent for too long and releases what they held, and releases locks that
      have expired; whoever comes back is told. Drops sessions that ended, their logs, and rescues when they
      have been kept for dw.retention (30d), and what this clone still remembers for nobody. Nothing live is
      touched, records that cannot be read are named and stay, and results of tasks are kept.

      Lists the worktrees of claims that nobody works on any more. --prune removes those with nothing in them
      that could be lost, as "git dw worktree remove" judges it; --merged, of those, only the ones whose
      branch is merged. Branches stay.

      Says what and why, one line each. Needs no session.
    `,
    examples: [
      ['What would go?', 'git dw cleanup --dry-run --prune'],
      ['Tidy up, merged worktrees included', 'git dw cleanup --merged'],
    ],
  })

  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would be done, and change nothing.' })
  prune = Option.Boolean('--prune', false, {
    description: 'Remove worktrees that nobody works on and nothing is lost with.',
  })
  merged = Option.Boolean('--merged', false, {
    description: 'Remove those of them whose branch is merged.',
  })

  override get changes(): boolean {
    return !this.dryRun
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { dryRun, prune, merged } = this
    const { items, removed } = await cleanUp(workspace, { ...this.session, dryRun, prune, merged })
    const { say } = workspace.around
    for (const removal of removed) narrateRemoval(say, removal)
    if (items.length === 0) say('there is nothing to tidy up')
    else if (dryRun) say('nothing was changed')
    return {
      text: cleanupText(this.context.streams.answerPalette, items, dryRun),
      json: jsonList(items.map(cleanupJson)),
    }
  }
}
