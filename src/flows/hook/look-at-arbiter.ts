import { startSync } from '../background-sync.ts'
import type { Workspace } from '../workspace.ts'

/**
 * How the locks that a push is checked against were come by: those of this clone, because nothing is shared;
 * those of the arbiter, looked at no longer ago than `dw.prePushFresh`; or those known here although the
 * arbiter should have been asked, and why it could not be.
 */
export type ArbiterLook =
  | { readonly known: 'local' }
  | { readonly known: 'fresh' }
  | { readonly known: 'stale'; readonly why: string }

/** Between two looks for what a sync has brought, in milliseconds. */
const PAUSE = 20

/**
 * Sees that the arbiter's locks are known as of `fresh` seconds ago, and waits for that no longer than
 * `timeout` seconds (design §10). The sync goes on by itself after that, so that the next push has it.
 */
export async function lookAtArbiter(
  workspace: Workspace,
  limits: { readonly fresh: number; readonly timeout: number },
): Promise<ArbiterLook> {
  const { shared, around } = workspace
  if (shared === null) return { known: 'local' }
  const { state, arbiter } = shared.sharing
  const start = around.now()
  const isKnownSince = async (time: number) => {
    const at = (await state.exchange(arbiter.name))?.at ?? 0
    return at >= time && at <= around.now()
  }
  if (await isKnownSince(start - limits.fresh * 1000)) return { known: 'fresh' }
  startSync(workspace)
  const deadline = around.elapsed() + limits.timeout * 1000
  while (around.elapsed() < deadline) {
    around.signal.throwIfAborted()
    await around.sleep(PAUSE)
    if (await isKnownSince(start)) return { known: 'fresh' }
  }
  return { known: 'stale', why: `"${arbiter.name}" did not answer within ${limits.timeout}s` }
}
