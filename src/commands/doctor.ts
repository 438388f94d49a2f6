import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { examine } from '../flows/doctor/examine.ts'
import type { Workspace } from '../flows/workspace.ts'
import { findingsText } from '../report/findings.ts'
import { jsonList } from '../report/json.ts'

export class DoctorCommand extends RepositoryCommand {
  static override paths = [['doctor']]

  static override forms = ['[--fix]']

  static override usage = Command.Usage({
    description: 'Look for what is wrong, say what it means and what to do.',
    details: `
      Looks at versions, at who you are, at records that cannot be read or are newer, at locks that nobody
      holds, clocks, lock files of a killed git, bindings and stamps that lead nowhere, worktrees that were
      moved, deleted or never finished, and refspecs with which a fetch or push would touch refs/dw.

      Exit status 1 when something is wrong; warnings alone are 0. With --fix what is safe is put right: lock
      files under refs/dw, locks that nobody holds, bindings to sessions that have ended, what killed commands
      left behind. Records that cannot be read, worktrees and the configuration stay as they are.
    `,
    examples: [
      ['What is wrong?', 'git dw doctor'],
      ['Put right what can be', 'git dw doctor --fix'],
    ],
  })

  fix = Option.Boolean('--fix', false, { description: 'Put right what is safe, and say what was done.' })

  override get changes(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const findings = await examine(workspace, { ...this.session, fix: this.fix })
    const isWrong = findings.some(({ state }) => state === 'wrong')
    return {
      text: findingsText(this.context.streams.answerPalette, findings),
      json: jsonList(findings),
      // the answer to "is all well?" is no
      ...(isWrong ? { status: 'DW_NOT_FOUND' as const } : {}),
    }
  }
}
