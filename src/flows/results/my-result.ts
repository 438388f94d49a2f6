import type { Result } from '../../domain/record.ts'
import { resultRef } from '../../store/ref-names.ts'
import type { Entry } from '../../store/store.ts'
import type { Overview } from '../overview.ts'
import type { Workspace } from '../workspace.ts'

/**
 * The last result of the task that my session works on, whoever recorded it, and its record where that
 * cannot be read. It costs a git process only where the session has a task.
 */
export async function myResult(
  workspace: Workspace,
  { identity }: Overview,
): Promise<{ readonly result: Result | null; readonly damaged: readonly Entry[] }> {
  const { project, task } = identity.who === 'session' ? identity.mine.session : {}
  if (project === undefined || task === undefined) return { result: null, damaged: [] }
  const ref = resultRef({ project, task })
  const entry = (await workspace.store.read({ refs: [ref] })).get(ref)
  if (entry === undefined) return { result: null, damaged: [] }
  const { content } = entry
  return content.ok && content.record.kind === 'result'
    ? { result: content.record, damaged: [] }
    : { result: null, damaged: [entry] }
}
