import type { Result } from '../../domain/record.ts'
import { resultRef } from '../../store/ref-names.ts'
import type { Snapshot } from '../../store/store.ts'
import { corrupt } from '../workspace.ts'

/** The last result of a task. Throws DW_CORRUPT_STATE or DW_SCHEMA when it cannot be read. */
export function resultIn(
  snapshot: Snapshot,
  task: { readonly project: string; readonly task: string },
): Result | undefined {
  const entry = snapshot.get(resultRef(task))
  if (entry === undefined) return undefined
  if (!entry.content.ok || entry.content.record.kind !== 'result') throw corrupt(entry)
  return entry.content.record
}
