import type { BlobId } from '../../domain/record.ts'
import { listRefs, type RefUpdate } from '../../git/refs.ts'
import type { GitStore } from '../../store/git-store.ts'
import type { Workspace } from '../workspace.ts'

/**
 * The guard: a ref that stands as long as a migration may write, and that each of its transactions holds. A
 * git that outlives its killed parent can so write nothing more once the guard is gone, and while it writes,
 * the guard cannot go: what is taken back stays taken back.
 */
const GUARD = 'refs/dw-local/migration'

/** Sets the guard, on any object that is there; false when it stands already. */
export async function setGuard(local: GitStore, oid: BlobId): Promise<boolean> {
  return (await local.move([{ ref: GUARD, from: null, to: oid }])).outcome === 'committed'
}

/** The step that makes a transaction hold the guard. */
export function heldGuard(oid: BlobId): RefUpdate {
  return { ref: GUARD, from: oid, to: oid }
}

/** Takes the guard away, if it stands. Throws DW_BUSY while a transaction holds it. */
export async function dropGuard(workspace: Workspace, local: GitStore): Promise<void> {
  for (const { ref, oid } of await listRefs(workspace.git, [GUARD])) {
    await local.move([{ ref, from: oid, to: null }])
  }
}
