import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { beatMine } from '../flows/beat-mine.ts'
import type { FirstRead } from '../flows/early-refs.ts'
import { identityRefs } from '../flows/identity.ts'
import type { Workspace } from '../flows/workspace.ts'
import { JSON_SCHEMA } from '../report/json.ts'

export class HeartbeatCommand extends RepositoryCommand {
  static override paths = [['heartbeat']]

  static override forms = ['[--force]']

  static override usage = Command.Usage({
    description: 'Keep the session and its locks alive.',
    details: `
      Renews the lease of the session and of all its locks. Every command does so as well, at most once per
      dw.heartbeatInterval or a quarter of the shortest ttl; this one is for long work without any.
    `,
    examples: [['From a loop of your own', 'while sleep 600; do git dw heartbeat; done']],
  })

  force = Option.Boolean('--force', false, { description: 'Write it however young the last one is.' })

  override get firstRead(): FirstRead {
    return ({ claimants }) => ({ refs: identityRefs(claimants) })
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { session, outcome } = await beatMine(workspace, { ...this.session, force: this.force })
    const { id, lastActivity } = session
    return {
      text: '',
      json: { schema: JSON_SCHEMA, session: id, written: outcome === 'written', lastActivity },
    }
  }
}
