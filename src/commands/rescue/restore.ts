import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { printable } from '../../domain/printable.ts'
import { countOf } from '../../domain/rescue.ts'
import { restoreRescue } from '../../flows/rescue/restore-rescue.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { JSON_SCHEMA } from '../../report/json.ts'

export class RescueRestoreCommand extends RepositoryCommand {
  static override paths = [['rescue', 'restore']]

  static override forms = ['[--path <directory>] <name>']

  static override usage = Command.Usage({
    description: 'Bring a rescue back into a new worktree, and print its path.',
    details: `
      HEAD, index, changed and untracked files come back byte for byte and with their modes, and so does a
      merge or rebase that was under way. Where the branch has moved since, or is checked out elsewhere, HEAD
      is detached at the commit that it was at. The rescue stays until it is dropped.
    `,
    examples: [['Go on where it was put aside', 'cd "$(git dw rescue restore fix-login)"']],
  })

  directory = Option.String('--path', { description: 'Where to make the worktree; by default where it was.' })
  name = Option.String({ name: 'name' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const path = this.directory === undefined ? {} : { path: this.directory }
    const answer = await restoreRescue(workspace, { name: this.name, ...path })
    const { say } = workspace.around
    say(`restored ${countOf(answer.rescue)}`)
    if (answer.detached !== undefined) say(`HEAD is detached: ${answer.detached}`)
    return {
      text: `${printable(answer.path)}\n`,
      json: { schema: JSON_SCHEMA, name: answer.name, path: answer.path, branch: answer.branch },
    }
  }
}
