import { DwError } from '../domain/error.ts'
import { type Heartbeat, heartbeat } from './heartbeat.ts'
import { findClaimants, identityRefs, requireSession, settleIdentity } from './identity.ts'
import { checkMeta, type Workspace } from './workspace.ts'

/** The heartbeat that a user asks for. Throws DW_NO_SESSION, DW_AMBIGUOUS, DW_LOST, DW_BUSY. */
export async function beatMine(
  workspace: Workspace,
  request: { readonly session?: string; readonly force: boolean },
): Promise<Heartbeat> {
  const claimants = await findClaimants(workspace, request.session)
  const snapshot = await workspace.store.read({ refs: identityRefs(claimants) })
  checkMeta(snapshot, 'write')
  const mine = requireSession(settleIdentity(workspace, claimants, snapshot))
  const beat = await heartbeat(workspace, mine, { force: request.force })
  const { id } = mine.session
  if (beat.outcome === 'ended') {
    throw new DwError('DW_LOST', `${id} was ended by somebody else`, {
      hints: ['start anew with: git dw init --new'],
    })
  }
  if (beat.outcome === 'contended') {
    throw new DwError('DW_BUSY', `others kept changing the record of ${id}`, { hints: ['try again'] })
  }
  return beat
}
