import { Command, Option } from 'clipanion'
import { type Answer, RepositoryCommand } from '../cli/command.ts'
import { describeHolder, holderDetails } from '../domain/holder.ts'
import { formatKey, type Key, lockName, parseKey } from '../domain/key.ts'
import { printable } from '../domain/printable.ts'
import type { FirstRead } from '../flows/early-refs.ts'
import { keysOf, plainKeys } from '../flows/named-keys.ts'
import { checkKeys, checkQuery, type KeyCheck } from '../flows/overview.ts'
import { showKey } from '../flows/path-key.ts'
import { directoryRefs, type Pairs, withDirectories } from '../flows/project-lock.ts'
import { corrupt, type Workspace } from '../flows/workspace.ts'
import { jsonList } from '../report/json.ts'
import { damageLines } from '../report/lock-table.ts'

export class CheckCommand extends RepositoryCommand {
  static override paths = [['check']]

  static override forms = ['<path>…']

  static override usage = Command.Usage({
    description: 'Ask whether paths are free, mine, or held by another.',
    details: `
      Prints "free", "mine" or the holder of each path, directories above and what lies below included. A
      project, written project:<project>, is free when its tasks and its directory are. Pathspecs are taken as
      by git dw claim. Exit status 1 when another session holds one of them.
    `,
    examples: [['Before touching a file', 'git dw check src/api/errors.ts']],
  })

  keys = Option.Rest({ name: 'path', required: 1 })

  override get changes(): boolean {
    return false
  }

  override get firstRead(): FirstRead {
    return async ({ claimants, place }) => {
      const keys = await plainKeys(place, this.keys)
      if (keys === null) return null
      const directories = directoryRefs(keys)
      return directories.length > 0 ? { refs: directories } : checkQuery(claimants, keys)
    }
  }

  override async answerIn(workspace: Workspace): Promise<Answer> {
    const asked = await keysOf(workspace, this.keys)
    const { keys, pairs } = await withDirectories(workspace, asked, 'alone')
    const { checks: each, ground } = await checkKeys(workspace, keys, this.sessionOption)
    const checks = asked.map((key) => checkOf(key, pairs, each))
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

/** What was found out about a key, for a project together with its directory. */
function checkOf(key: Key, pairs: Pairs, checks: readonly KeyCheck[]): KeyCheck {
  const names = new Set([lockName(key)])
  const directory = key.kind === 'project' ? pairs.get(lockName(key)) : undefined
  if (directory !== undefined) names.add(lockName(parseKey(directory)))
  const found = checks.filter((check) => names.has(lockName(check.key)))
  const holders = new Map(found.flatMap((check) => check.holders.map((each) => [each.name, each])))
  const answer = (['held', 'free', 'mine'] as const).find((word) =>
    found.some((each) => each.answer === word),
  )
  return { key, answer: answer ?? 'free', holders: [...holders.values()] }
}

type Vantage = Parameters<typeof describeHolder>[1]
