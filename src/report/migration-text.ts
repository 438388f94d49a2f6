import type { Elsewhere, MigrationItem, Plan } from '../domain/migration/plan.ts'
import type { Problem } from '../domain/migration/old-state.ts'
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
}

/** One line for each thing that comes over, stays, is damaged, or belongs elsewhere. */
export function migrationText(palette: Palette, { outcome, state, plan }: Told): string {
  const done = outcome === 'migrated'
  const lines = [
    ...plan.items.map((item) => itemLine(palette, item, done)),
    ...elsewhereLines(plan, state, palette.warning),
    ...plan.problems.map((each) => `${palette.bad('cannot bring over')} ${printable(problemText(each))}`),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

/** One line for each project of another repository, with the command to give there. */
export function elsewhereLines(
  { elsewhere }: Plan,
  state: string,
  paint: (text: string) => string = (text) => text,
): string[] {
  return elsewhere.map((each) => `${paint('elsewhere')} ${printable(elsewhereText(each, state))}`)
}

function itemLine(palette: Palette, item: MigrationItem, done: boolean): string {
  const { what, name, why, brought } = item
  const present = what === 'worktree' ? 'would adopt' : 'would bring over'
  const past = what === 'worktree' ? 'adopted' : 'brought over'
  const verb = brought ? palette.good(done ? past : present) : palette.dim('left')
  return `${verb} ${printable(`${what} "${name}": ${why}`)}`
}

/** `sessions.json "SESS-1": its id is there 2 times`. */
function problemText({ file, entry, reason }: Problem): string {
  return `${file}${entry === '' ? '' : ` "${entry}"`}: ${reason}`
}

function elsewhereText(elsewhere: Elsewhere, state: string): string {
  const { project, sessions, locks } = elsewhere
  const what = [counted(sessions.length, 'session'), counted(locks.length, 'lock')].filter(
    (text) => text !== '',
  )
  return `${what.join(' and ')} of "${project}": ${commandOf(elsewhere, state)}`
}

/** What brings them over in their own repository, from wherever it is given. */
function commandOf({ path }: Elsewhere, state: string): string {
  return `git -C ${shellWord(path)} dw migrate ${shellWord(state)}`
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
export function migrationNarration({ outcome, state, at, left, plan }: Told): string[] {
  const where = shellWord(state)
  if (outcome === 'already') {
    const some = left === 0 ? '' : `, but for ${left} damaged ${left === 1 ? 'entry' : 'entries'}`
    return [
      `"${state}" was migrated at ${at ?? ''}${some}; take it back with: git dw migrate ${where} --undo`,
    ]
  }
  if (outcome === 'stopped') return []
  if (outcome === 'would-migrate') return ['nothing was changed']
  const summary = migrationSummary(plan)
  const see = summary === 'nothing' ? '' : 'see them with: git dw sessions; '
  return [
    `brought over ${summary} from "${state}", whose files stay as they are`,
    `${see}take it back with: git dw migrate ${where} --undo`,
  ]
}

/** A migration as `--json` prints it. */
export function migrationJson(told: Told): object {
  const { outcome, state, at, left, plan } = told
  return {
    schema: JSON_SCHEMA,
    outcome,
    state,
    at,
    left,
    items: plan.items,
    problems: plan.problems,
    elsewhere: plan.elsewhere.map((each) => ({ ...each, command: commandOf(each, state) })),
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
