import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { DwError } from '../domain/error.ts'
import { formatKey, taskKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import { pullRequestUrl, resultDetails, resultStatus, resultSummary } from '../domain/result.ts'
import { namedKeys } from '../flows/named-keys.ts'
import { projectName } from '../flows/projects.ts'
import { type ResultAnswer, recordResult } from '../flows/results/record-result.ts'
import type { Workspace } from '../flows/workspace.ts'
import { JSON_SCHEMA } from '../report/json.ts'
import { narrateRemoval, removalJson } from '../report/removal.ts'

export class RecordResultCommand extends RepositoryCommand {
  static override paths = [['record-result']]

  static override forms = [
    '[<options>] --task <task> --status passed|failed|partial|blocked [--files <path>…]',
  ]

  static override usage = Command.Usage({
    description: 'Record how a task came out, and release it.',
    details: `
      Stores the result of a task that the session holds, with the branch and the commit of its worktree, notes
      the pull request in the session, and releases the task, all in one step. The result stays until the next
      one of that task is recorded. Exit status 1 when the task is not the session's, 4 when it lost it.

      The files are those named, else those that the branch's commits changed since they left the base.

      A task that passed is then claimed only with --again, as long as its branch is not merged. At a
      terminal, its worktree may go at once; it stays unless the answer, or --remove-worktree, says otherwise.
    `,
    examples: [
      [
        'When the pull request is open',
        'git dw record-result --task fix-login --status passed --pr https://example.com/pull/7',
      ],
      [
        'When it cannot go on',
        'git dw record-result --task fix-login --status blocked --summary "no access to the server"',
      ],
    ],
  })

  task = Option.String('--task', { description: 'The task.' })
  project = Option.String('--project', {
    description: 'The project of the task; by default that of this directory.',
  })
  status = Option.String('--status', { description: 'How it came out: passed, failed, partial or blocked.' })
  pr = Option.String('--pr', { description: "The pull request's URL." })
  summary = Option.String('--summary', { description: 'What there is to say; others see it.' })
  files = Option.Array('--files', { description: 'The files that the result is about; more may follow.' })
  removeWorktree = Option.Boolean('--remove-worktree', false, { description: 'Remove its worktree.' })
  keepWorktree = Option.Boolean('--keep-worktree', false, {
    description: 'Keep its worktree without asking.',
  })
  more = Option.Rest({ name: 'path' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const status = resultStatus(this.status)
    this.#refuseNonsense()
    const pr = this.pr === undefined ? {} : { pr: pullRequestUrl(this.pr) }
    const summary = this.summary === undefined ? {} : { summary: resultSummary(this.summary) }
    const task = taskKey(await projectName(workspace, this.project), this.task ?? '')
    const answer = await recordResult(workspace, {
      ...this.session,
      task,
      status,
      ...pr,
      ...summary,
      ...(await this.#files(workspace)),
      ...(this.removeWorktree || this.keepWorktree ? { removeWorktree: this.removeWorktree } : {}),
    })
    this.#narrate(workspace, answer)
    const { result, before, released, removed, kept } = answer
    return {
      text: '',
      json: {
        schema: JSON_SCHEMA,
        result: resultDetails(result),
        before: before === null ? null : resultDetails(before),
        released: released.map(formatKey),
        worktrees: { removed: removed.map(removalJson), kept },
      },
    }
  }

  #refuseNonsense(): void {
    const wrong = (message: string) =>
      new DwError('DW_USAGE', message, { hints: ['see: git dw record-result -h'] })
    if (this.task === undefined) throw wrong('the result of what? Name a --task')
    if (this.removeWorktree && this.keepWorktree) {
      throw wrong('--remove-worktree and --keep-worktree exclude each other')
    }
    if (this.more.length > 0 && this.files === undefined) throw wrong('paths follow --files')
  }

  /** The files that were named, as paths from the top. */
  async #files(workspace: Workspace): Promise<{ readonly files?: readonly string[] }> {
    if (this.files === undefined) return {}
    const { keys } = await namedKeys(workspace, [...this.files, ...this.more])
    const paths = keys.map((key) => {
      if (key.kind === 'path') return formatKey(key)
      throw new DwError('DW_USAGE', `"${formatKey(key)}" is no file`, { hints: ['name paths with --files'] })
    })
    return { files: [...new Set(paths)].sort() }
  }

  #narrate(workspace: Workspace, answer: ResultAnswer): void {
    const { say } = workspace.around
    const { result, uncommitted, released, removed } = answer
    if (uncommitted > 0) {
      const paths = uncommitted === 1 ? '1 path is' : `${uncommitted} paths are`
      say(`${paths} changed in its worktree and not committed: no part of the result`)
    }
    const pr = result.pr === undefined ? '' : `, pull request ${result.pr}`
    const free = released.length === 0 ? 'your project lock stays' : 'released it'
    say(printable(`"${result.task}" ${result.status}${pr}; ${free}`))
    for (const removal of removed) narrateRemoval(say, removal)
  }
}
