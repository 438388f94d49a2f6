import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Elsewhere, Plan } from '../../domain/migration/plan.ts'
import { absolutePath } from './state-directory.ts'

/** What belongs to another repository, and whether its directory is there. */
export interface FoundElsewhere extends Elsewhere {
  readonly missing: boolean
}

/** The directories elsewhere as a command can name them from anywhere: old paths may be relative. */
export function withAbsolutePaths(plan: Plan, state: string, home: string): Plan {
  const from = dirname(state)
  const elsewhere = plan.elsewhere.map((each) => {
    return { ...each, path: absolutePath(each.path, from, home) }
  })
  return { ...plan, elsewhere }
}

/** Looks whether the directories are there: nobody can be sent to one that is gone. */
export async function lookedUp(elsewhere: readonly Elsewhere[]): Promise<FoundElsewhere[]> {
  const isThere = async (path: string) => (await stat(path)).isDirectory()
  return Promise.all(
    elsewhere.map(async (each) => {
      return { ...each, missing: !(await isThere(each.path).catch(() => false)) }
    }),
  )
}
