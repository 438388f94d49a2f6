import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { DwError } from '../domain/error.ts'
import { migrateOnInit } from '../flows/migrate/on-init.ts'
import { pickSession } from '../flows/pick-session.ts'
import { resumeSession } from '../flows/resume-session.ts'
import { initSession, startSession } from '../flows/start-session.ts'
import type { Workspace } from '../flows/workspace.ts'
import { initMigrationJson, initMigrationLines } from '../report/init-migration.ts'
import { resumedAnswer, startedAnswer } from '../report/session-answer.ts'

export class InitCommand extends RepositoryCommand {
  static override paths = [['init']]

  static override forms = ['[--project <project>] [--new | --resume <id> [--takeover]]']

  static override usage = Command.Usage({
    description: 'Begin: go on with the session of this place, or start one.',
    details: `
      At a terminal, shows the sessions that there are, to pick one by arrow keys or by typing a part of it, or
      to start a new one; where several projects are registered, its project is asked for. Elsewhere, with --json or in CI, nothing is asked: the session that this directory,
      agent or terminal is bound to is gone on with; where there is none, a new one is started and bound.
      Prints the session's id.

      Where an older dw has left its files in the repository, they are brought over first: git dw migrate.
    `,
    examples: [
      ['Start anew, whatever is bound here', 'git dw init --new'],
      ['Go on with another one', 'git dw init --resume SESS-7K'],
    ],
  })

  fresh = Option.Boolean('--new', false, { description: 'Start a new session and bind this place to it.' })
  resume = Option.String('--resume', { description: 'Go on with this session.' })
  takeover = Option.Boolean('--takeover', false, {
    description: 'With --resume: take it from where it is used now.',
  })
  project = Option.String('--project', { description: 'The project that a new session works on.' })

  override async answerIn(workspace: Workspace): Promise<Answer> {
    if (this.fresh && this.resume !== undefined) {
      throw new DwError('DW_USAGE', '--new and --resume exclude each other', {
        hints: ['see: git dw init -h'],
      })
    }
    if (this.takeover && this.resume === undefined) {
      throw new DwError('DW_USAGE', '--takeover goes with --resume', { hints: ['see: git dw init -h'] })
    }
    const migrations = await migrateOnInit(workspace)
    initMigrationLines(migrations).forEach(workspace.around.say)
    const answer = await this.#begin(workspace)
    return { ...answer, json: { ...answer.json, ...initMigrationJson(migrations) } }
  }

  async #begin(workspace: Workspace): Promise<Answer> {
    const project = this.project === undefined ? {} : { project: this.project }
    if (this.resume !== undefined) {
      return resumedAnswer(
        workspace.around.say,
        await resumeSession(workspace, { target: this.resume, takeover: this.takeover }),
      )
    }
    const { ask, say } = workspace.around
    if (ask !== null && !this.fresh && this.sessionOption === undefined) {
      const answer = await pickSession(workspace, ask, project)
      return answer.picked === 'new' ? startedAnswer(say, answer.start) : resumedAnswer(say, answer.resumed)
    }
    const answer = this.fresh
      ? await startSession(workspace, { ...project, rebind: true })
      : await initSession(workspace, { ...project, ...this.session })
    return startedAnswer(workspace.around.say, answer)
  }
}
