import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { describeHolder, holderDetails } from '../domain/holder.ts'
import { formatKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import { checkKeys, type KeyCheck } from '../flows/overview.ts'
import { keysOf } from '../flows/named-keys.ts'
import { showKey } from '../flows/path-key.ts'
import { corrupt, type Workspace } from '../flows/workspace.ts'
import { jsonList } from '../report/json.ts'
import { damageLines } from '../report/lock-table.ts'

export class CheckCommand extends RepositoryCommand {
  static override paths = [['check']]

  static override forms = ['<path>…']

  static override usage = Command.Usage({
    description: 'Ask whether paths are free, mine, or held by another.',
    details: `
      Prints "free", "mine" or the holder of each path, directories above and what lies below included.
      Exit status 1 when another session holds one of them. Pathspecs are taken as by git dw claim.
    `,
    examples: [['Before touching a file', 'git dw check src/api/errors.ts']],
  })

  keys = Option.Rest({ name: 'path', required: 1 })

  override get changes(): boolean {
    return false
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const { checks, ground } = await checkKeys(
      workspace,
      await keysOf(workspace, this.keys),
      this.sessionOption,
    )
    const [damaged] = ground.damaged.filter(({ ref }) => ref.startsWith('refs/dw/locks/'))
    if (damaged !== undefined) throw corrupt(damaged)
    for (const line of damageLines(ground.damaged)) this.context.streams.say(line)
    const lines = checks.flatMap((check) => this.#lines(workspace, check, checks.length > 1, ground.vantage))
    const items = checks.map(({ key, answer, holders }) => ({
      key: formatKey(key),
      answer,
      holders: holders.map((holding) => holderDetails(holding, ground.vantage)),
    }))
    const held = checks.some(({ answer }) => answer === 'held')
    return {
      text: lines.map((line) => `${line}\n`).join(''),
      json: jsonList(items),
      ...(held ? { status: 'DW_LOCKED' as const } : {}),
    }
  }

  #lines(workspace: Workspace, check: KeyCheck, several: boolean, vantage: Vantage): string[] {
    const show = ({ key }: { key: KeyCheck['key'] }) => showKey(workspace, key)
    const prefix = several ? `${printable(show(check))}: ` : ''
    if (check.answer !== 'held') return [`${prefix}${check.answer}`]
    return check.holders.map((holding) => `${prefix}${describeHolder(holding, vantage, show)}`)
  }
}

type Vantage = Parameters<typeof describeHolder>[1]
