import type { ClaimAnswer } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import type { Key } from '../domain/key.ts'
import type { SessionId } from '../domain/record.ts'
import { shellWord } from '../domain/shell-word.ts'
import { isAhead } from '../share/refusals.ts'
import { namingTaken } from './claim-refusals.ts'
import { endSession } from './end-session.ts'
import { showKey } from './path-key.ts'
import { releaseKeys } from './release.ts'
import type { Workspace } from './workspace.ts'

/**
 * Takes a claim back because of `cause`: what it took is released, and a session that started with it
 * ends, having nothing else to do. Locks that were mine before stay mine; what was taken from others stays taken,
 * and is named. Returns the error to throw.
 */
export async function takeBack(workspace: Workspace, answer: ClaimAnswer, cause: unknown): Promise<unknown> {
  const keys = answer.keys.filter(({ already }) => !already).map(({ key }) => key)
  if (keys.length === 0) return cause
  const session = answer.session.id
  const calm = uninterrupted(workspace)
  const stolen = answer.keys.flatMap(({ from }) => from ?? [])
  try {
    if (answer.before === null) await endSession(calm, { session, force: false })
    else await releaseKeys(calm, { keys, session, before: answer.before })
    return namingTaken(workspace, stolen, cause)
  } catch (error) {
    if (isAhead(error)) return saidTakenBack(workspace, error, namingTaken(workspace, stolen, cause))
    return notTakenBack(workspace, answer.session.id, keys, error)
  }
}

/** A claim was taken back at the remote, as `ahead` says: that is no part of the error of the claim. */
export function saidTakenBack(workspace: Workspace, ahead: DwError, cause: unknown): unknown {
  workspace.around.say(`taken back: ${ahead.message}; git dw sync does`)
  return cause
}

/** The workspace for what an interruption must not stop. */
export function uninterrupted(workspace: Workspace): Workspace {
  return { ...workspace, around: { ...workspace.around, signal: new AbortController().signal } }
}

/** DW_GIT for a claim that was written, did not stand, and could not be taken back because of `cause`. */
export function notTakenBack(
  workspace: Workspace,
  session: SessionId,
  keys: readonly Key[],
  cause: unknown,
): DwError {
  const named = keys.map((key) => shellWord(showKey(workspace, key))).join(' ')
  return new DwError('DW_GIT', 'the claim failed after it was written, and could not be taken back', {
    hints: [`release it with: git dw --session ${session} release ${named}`],
    cause,
  })
}
