import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The note of a migration that is under way, or was cut short. */
export function journalPath(commonDir: string): string {
  return join(commonDir, 'dw', 'migrating.json')
}

/** Whether there is one. Asked at the start of every command: a single look at the file system. */
export function isMigrating(commonDir: string): boolean {
  return existsSync(journalPath(commonDir))
}
