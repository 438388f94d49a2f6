import { Command } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { listRescues } from '../../flows/rescue/list-rescues.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { jsonList } from '../../report/json.ts'
import { rescueJson, rescueTable } from '../../report/rescue-table.ts'

export class RescueListCommand extends RepositoryCommand {
  static override paths = [['rescue', 'list']]

  static override usage = Command.Usage({
    description: 'List what was kept of removed worktrees.',
    details: `
      A rescue holds what a worktree contained when it was removed. It is a commit of this clone and is never
      pushed.
    `,
    examples: [['What was kept?', 'git dw rescue list']],
  })

  override get changes(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const rescues = await listRescues(workspace)
    return {
      text: rescueTable(this.context.streams.answerPalette, rescues, workspace.around.now()),
      json: jsonList(rescues.map(rescueJson)),
    }
  }
}
