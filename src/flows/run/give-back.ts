import type { ClaimAnswer } from '../../domain/claim.ts'
import { DwError } from '../../domain/error.ts'
import { shellWord } from '../../domain/shell-word.ts'
import { isAhead } from '../../share/refusals.ts'
import { endSession } from '../end-session.ts'
import { showKey } from '../path-key.ts'
import { releaseKeys } from '../release.ts'
import type { Workspace } from '../workspace.ts'

/**
 * Gives back what a claim took, at the end of a command: locks that were mine before stay, and a session that
 * the claim started ends unless it holds something else by now. Returns DW_LOST when the lock was taken
 * meanwhile; says what could not be given back, for its lease ends by itself.
 */
export async function giveBack(workspace: Workspace, answer: ClaimAnswer): Promise<DwError | null> {
  const session = answer.session.id
  const keys = answer.keys.filter(({ already }) => !already).map(({ key }) => key)
  try {
    const { problem } = keys.length === 0 ? {} : await releaseKeys(workspace, { keys, session })
    if (answer.before === null) await endSession(workspace, { session, force: false, idle: true })
    return problem?.code === 'DW_LOST' ? problem : null
  } catch (error) {
    if (!(error instanceof DwError)) throw error
    if (error.code === 'DW_LOST') return error
    // the command itself gave all up and ended its session
    if (error.code === 'DW_NOT_FOUND') return null
    if (isAhead(error)) {
      workspace.around.say(`released: ${error.message}; git dw sync does`)
      return null
    }
    const named = keys.map((key) => shellWord(showKey(workspace, key))).join(' ')
    workspace.around.say(
      `not released: ${error.message}; release it with: git dw --session ${session} release ${named}`,
    )
    return null
  }
}
