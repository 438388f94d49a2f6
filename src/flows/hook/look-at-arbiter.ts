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

/** Looks at the arbiter's locks for a push: `fresh` and `timeout` in seconds (design §10). */
export type LookAtArbiter = (
  workspace: Workspace,
  limits: { readonly fresh: number; readonly timeout: number },
) => Promise<ArbiterLook>

/** The look of a clone that shares nothing: its own locks are all there are. */
export const lookAtArbiter: LookAtArbiter = async () => ({ known: 'local' })
