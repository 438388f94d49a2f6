import { DwError } from '../../domain/error.ts'
import { MigrationFiles } from '../../store/local/migration-files.ts'
import type { Workspace } from '../workspace.ts'
import type { MigrationAnswer } from './migrate.ts'
import { findStates } from './state-directory.ts'

/** What became of one state directory: `problem` is why nothing could be decided. */
export type InitMigration =
  | MigrationAnswer
  | { readonly outcome: 'failed'; readonly state: string; readonly problem: DwError }

/**
 * What `init` does before anything else: brings over what an older dw left in this repository, once. Where
 * no such directory lies there, that is two looks at the file system. Damaged entries stop the migration and
 * not `init`; nor does anything else that a user can meet on the way.
 */
export async function migrateOnInit(workspace: Workspace): Promise<InitMigration[]> {
  const states = await findStates(workspace)
  if (states.length === 0) return []
  const files = new MigrationFiles(workspace.repository.commonDir)
  const answers: InitMigration[] = []
  for (const state of states) {
    if (files.isDone(state)) continue
    const { migrateState } = await import('./migrate.ts')
    try {
      answers.push(await migrateState(workspace, state, { dryRun: false, partial: false }))
    } catch (problem) {
      workspace.around.signal.throwIfAborted()
      if (!(problem instanceof DwError)) throw problem
      answers.push({ outcome: 'failed', state, problem })
    }
  }
  return answers
}
