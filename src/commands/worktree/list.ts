import { Command } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { listWorktreeRows } from '../../flows/worktree/list-worktrees.ts'
import { jsonList } from '../../report/json.ts'
import { worktreeTable } from '../../report/worktree-table.ts'

export class WorktreeListCommand extends RepositoryCommand {
  static override paths = [['worktree', 'list']]

  static override usage = Command.Usage({
    description: 'List the worktrees, and what is in each.',
    details: `
      Shows the task, branch and session of each worktree, what is changed or untracked in it, how far its
      branch is ahead of and behind its upstream (or the base, where it has none), and whether its work is
      merged: by a merge, commit by commit after a rebase, or squashed into one.
    `,
    examples: [['What can go?', 'git dw worktree list']],
  })

  override get changes(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { streams } = this.context
    const table = worktreeTable(streams.answerPalette)
    // on a terminal a row is shown when it is known, not when all are
    const live = streams.isWatched && !this.json
    const rows = await listWorktreeRows(workspace, {
      begun: (starts) => {
        table.begin(starts)
        if (live) streams.answer({ text: table.heading(), json: {} })
      },
      row: (row) => {
        if (live) streams.answer({ text: table.row(row), json: {} })
      },
    })
    const text = live ? '' : `${table.heading()}${rows.map((row) => table.row(row)).join('')}`
    return { text, json: jsonList(rows) }
  }
}
