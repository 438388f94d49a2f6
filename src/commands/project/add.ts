import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../../cli/command.ts'
import { DwError } from '../../domain/error.ts'
import { addProject } from '../../flows/register-project.ts'
import type { Workspace } from '../../flows/workspace.ts'
import { projectAnswer } from '../../report/project-change.ts'

export class ProjectAddCommand extends RepositoryCommand {
  static override paths = [['project', 'add']]

  static override forms = [
    '<name> --path <dir> [--base <commit>] [--branch <template>]',
    '<name> --path <dir> --replace [--no-base] [--no-branch] [<options>]',
  ]

  static override usage = Command.Usage({
    description: 'Register a directory as a project.',
    details: `
      In that directory, commands then work on this project unless --project names another; where projects
      lie in one another, the deepest counts. A worktree for a task of the project starts at --base and is
      on the branch that --branch gives; what is not given here is left to dw.base and dw.branch.

      A directory has one project, and may not exist yet. The same once more is no error; other values for
      a name that is registered want --replace. The base and the branch that it has stay unless others are
      given, or --no-base or --no-branch. No session is needed; locks of that name stay as they are.
    `,
    examples: [
      ['A part of the repository', 'git dw project add web --path packages/web'],
      [
        'With branches of its own',
        'git dw project add web --path packages/web --base origin/next --branch web/{task}',
      ],
    ],
  })

  name = Option.String({ name: 'name' })
  directory = Option.String('--path', { description: 'The directory; "." is the current one.' })
  base = Option.String('--base', { description: 'Start new branches of its tasks at this commit.' })
  branch = Option.String('--branch', {
    description: 'The branch of a task: a template with {task} and {project}.',
  })
  noBase = Option.Boolean('--no-base', false, { description: 'With --replace: leave that to dw.base.' })
  noBranch = Option.Boolean('--no-branch', false, { description: 'With --replace: leave that to dw.branch.' })
  replace = Option.Boolean('--replace', false, { description: 'Change the project that has this name.' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { name, directory: path, base, branch, replace, noBase, noBranch } = this
    if (path === undefined) {
      throw new DwError('DW_USAGE', `which directory is "${name}"? Name it with --path`, {
        hints: ['see: git dw project add -h'],
      })
    }
    if ((noBase && base !== undefined) || (noBranch && branch !== undefined)) {
      const option = noBase && base !== undefined ? 'base' : 'branch'
      throw new DwError('DW_USAGE', `--${option} and --no-${option} contradict each other`, {
        hints: ['leave one of them out'],
      })
    }
    const unset = [...(noBase ? ['base' as const] : []), ...(noBranch ? ['branch' as const] : [])]
    const request = {
      unset,
      name,
      path,
      replace,
      ...this.session,
      ...(base === undefined ? {} : { base }),
      ...(branch === undefined ? {} : { branch }),
    }
    return projectAnswer(workspace.around.say, await addProject(workspace, request))
  }
}
