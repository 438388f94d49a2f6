import { Command, Option } from 'clipanion'
import { type ErrorCode, EXIT_STATUS } from '../domain/error.ts'
import type { Key } from '../domain/key.ts'
import { syncInBackground } from '../flows/background-sync.ts'
import type { FirstRead } from '../flows/early-refs.ts'
import { showKey } from '../flows/path-key.ts'
import { openWorkspace, type Workspace } from '../flows/workspace.ts'
import type { DwContext } from './context.ts'

/** What a command answers: text on stdout, or one JSON object with `--json`. */
export interface Answer {
  readonly text: string
  readonly json: object
  /** The exit status as the error code that has it; 0 without one. */
  readonly status?: ErrorCode
  /** The exit status of a program that the user had run: stdout was its own, and nothing is written. */
  readonly exit?: number
}

/** The base of every command: parse, call a flow, render. */
export abstract class DwCommand extends Command<DwContext> {
  /** What follows the command's name, one line a form, as its synopsis shows it. */
  static forms: readonly string[] = ['']

  json = Option.Boolean('--json', false, { description: 'Print one JSON object instead of text.' })

  /** The command's work. Errors that a user can meet are thrown as DwError. */
  abstract answer(): Promise<Answer>

  override async execute(): Promise<number> {
    if (this.json) this.context.streams.useJson()
    const answer = await this.answer()
    if (answer.exit !== undefined) return answer.exit
    this.context.streams.answer(answer)
    return answer.status === undefined ? 0 : EXIT_STATUS[answer.status]
  }
}

/** A command that works on a repository and may be told whom it acts for. */
export abstract class RepositoryCommand extends DwCommand {
  sessionOption = Option.String('--session', {
    description: 'Act for this session: its id, or the start of it that fits no other.',
  })

  override async answer(): Promise<Answer> {
    const workspace = await openWorkspace(
      this.context.around,
      this.sessionOption === undefined ? this.firstRead : undefined,
    )
    this.context.streams.useColour(workspace.settings.colour)
    if (this.changes) workspace.settings.checkDurations()
    const show = (key: Key) => showKey(workspace, key)
    const say = (error?: unknown) => {
      for (const line of workspace.losses.lines(workspace.around.now(), show, error))
        workspace.around.say(line)
    }
    try {
      const answer = await this.answerIn(workspace)
      if (this.tellsLosses) say()
      return answer
    } catch (error) {
      say(error)
      throw error
    } finally {
      if (this.keepsInTouch) await syncInBackground(workspace)
    }
  }

  /** Whether a sync may be started after this command. */
  get keepsInTouch(): boolean {
    return true
  }

  /** Whether what the session has lost is narrated; not where the answer shows it. */
  get tellsLosses(): boolean {
    return true
  }

  /** Whether the command changes state: then bad settings are refused before it does. */
  get changes(): boolean {
    return true
  }

  /** What the command reads first, where that can be known before the repository is: it is then read at once. */
  get firstRead(): FirstRead | undefined {
    return undefined
  }

  abstract answerIn(workspace: Workspace): Promise<Answer>

  /** `--session` for a flow's request. */
  get session(): { readonly session?: string } {
    return this.sessionOption === undefined ? {} : { session: this.sessionOption }
  }
}
