import { DwError } from '../../domain/error.ts'
import type { Finding } from '../../domain/finding.ts'
import { dropCutOff } from '../../git/worktrees.ts'
import type { RefName } from '../../store/ref-names.ts'
import { readGround } from '../ground.ts'
import { cutOff } from '../half-made.ts'
import type { Workspace } from '../workspace.ts'
import { knownWorktrees } from '../worktree/known-worktree.ts'
import { checkBindings } from './bindings.ts'
import { checkClocks } from './clocks.ts'
import type { Check, Examined } from './examined.ts'
import { checkIdentity } from './identity-sources.ts'
import { checkLeftovers } from './leftovers.ts'
import { checkLockFiles } from './lock-files.ts'
import { checkLocks } from './locks.ts'
import { checkRecords } from './records.ts'
import { checkRefspecs } from './refspecs.ts'
import { checkStamps } from './stamps.ts'
import { checkVersions } from './versions.ts'
import { checkMissingWorktrees } from './worktrees.ts'

/** Every check, in the order of the report; what hooks and sharing need checked is added here. */
const ALL: readonly Check[] = [
  checkVersions,
  checkIdentity,
  checkRecords,
  checkLocks,
  checkClocks,
  checkLockFiles,
  checkBindings,
  checkStamps,
  checkMissingWorktrees,
  checkLeftovers,
  checkRefspecs,
]

/** Everything that we keep in refs. */
const ALL_REFS = 'refs/dw' as RefName

/**
 * Looks for all that can be wrong with the records, the machine-local state and the configuration (design
 * §11). With `fix` what is safe is put right: nothing that cannot be read, and nothing of the user's. A check
 * that fails is a finding itself, and the others go on.
 */
export async function examine(
  workspace: Workspace,
  request: { readonly session?: string; readonly fix: boolean },
): Promise<Finding[]> {
  const snapshot = await workspace.store.read({ refs: [ALL_REFS] })
  const ground = await readGround(workspace, snapshot)
  const records = await cutOff(workspace)
  if (request.fix) await Promise.all(records.map(dropCutOff))
  const listed = await knownWorktrees(workspace).catch(problem)
  const [worktrees, unlisted] = listed instanceof DwError ? [[], listed] : [listed, null]
  const examined: Examined = { workspace, ground, worktrees, unlisted, cutOff: records, ...request }
  const findings: Finding[] = []
  // one after the other: what is put right is not looked at by two
  for (const check of ALL) findings.push(...(await one(check, examined)))
  return findings
}

function problem(error: unknown): DwError {
  if (error instanceof DwError) return error
  throw error
}

async function one(check: Check, examined: Examined): Promise<readonly Finding[]> {
  const { name } = check
  try {
    const found = await check.find(examined)
    if (found.length > 0) return found
    return [{ check: name, state: 'ok', what: check.ok(examined), meaning: null, hint: null }]
  } catch (error) {
    if (!(error instanceof DwError)) throw error
    const meaning = 'this could not be looked at'
    return [{ check: name, state: 'wrong', what: error.message, meaning, hint: error.hints.join('; or ') }]
  }
}
