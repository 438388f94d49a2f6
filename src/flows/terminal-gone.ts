import type { Owner } from '../domain/record.ts'
import type { Binding } from '../store/local/clone-state.ts'
import type { Workspace } from './workspace.ts'

/**
 * Whether the terminal of a binding has ended, so that nothing can ever use it again: its session leader does
 * not run any more. False for an agent's, for the terminal of another machine, as the session's owner tells,
 * and where processes cannot be told apart (design §8).
 */
export async function isTerminalGone(
  { around }: Workspace,
  { leader }: Pick<Binding, 'leader'>,
  owner: Owner | undefined,
): Promise<boolean> {
  if (leader === undefined || owner?.host !== around.host || around.self.start === '') return false
  return !(await around.isRunning(leader))
}
