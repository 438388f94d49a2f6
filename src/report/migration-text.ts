import type { Elsewhere, MigrationItem, Plan, PlannedProblem } from '../domain/migration/plan.ts'
import { movedOn } from '../domain/migration/plan-worktrees.ts'
import { printable } from '../domain/printable.ts'
import { shellWord } from '../domain/shell-word.ts'
import { JSON_SCHEMA } from './json.ts'
import type { Palette } from './palette.ts'

/** A migration as it is told. */
export interface Told {
  readonly outcome: 'migrated' | 'would-migrate' | 'already' | 'stopped'
  readonly state: string
  readonly at: string | null
  readonly left: number
  readonly plan: Plan
  readonly elsewhere: readonly ToldElsewhere[]
  readonly undo: string | null
}

interface ToldElsewhere extends Elsewhere {
  readonly missing: boolean
}

/** One line for each thing that comes over, stays, is damaged, or belongs elsewhere. */
export function migrationText(palette: Palette, told: Told): string {
  const { plan } = told
  const done = told.outcome === 'migrated'
  const lines = [
    ...plan.items.map((item) => itemLine(palette, item, done)),
    ...elsewhereLines(told, palette.warning),
    ...plan.problems.map((each) => problemLine(palette, each, done)),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** One line for each project of another repository, with the command to give there. */
export function elsewhereLines(
  { elsewhere, state }: Told,
  paint: (text: string) => string = (text) => text,
): string[] {
  return elsewhere.map((each) => `${paint('elsewhere')} ${printable(elsewhereText(each, state))}`)
}

/** One line for each worktree that has another branch than the old files say. */
export function movedLines({ plan }: Told): string[] {
  return plan.adoptions.flatMap((adoption) => {
    const moved = movedOn(adoption)
    return moved === null ? [] : [`warning: worktree "${printable(adoption.path)}" was adopted, but ${moved}`]
  })
}

function itemLine(palette: Palette, item: MigrationItem, done: boolean): string {
  const { what, name, why, brought } = item
  const present = what === 'worktree' ? 'would adopt' : 'would bring over'
  const past = what === 'worktree' ? 'adopted' : 'brought over'
  const verb = brought ? palette.good(done ? past : present) : palette.dim('left')
  return `${verb} ${printable(`${what} "${name}": ${why}`)}`
}

/** `cannot bring over sessions.json "SESS-1": its id is there 2 times`. */
function problemLine(palette: Palette, problem: PlannedProblem, done: boolean): string {
  const { file, entry, reason, comes } = problem
  const verb = {
    no: palette.bad('cannot bring over'),
    partly: palette.warning(done ? 'brought over in part' : 'would bring over in part'),
    elsewhere: palette.warning('elsewhere in part'),
  }[comes]
  return `${verb} ${printable(`${file}${entry === '' ? '' : ` "${entry}"`}: ${reason}`)}`
}

function elsewhereText(elsewhere: ToldElsewhere, state: string): string {
  const { project, path, sessions, locks, missing } = elsewhere
  const what = [counted(sessions.length, 'session'), counted(locks.length, 'lock')].filter(
    (text) => text !== '',
  )
  const gone = missing ? `"${path}" is not there; put its path right in the old files, and there: ` : ''
  return `${what.join(' and ')} of "${project}": ${gone}${commandOf(elsewhere, state)}`
}

/** What brings them over: from wherever it is given, or in their repository, where nobody knows that. */
function commandOf({ path, missing }: ToldElsewhere, state: string): string {
  return `git ${missing ? '' : `-C ${shellWord(path)} `}dw migrate ${shellWord(state)}`
}

/** What came over, in one line: `12 sessions, 3 locks, 1 project, 2 logs, 1 worktree`. */
function migrationSummary(plan: Plan): string {
  const { sessions, locks, projects, logs, adoptions } = plan
  const counts = [
    counted(sessions.length, 'session'),
    counted(locks.length, 'lock'),
    counted(projects.length, 'project'),
    counted(logs.length, 'log'),
    counted(adoptions.length, 'worktree'),
  ].filter((text) => text !== '')
  return counts.length === 0 ? 'nothing' : counts.join(', ')
}

function counted(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`
}

/** What was done, and how to go on, for the person watching. */
export function migrationNarration({ outcome, state, at, left, plan, undo }: Told): string[] {
  if (outcome === 'already') {
    const some = left === 0 ? '' : `, but for ${left} damaged ${left === 1 ? 'entry' : 'entries'}`
    const back = undo === null ? 'what came over is in use or shared by now' : `take it back with: ${undo}`
    return [`"${state}" was migrated at ${at ?? ''}${some}; ${back}`]
  }
  if (outcome === 'stopped') return []
  if (outcome === 'would-migrate') return ['nothing was changed']
  const summary = migrationSummary(plan)
  const next = [
    ...(plan.sessions.length === 0 ? [] : ['see them with: git dw sessions']),
    ...(undo === null ? [] : [`take it back with: ${undo}`]),
  ]
  return [
    `brought over ${summary} from "${state}", whose files stay as they are`,
    ...(next.length === 0 ? [] : [next.join('; ')]),
  ]
}

/** A migration as `--json` prints it. */
export function migrationJson(told: Told): object {
  const { outcome, state, at, left, plan, undo } = told
  return {
    schema: JSON_SCHEMA,
    outcome,
    state,
    at,
    left,
    items: plan.items,
    problems: plan.problems,
    elsewhere: told.elsewhere.map((each) => ({ ...each, command: commandOf(each, state) })),
    undo,
  }
}

/** What an undo removed, or would. */
export interface UndoTold {
  readonly outcome: 'undone' | 'would-undo'
  readonly state: string
  readonly refs: readonly string[]
  readonly worktrees: number
}

export function undoText(palette: Palette, { outcome, refs }: UndoTold): string {
  const verb = palette.good(outcome === 'undone' ? 'removed' : 'would remove')
  return refs.map((ref) => `${verb} ${printable(ref)}\n`).join('')
}

export function undoNarration({ outcome, state, worktrees }: UndoTold): string[] {
  if (outcome === 'would-undo') return ['nothing was changed']
  const stamps = worktrees === 0 ? '' : `; ${counted(worktrees, 'worktree')} no longer stamped`
  return [`all that came from "${state}" is gone again, and its files are as they were${stamps}`]
}

export function undoJson(told: UndoTold): object {
  const { outcome, state, refs, worktrees } = told
  return { schema: JSON_SCHEMA, outcome, state, refs, worktrees }
}
