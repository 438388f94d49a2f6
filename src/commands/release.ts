import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { DwError } from '../domain/error.ts'
import { formatKey, type Key, projectKey, taskKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import type { FirstRead } from '../flows/early-refs.ts'
import { namedKeys, plainKeys } from '../flows/named-keys.ts'
import { showKey } from '../flows/path-key.ts'
import { projectName, taskProjectRefs } from '../flows/projects.ts'
import { type ReleaseRequest, releaseKeys, releaseRefs } from '../flows/release.ts'
import type { Workspace } from '../flows/workspace.ts'
import { JSON_SCHEMA } from '../report/json.ts'
import { damageLines } from '../report/lock-table.ts'

export class ReleaseCommand extends RepositoryCommand {
  static override paths = [['release']]

  static override forms = [
    '[--session <id>] [--task <task>] [--project <project>] [<key>…]',
    '[--session <id>] --all',
  ]

  static override usage = Command.Usage({
    description: 'Give up what the session holds.',
    details: `
      Releases the named keys, or all of them, and prints them. What is not the session's is reported and
      left as it is: exit status 1, or 4 when the session has lost it. Worktrees and branches stay.
      Pathspecs are taken as by git dw claim; of the files that they fit, those that the session holds are
      released.

      With --project alone, gives back the project and its directory, which go together.
    `,
    examples: [
      ['Release a task', 'git dw release --task fix-login'],
      ['Release everything', 'git dw release --all'],
    ],
  })

  task = Option.String('--task', { description: 'The task to release.' })
  project = Option.String('--project', {
    description: 'The project of the task, or the project to release; by default that of this directory.',
  })
  all = Option.Boolean('--all', false, { description: 'Release all that the session holds.' })
  keys = Option.Rest({ name: 'key' })

  override get firstRead(): FirstRead {
    return async ({ claimants, place }) => {
      const { task, project } = this
      if (this.all) return { refs: releaseRefs(claimants, 'all') }
      if (task !== undefined && project === undefined) return { refs: taskProjectRefs() }
      const keys = await plainKeys(place, this.keys)
      return keys === null ? null : { refs: releaseRefs(claimants, [...this.#options(project), ...keys]) }
    }
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const what = await this.#what(workspace)
    const answer = await releaseKeys(workspace, { ...this.session, ...what })
    for (const line of damageLines(answer.damaged)) this.context.streams.say(line)
    const text = answer.released.map((key) => `${printable(showKey(workspace, key))}\n`).join('')
    const json = { schema: JSON_SCHEMA, session: answer.session.id, released: answer.released.map(formatKey) }
    if (answer.problem === undefined) return { text, json }
    // what was released is told all the same
    if (answer.released.length > 0) this.context.streams.answer({ text, json })
    throw answer.problem
  }

  async #what(workspace: Workspace): Promise<Pick<ReleaseRequest, 'keys' | 'expanded'>> {
    const { task, project } = this
    const named = this.keys.length > 0 || task !== undefined || project !== undefined
    if (this.all === named) {
      throw new DwError('DW_USAGE', 'release what? Name keys, a --task, a --project, or --all', {
        hints: ['see: git dw release -h'],
      })
    }
    if (this.all) return { keys: 'all' }
    const options = this.#options(task === undefined ? project : await projectName(workspace, project))
    const { keys, expanded } = await namedKeys(workspace, this.keys)
    return { keys: [...options, ...keys], expanded }
  }

  /** The key that the options name, where `project` is the one that they mean. */
  #options(project: string | undefined): Key[] {
    if (project === undefined) return []
    return [this.task === undefined ? projectKey(project) : taskKey(project, this.task)]
  }
}
