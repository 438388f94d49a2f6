import { Command, Option } from 'clipanion'
import { ClaimingCommand } from '../cli/claiming-command.ts'
import type { Answer } from '../cli/command.ts'
import { parseDuration } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { taskKey } from '../domain/key.ts'
import { shellWord } from '../domain/shell-word.ts'
import { projectOfTask } from '../flows/projects.ts'
import { runTask } from '../flows/run/run-task.ts'
import type { Workspace } from '../flows/workspace.ts'

export class RunCommand extends ClaimingCommand {
  static override paths = [['run']]

  static override forms = ['[<options>] --task <task> -- <command> [<argument>…]']

  static override usage = Command.Usage({
    description: 'Run a command in the worktree of a task, and hold the task as long as it runs.',
    details: `
      Claims the task as "claim --task" does, runs the command in its worktree, keeps the lock alive
      meanwhile, and releases the task at the end; a session that started here ends, too. With --keep both
      stay. A task that was mine before stays mine.

      The command is not run by a shell. It has this command's stdin, stdout and stderr, and DW_SESSION,
      DW_WORKTREE, DW_TASK, DW_PROJECT, DW_BRANCH and DW_BASE in its environment. SIGINT, SIGTERM and SIGHUP
      are passed on unless it got them itself, as it does Ctrl-C. The exit status is its own: 128 and the
      number of the signal that ended it, 127 when there is no such command, 126 when it cannot be executed.
      A dw.postCreate that does not succeed is exit status 1, and nothing is run.

      When the task is taken meanwhile, or its session is ended by somebody else, the command gets SIGTERM
      and, after dw.runGrace (10s), SIGKILL: exit status 4. What it started itself and left in the
      background is neither waited for nor ended.

      With --json stdout is still the command's alone; what goes wrong is one object on stderr.
    `,
    examples: [
      ['Run an agent on a task', 'git dw run --task fix-login -- claude'],
      ['Wait up to an hour for the task, then test it', 'git dw run --task fix-login --wait=1h -- npm test'],
      ['A line of shell', "git dw run --task docs -- sh -c 'make && make check'"],
    ],
  })

  keep = Option.Boolean('--keep', false, { description: 'Keep the task, and the session, at the end.' })
  words = Option.Rest({ name: 'command' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { task, command } = this.#checked()
    const { name, record } = await projectOfTask(workspace, this.project)
    const { terms, keep, waitLimit } = this
    const key = taskKey(name, task)
    const exit = await runTask(workspace, {
      claim: {
        ...this.session,
        task: key,
        project: name,
        worktree: this.worktreeOptions(record),
        terms,
        steal: false,
        stealing: this.#stealing(task),
      },
      command,
      keep,
      again: this.#again(),
      ...(waitLimit === undefined ? {} : { wait: waitLimit }),
    })
    return { text: '', json: {}, exit }
  }

  /** The task and what follows `--`. */
  #checked(): { task: string; command: readonly [string, ...string[]] } {
    const wrong = (message: string, ...hints: string[]) =>
      new DwError('DW_USAGE', message, { hints: [...hints, 'see: git dw run -h'] })
    const { words } = this.context
    const end = words.includes('--') ? words.indexOf('--') : words.length
    const [program, ...args] = words.slice(end + 1)
    const before = this.words.slice(0, this.words.length - (words.length - Math.min(words.length, end + 1)))
    const [stray] = before
    if (stray !== undefined && parseDuration(stray) !== null && words.includes('--wait')) {
      const said = `"--wait ${stray}": a duration follows --wait after an equals sign`
      throw wrong(said, `write --wait=${stray}`)
    }
    if (stray !== undefined || program === undefined) {
      const meant = before.length > 0 ? before.map(shellWord).join(' ') : '<command>'
      throw wrong('the command to run stands after "--"', `write: git dw run --task <task> -- ${meant}`)
    }
    if (program === '') throw wrong('the command to run is empty')
    if (this.task === undefined) throw wrong('run it for what? Name a --task')
    this.refuseLongReason(wrong)
    return { task: this.task, command: [program, ...args] }
  }

  /** The command as it was given, for hints. */
  #again(): string {
    return `git dw ${this.context.words
      .filter((word, at, all) => word !== '--json' || at > all.indexOf('--'))
      .map(shellWord)
      .join(' ')}`
  }

  /** The claim that steals the task, for the hint of a refusal. */
  #stealing(task: string): string {
    const project = this.project === undefined ? '' : ` --project ${shellWord(this.project)}`
    return `git dw claim --task ${shellWord(task)}${project} --steal -m "<why>"`
  }
}
