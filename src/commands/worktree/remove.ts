import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { findWorktree } from '../../flows/worktree/known-worktree.ts'
import { removeWorktree } from '../../flows/worktree/remove-worktree.ts'
import { JSON_SCHEMA } from '../../report/json.ts'
import { narrateRemoval, removalJson } from '../../report/removal.ts'

export class WorktreeRemoveCommand extends RepositoryCommand {
  static override paths = [['worktree', 'remove']]

  static override forms = ['[--project <project>] [--force] <task>']

  static override usage = Command.Usage({
    description: 'Remove the worktree of a task, without losing anything in it.',
    details: `
      Takes a task, a branch or a directory. Refused for the main worktree, one that is locked, one of another
      live session, one that a running process stands in, one with changed or untracked files or something
      under way, and one with commits on no branch. --force lifts the last two: HEAD, index, changed and
      untracked files then are kept in a rescue first, and "git dw rescue restore" brings them back.

      Small ignored files are kept in a rescue in any case; large ignored directories go. The branch stays.
    `,
    examples: [
      ['When the task is done', 'git dw worktree remove fix-login'],
      ['Put aside what is in it', 'git dw worktree remove --force fix-login'],
    ],
  })

  project = Option.String('--project', { description: 'The project of the task; by default the repository.' })
  force = Option.Boolean('--force', false, {
    description: 'Keep uncommitted work and commits on no branch in a rescue, then remove.',
  })
  task = Option.String({ name: 'task' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const worktree = await findWorktree(workspace, this.task, this.project)
    const removal = await removeWorktree(workspace, worktree, { ...this.session, force: this.force })
    narrateRemoval(workspace.around.say, removal)
    return { text: '', json: { schema: JSON_SCHEMA, ...removalJson(removal) } }
  }
}
