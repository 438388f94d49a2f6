import { DwError } from '../../domain/error.ts'
import type { Key, TaskKey } from '../../domain/key.ts'
import { describeResult, resultDetails } from '../../domain/result.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { resultRef } from '../../store/ref-names.ts'
import type { Snapshot } from '../../store/store.ts'
import type { Workspace } from '../workspace.ts'
import { mergedResult } from './merged-result.ts'
import { resultIn } from './result-in.ts'

/** The refs that {@link earlierResults} needs in its snapshot. */
export function resultRefs(keys: readonly Key[]) {
  return keys.flatMap((key) => (key.kind === 'task' ? [resultRef(key)] : []))
}

/**
 * What is to be said of earlier results of the tasks among `keys`, a line each (design §5). A task that
 * passed and is not merged is refused, with the command that claims it `again`; undefined claims it all the
 * same. Throws DW_FINISHED.
 */
export async function earlierResults(
  workspace: Workspace,
  snapshot: Snapshot,
  keys: readonly Key[],
  again: string | undefined,
): Promise<string[]> {
  const lines: string[] = []
  for (const key of keys) {
    const line = key.kind === 'task' ? await earlierResult(workspace, snapshot, key, again) : null
    if (line !== null) lines.push(line)
  }
  return lines
}

async function earlierResult(
  workspace: Workspace,
  snapshot: Snapshot,
  key: TaskKey,
  again: string | undefined,
): Promise<string | null> {
  const entry = snapshot.get(resultRef(key))
  if (entry === undefined) return null
  // no lock depends on it: the claim goes on without what cannot be read
  if (!entry.content.ok) return `warning: the record at "${entry.ref}" ${entry.content.problem}`
  const result = resultIn(snapshot, key)
  if (result === undefined) return null
  const told = `"${key.task}" ${describeResult(result, workspace.around.now())}`
  if (result.status !== 'passed') {
    return `${told}${result.summary === undefined ? '' : `: ${result.summary}`}`
  }
  const merged = await mergedResult(workspace, result)
  if (merged !== null) return `${told}, and is merged`
  if (again === undefined) return `${told}, and is not merged`
  const work = result.branch === undefined ? [] : [`look at it: git log ${shellWord(result.branch)}`]
  throw new DwError('DW_FINISHED', `${told}, and is not merged`, {
    hints: [...work, `work on it all the same: ${again}`],
    details: { result: resultDetails(result) },
  })
}
