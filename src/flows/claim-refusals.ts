import type { ClaimDecision, Holding } from '../domain/claim.ts'
import { DwError } from '../domain/error.ts'
import { isAbove, type Key, type LockName, lockName, onOneLine, parseKey } from '../domain/key.ts'
import type { Session, SessionId } from '../domain/record.ts'
import { isAhead } from '../share/refusals.ts'
import type { NewBranch } from '../store/store.ts'
import type { Actor } from './actor.ts'
import type { ClaimRequest } from './claim-request.ts'
import type { Ground } from './ground.ts'
import { showKey } from './path-key.ts'
import { locked } from './refusal.ts'
import type { Workspace } from './workspace.ts'

type Granted = Extract<ClaimDecision, { answer: 'granted' }>
type Refused = Extract<ClaimDecision, { answer: 'refused' }>

/** Names the holders of what `session` asked for on `ground`, and what of it was the session's own before. */
export function refusedBy(
  workspace: Workspace,
  { keys, stealing }: ClaimRequest,
  { holders }: Refused,
  { ground, session }: { readonly ground: Ground; readonly session: Session },
): DwError {
  const show = (key: Key) => showKey(workspace, key)
  const names = keys.map(lockName).filter((name) => holders.some((holder) => onOneLine(holder.name, name)))
  const isAsked = (lost: LockName) => names.some((name) => !isAbove(name, lost) && onOneLine(name, lost))
  const before = session.revoked.filter(
    ({ key, by }) => by !== session.id && isAsked(lockName(parseKey(key))),
  )
  return locked(holders, ground.vantage, show, stealing, before)
}

/** Whether an expired lock may be taken cannot be decided without the arbiter. Throws DW_OFFLINE. */
export function refuseTaking(decision: Granted, actor: Actor, workspace: Workspace): void {
  const others = [...decision.take.flatMap(({ replaces }) => replaces ?? []), ...decision.clear].filter(
    ({ record }) => record.session !== actor.session.id,
  )
  if (others.length === 0) return
  const names = others.map(({ key }) => `"${showKey(workspace, key)}"`).join(', ')
  throw new DwError('DW_OFFLINE', `${names} was another session's: the remote decides whether it is free`, {
    hints: ['claim it without --offline when the remote can be reached'],
  })
}

/** DW_EXISTS for a branch that somebody made since the claim was planned: nothing was claimed. */
export function branchTaken(created: NewBranch | undefined): DwError {
  const branch = created?.ref.replace('refs/heads/', '') ?? ''
  return new DwError('DW_EXISTS', `the branch "${branch}" is not free`, {
    hints: ['try again, or name another branch with --branch'],
    details: { branch },
  })
}

/**
 * Names the locks of others that a claim had taken before it failed with `error`: they stay taken, and their
 * holders have been told (design §5, Takeover).
 */
export function namingTaken(workspace: Workspace, taken: Iterable<Holding>, error: unknown): unknown {
  const shown = [...taken].map(({ key }) => showKey(workspace, key)).join(', ')
  if (shown === '' || !(error instanceof DwError)) return error
  const message = `${error.message}\ntaken from its holder for this before it failed: ${shown}`
  return new DwError(error.code, message, { hints: error.hints, details: error.details, cause: error })
}

/**
 * Names what a claim that only the remote has took from others, and the session that it `started`: without a seat
 * nobody finds that by itself. Other errors are returned as they are.
 */
export function namingAhead(
  workspace: Workspace,
  { take }: Granted,
  started: SessionId | null,
  error: unknown,
): unknown {
  if (!isAhead(error)) return error
  const stolen = take.flatMap(({ replaces }) => (replaces?.state === 'live' ? [replaces] : []))
  const named = namingTaken(workspace, stolen, error)
  if (started === null || !(named instanceof DwError)) return named
  const { code, message, hints, details } = named
  return new DwError(code, message, {
    hints: [...hints, `and go on as the session that it started: export DW_SESSION=${started}`],
    details: { ...details, session: started },
    cause: error,
  })
}

/** Names the own locks that a claim has got back after it gave them up for a directory that was not to be had. */
export function heldAgain(workspace: Workspace, held: readonly Holding[], error: DwError): DwError {
  const shown = held.map(({ key }) => showKey(workspace, key))
  const now = held.length === 0 ? 'nothing below it' : shown.join(', ')
  const message = `${error.message}\nyour locks below it were given up for it; held now: ${now}`
  return new DwError(error.code, message, {
    hints: error.hints,
    details: { ...error.details, held: held.map(({ record }) => record.key) },
    cause: error,
  })
}
