import type { ClaimAnswer } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { dropCovered } from '../domain/key.ts'
import { Claim } from './claim-attempt.ts'
import type { ClaimRequest } from './claim-request.ts'
import { grouped, type Progress, withProgress } from './progress.ts'
import { takeBack } from './take-back.ts'
import { untilSettled } from './until-settled.ts'
import type { Workspace } from './workspace.ts'

/** The most keys of one claim (design §5). */
const MAX_KEYS = 1000

/** Claims all keys or none (design §5). Throws DW_LOCKED with every holder, DW_NO_SESSION, DW_AMBIGUOUS, DW_LOST. */
export async function claimKeys(workspace: Workspace, request: ClaimRequest): Promise<ClaimAnswer> {
  const keys = dropCovered(request.keys)
  if (keys.length > MAX_KEYS) {
    const message = `${grouped(keys.length)} keys are too many: ${grouped(MAX_KEYS)} is the most`
    throw new DwError('DW_USAGE', message, { hints: ['claim a directory above them'] })
  }
  const what = { verb: 'claiming', total: keys.length, things: 'keys' }
  return withProgress(workspace, what, (progress) => claimAll(workspace, { ...request, keys }, progress))
}

async function claimAll(
  workspace: Workspace,
  request: ClaimRequest,
  progress: Progress | undefined,
): Promise<ClaimAnswer> {
  const claim = new Claim(workspace, request, progress)
  const answer = await untilSettled(workspace, (tries) => claim.attempt(tries)).catch(
    async (error: unknown) => {
      throw await claim.afterRefusal(error)
    },
  )
  const { signal } = workspace.around
  // a claim with a worktree is taken back by its own flow, with what else it made
  if (signal.aborted && !request.canStamp) {
    throw await claim.afterRefusal(await takeBack(workspace, answer, signal.reason))
  }
  return answer
}
