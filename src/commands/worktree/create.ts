import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { taskKey } from '../../domain/key.ts'
import { printable } from '../../domain/printable.ts'
import { projectOfTask } from '../../flows/projects.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { createWorktree } from '../../flows/worktree/create-worktree.ts'
import { claimJson } from '../../report/claim-json.ts'

export class WorktreeCreateCommand extends RepositoryCommand {
  static override paths = [['worktree', 'create']]

  static override forms = ['[--project <project>] [--base <commit>] [--branch <branch>] [--adopt] <task>']

  static override usage = Command.Usage({
    description: 'Make the worktree of a task that the session holds, and print its path.',
    details: `
      For a task that was claimed with --no-worktree, or whose worktree was removed. Whoever does not hold the
      task claims it, which makes the worktree, too: git dw claim --task.
    `,
    examples: [['Work on it after all', 'cd "$(git dw worktree create fix-login)"']],
  })

  project = Option.String('--project', { description: 'The project of the task; by default the repository.' })
  base = Option.String('--base', { description: 'Start a new branch at this commit (dw.base).' })
  branch = Option.String('--branch', { description: 'Use this branch, new or existing (dw.branch).' })
  adopt = Option.Boolean('--adopt', false, {
    description: 'Go on in a worktree of the branch that is there.',
  })
  task = Option.String({ name: 'task' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { base, branch, adopt } = this
    const { name, record } = await projectOfTask(workspace, this.project)
    const { answer, problem } = await createWorktree(workspace, {
      ...this.session,
      task: taskKey(name, this.task),
      claim: `CLAIM-${workspace.around.randomWord()}`,
      worktree: {
        adopt,
        ...(record === undefined ? {} : { project: record }),
        ...(base === undefined ? {} : { base }),
        ...(branch === undefined ? {} : { branch }),
      },
    })
    const told = { text: `${printable(answer.worktree?.path ?? '')}\n`, json: claimJson(answer) }
    if (problem === undefined) return told
    // the worktree is there, and where it is is told all the same
    this.context.streams.answer(told)
    throw problem
  }
}
