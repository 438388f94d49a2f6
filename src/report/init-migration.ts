import type { DwError } from '../domain/error.ts'
import { shellWord } from '../domain/shell-word.ts'
import { elsewhereLines, migrationNarration, movedLines, type Told } from './migration-text.ts'

/** What became of one state directory while a session began. */
type InitMigration = Told | { readonly outcome: 'failed'; readonly state: string; readonly problem: DwError }

/** What `init` says of it: what it did, or why it did not and what to do. */
export function initMigrationLines(migrations: readonly InitMigration[]): string[] {
  return migrations.flatMap((migration) => {
    const { outcome, state } = migration
    const command = `git dw migrate ${shellWord(state)}`
    if (outcome === 'failed') {
      const [hint = command] = migration.problem.hints
      return [`the old files in "${state}" were not brought over: ${migration.problem.message}; ${hint}`]
    }
    if (outcome !== 'stopped') {
      // the session that begins now may be one of those that came over
      const { undo } = migration
      return [
        ...migrationNarration({ ...migration, undo: null }),
        ...(undo === null ? [] : [`until something of it is used, take it back with: ${undo}`]),
        ...movedLines(migration),
        ...elsewhereLines(migration),
      ]
    }
    const entries = migration.left === 1 ? '1 entry' : `${migration.left} entries`
    return [
      `the old files in "${state}" were not brought over: ${entries} cannot be brought over whole; see which: ${command} --dry-run`,
      `bring over all the rest: ${command} --partial; or leave them for good: git config dw.legacyState ""`,
    ]
  })
}

/** The same as `init --json` has it; nothing where there were no old files. */
export function initMigrationJson(migrations: readonly InitMigration[]): object {
  if (migrations.length === 0) return {}
  return {
    migrations: migrations.map((migration) => {
      const { outcome, state } = migration
      const code = outcome === 'failed' ? migration.problem.code : null
      if (outcome === 'failed') return { state, outcome, code, sessions: 0, locks: 0, left: 0 }
      const { plan, left } = migration
      const isDone = outcome === 'migrated'
      const [sessions, locks] = isDone ? [plan.sessions.length, plan.locks.length] : [0, 0]
      return { state, outcome, code, sessions, locks, left }
    }),
  }
}
