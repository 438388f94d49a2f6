import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { parseDuration } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import { readLog } from '../flows/read-log.ts'
import type { Workspace } from '../flows/workspace.ts'
import { jsonList } from '../report/json.ts'
import { damageJson, damageLines } from '../report/lock-table.ts'
import { eventJson, eventTable } from '../report/log-table.ts'

export class LogCommand extends RepositoryCommand {
  static override paths = [['log']]

  static override forms = ['[--session <id>] [--since <time>]']

  static override usage = Command.Usage({
    description: 'Show what the sessions did, in one order.',
    details: `
      Lists the events of all sessions, the oldest first: started, claimed, released, stole, took over, ended.
      With --session, those of one session and what others did to it. --since takes a duration, like 2h, or a
      date. Each session keeps its last 500 events.
    `,
    examples: [
      ['What happened in the last hour?', 'git dw log --since 1h'],
      ['What became of a session?', 'git dw log --session 7K'],
    ],
  })

  since = Option.String('--since', { description: 'Only from then on: a duration like 2h, or a date.' })

  override get changes(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const now = workspace.around.now()
    const { events, damaged } = await readLog(workspace, {
      ...(this.sessionOption === undefined ? {} : { of: this.sessionOption }),
      ...(this.since === undefined ? {} : { since: timeOf(this.since, now) }),
    })
    for (const line of damageLines(damaged)) this.context.streams.say(line)
    return {
      text: eventTable(this.context.streams.answerPalette, events, now),
      json: { ...jsonList(events.map(eventJson)), damaged: damaged.map(damageJson) },
    }
  }
}

/** The time that `text` names, in milliseconds since the epoch: a duration before `now`, or a date. */
function timeOf(text: string, now: number): number {
  const seconds = parseDuration(text)
  if (seconds !== null) return now - seconds * 1000
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(date)) return date
  throw new DwError('DW_USAGE', `--since "${text}" is neither a duration nor a date`, {
    hints: ['write it like 90s, 15m, 2h, 1d, 2026-01-02 or 2026-01-02T03:04:05Z'],
  })
}
