import type { SessionId } from '../../domain/record.ts'
import { activeRef, META_REF } from '../../store/ref-names.ts'
import { isLive, sessionIn } from '../identity.ts'
import { commits, untilSettled } from '../until-settled.ts'
import { checkMeta, type Workspace } from '../workspace.ts'

/** Takes the note of a worktree that is gone out of the session, unless it notes another by now. */
export async function forgetWorktree(workspace: Workspace, id: SessionId, path: string): Promise<void> {
  await untilSettled(workspace, async () => {
    const snapshot = await workspace.store.read({ refs: [META_REF, activeRef(id)] })
    checkMeta(snapshot, 'write')
    const found = sessionIn(snapshot, id)
    if (found === undefined || !isLive(found) || found.session.worktree?.path !== path) return true
    const { worktree: _, ...to } = found.session
    return (await commits(workspace, [{ ref: activeRef(id), from: found.entry, to }])) ? true : null
  })
}
