import { DwError } from '../../domain/error.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { MigrationFiles } from '../../store/local/migration-files.ts'
import { isMigrating } from '../../store/local/migration-journal.ts'
import { takeMutex } from '../../store/local/mutex.ts'
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

/**
 * DW_REMOTE where sharing is on: whether an old lock is free is the arbiter's to say, for each key, and what
 * it would refuse could not be all or nothing (design §7).
 */
export function refuseShared({ settings }: Workspace, state: string, option = ''): void {
  if (!settings.shares) return
  const { remote = 'origin' } = settings
  throw new DwError('DW_REMOTE', 'locks are shared here, and a migration is decided in this clone alone', {
    hints: [
      `stop sharing for it: git dw share --off && git dw migrate ${shellWord(state)}${option}`,
      `then share again, which tells what others hold by now: git dw share ${shellWord(remote)}`,
    ],
    details: { remote },
  })
}
