import { DwError } from '../../domain/error.ts'
import { takeMutex } from '../../store/local/mutex.ts'
import { MigrationFiles } from '../../store/local/migration-files.ts'
import { isMigrating } from '../../store/local/migration-journal.ts'
import type { Workspace } from '../workspace.ts'

/** Runs `step` while no other process migrates or takes back here; null, without running it, when one does. */
export async function whenAlone<T>(workspace: Workspace, step: () => Promise<T>): Promise<T | null> {
  const { around, repository } = workspace
  const { mutex } = new MigrationFiles(repository.commonDir)
  const { host, self, isRunning, fileClock } = around
  const taken = await takeMutex(mutex, { host, self, isRunning, fileClock })
  if ('heldBy' in taken) return null
  try {
    return await step()
  } finally {
    await taken.release()
  }
}

/** DW_BUSY: another migration is under way. */
export function atWork(): DwError {
  return new DwError('DW_BUSY', 'another migration is under way in this repository', {
    hints: ['try again when it is over'],
  })
}

/** Refuses to begin where one that was cut short could not be taken back yet. Throws DW_BUSY. */
export function refuseHalf({ repository }: Workspace): void {
  if (!isMigrating(repository.commonDir)) return
  throw new DwError('DW_BUSY', 'a migration was cut short, and could not be taken back yet', {
    hints: ['try again in a minute: a git that was killed leaves lock files', 'see: git dw doctor'],
  })
}
