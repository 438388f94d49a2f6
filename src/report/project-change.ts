import type { Holding } from '../domain/claim.ts'
import { ownerName } from '../domain/holder.ts'
import { lockName, parseKey } from '../domain/key.ts'
import type { Vantage } from '../domain/lease.ts'
import type { Project } from '../domain/record.ts'
import { JSON_SCHEMA } from './json.ts'
import { type Damage, damageJson, damageLines, lockJson } from './lock-table.ts'
import { projectJson } from './project-table.ts'

interface ChangeView {
  readonly outcome: 'added' | 'already' | 'replaced' | 'renamed' | 'removed'
  readonly project: Project
  readonly before?: Project
  readonly kept?: readonly ('base' | 'branch')[]
  readonly locks: readonly Holding[]
  readonly damaged: readonly Damage[]
  /** My session's id. */
  readonly me: string | null
  readonly vantage: Vantage
  readonly doubts: readonly string[]
}

/** What a change of the projects answers: the project's name; what it means for locks is narrated. */
export function projectAnswer(
  say: (line: string) => void,
  view: ChangeView,
): { readonly text: string; readonly json: object } {
  const { outcome, project, before, locks, damaged, me, vantage, doubts } = view
  for (const line of [told(view), ...doubts, ...lockLines(view), ...damageLines(damaged)]) say(line)
  const json = {
    schema: JSON_SCHEMA,
    outcome,
    project: projectJson(project),
    before: before === undefined ? null : projectJson(before),
    locks: [...locks.map((holding) => lockJson(holding, me, vantage)), ...damaged.map(damageJson)],
    doubts,
  }
  return { text: `${project.name}\n`, json }
}

function told({ outcome, project, before, kept = [] }: ChangeView): string {
  const { name, path } = project
  const stays = kept.map((field) => `the ${field} "${project[field]}"`).join(' and ')
  const keeps = stays === '' ? '' : `; it keeps ${stays}`
  if (outcome === 'added') return `registered "${name}" with the directory "${path}"`
  if (outcome === 'already') return `"${name}" is registered like that already${keeps}`
  if (outcome === 'removed') return `"${name}" is registered no longer`
  if (outcome === 'renamed') return `"${before?.name}" is called "${name}" now`
  const moved = before?.path === path ? '' : `: its directory is "${path}", no longer "${before?.path}"`
  return `changed "${name}"${moved}${keeps}`
}

/** What the change means for the locks that are there: they stay, under the name and directory they have. */
function lockLines(view: ChangeView): string[] {
  const { outcome, project, locks } = view
  if (locks.length === 0 || outcome === 'already') return []
  const many = locks.length > 1
  const these = many ? `these ${locks.length} locks` : 'this lock'
  const stay = many ? 'stay' : 'stays'
  const keep = many ? 'keep their names and stay' : 'keeps its name and stays'
  // under a name that is gone, nobody claims it again
  const comesBack = outcome === 'added' || outcome === 'replaced'
  return [
    `${these} ${outcome === 'renamed' ? keep : stay} until released:`,
    ...locks.map(({ record, state }) => {
      const with_ = record.with === undefined ? '' : ` with "${record.with}"`
      const mark = state === 'live' ? '' : `, ${state}`
      return `  "${record.key}"${with_} is held by ${record.session} (${ownerName(record.owner)}${mark})`
    }),
    ...locks.flatMap((holding) => (comesBack ? movedLine(holding, project) : [])),
  ]
}

/** A project lock that rests on another directory than the project has now. */
function movedLine({ key, record }: Holding, project: Project): string[] {
  const isItsLock = key.kind === 'project' && record.with !== undefined
  if (!isItsLock || lockName(parseKey(record.with)) === lockName(parseKey(project.path))) return []
  return [`"${record.key}" locks "${record.with}", and "${project.path}" only when it is claimed again`]
}
