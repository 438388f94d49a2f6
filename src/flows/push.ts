import { join } from 'node:path'
import { DwError } from '../domain/error.ts'
import type { Session } from '../domain/record.ts'
import { type BranchMove, type DryPush, dryPush, touchedPaths } from '../git/branch-push.ts'
import { gitError } from '../git/exec.ts'
import { resolveNames } from '../git/refs.ts'
import { listRemote, type PlainStep, PUSH_LEFT } from '../git/remote.ts'
import { fencedPush } from '../share/fenced-push.ts'
import { lookAtPush } from '../share/look-hints.ts'
import { findClaimants, identityRefs, requireSession, settleIdentity } from './identity.ts'
import { checkLoad } from './push-check.ts'
import { isArbiter, pushTarget } from './push-target.ts'
import { setUpstreams, type Upstream, upstreamsOf, withoutUpstream } from './push-upstream.ts'
import { requireSharing } from './sync.ts'
import { checkMeta, type Workspace } from './workspace.ts'

export interface PushRequest {
  readonly remote?: string
  readonly refspecs: readonly string[]
  /** Options for `git push`. */
  readonly options: readonly string[]
  readonly unfenced: boolean
  /** The value of `--session`. */
  readonly session?: string
}

export interface PushAnswer {
  readonly remote: string
  /** Null for a push without a fence. */
  readonly session: Session | null
  readonly pushed: readonly { readonly ref: string; readonly oid: string | null }[]
  /** What `-u` has set. */
  readonly upstreams: readonly Upstream[]
}

/** Options that choose or change what is pushed: the dry run has done what they say. */
const CHOOSING =
  /^(?:--(?:all|branches|mirror|tags|delete|prune|force|force-with-lease(?:=.*)?|force-if-includes|follow-tags|dry-run|porcelain|atomic|repo(?:=.*)?)|-[dfn])$/

/**
 * `git push`, fenced by the session's locks (design §7). Throws DW_LOST, DW_LOCKED, DW_REMOTE for a remote
 * that does not decide about locks, DW_GIT for what git would not push, DW_USAGE, DW_OFFLINE.
 */
export async function push(workspace: Workspace, request: PushRequest): Promise<PushAnswer> {
  const { git, around } = workspace
  const { signal } = around
  const { refspecs } = request
  const { options, sets } = withoutUpstream(request.options)
  const remote = await pushTarget(workspace, request.remote, refspecs)
  const fences = workspace.shared !== null && (await isArbiter(workspace, remote))
  if (!fences && !request.unfenced) throw noFence(workspace, remote)
  if (fences && request.unfenced) throw fencedAnyway(remote)
  if (fences && !requireSharing(workspace).sharing.arbiter.atomic) throw advisory(remote)
  const claimants = await findClaimants(workspace, request.session)
  const snapshot = await workspace.store.read({ refs: identityRefs(claimants) })
  checkMeta(snapshot, 'write')
  const mine = fences ? requireSession(settleIdentity(workspace, claimants, snapshot)) : null
  const asks = (await around.terminal()) !== null
  const trace = traceFile(workspace)
  const { moves, result, isAway } = await dryPush(git, remote, { refspecs, options, asks, trace, signal })
  signal.throwIfAborted()
  const wanted = moves.filter(({ flag }) => flag !== '=')
  if (result.status !== 0 || wanted.some(({ flag }) => flag === '!')) {
    if (fences && isAway) throw requireSharing(workspace).sharing.arbiter.pushedInVain(result.stderr)
    throw gitError(['push'], result, lookAtPush(remote))
  }
  refuseRecords(wanted)
  const isDry = options.some((each) => ['-n', '--dry-run'].includes(each))
  const upstreams = sets && !isDry ? await upstreamsOf(workspace, remote, moves) : []
  if (wanted.length === 0 || isDry) {
    return { remote, session: null, pushed: [], upstreams: await setUpstreams(workspace, upstreams) }
  }
  if (mine === null) {
    await pushPlainly(workspace, remote, { refspecs, options, asks, signal })
    const pushed = wanted.map(({ to }) => ({ ref: to, oid: null }))
    return { remote, session: null, pushed, upstreams: await setUpstreams(workspace, upstreams) }
  }
  const branches = await plainSteps(workspace, wanted)
  const olds = await oldValues(workspace, wanted)
  const tips = branches.flatMap(({ to }) => to ?? [])
  const known = (await resolveNames(git, [...olds.values()])).filter((oid) => oid !== null)
  const load = {
    paths: await touchedPaths(git, tips, known, remote),
    branches: wanted.flatMap(({ from, to }) => [shortName(from), shortName(to)]),
  }
  const { sharing } = requireSharing(workspace)
  const steps = branches.map((step) => leased(step, wanted, olds))
  const session = await sharing.alone(
    () =>
      fencedPush(sharing, {
        session: mine.session.id,
        branches: steps,
        more: options.filter((option) => !CHOOSING.test(option)),
        check: (agreed, local) => checkLoad(workspace, load, agreed, local),
      }),
    { waits: true },
  )
  const pushed = branches.map(({ ref, to }) => ({ ref, oid: to }))
  return { remote, session, pushed, upstreams: await setUpstreams(workspace, upstreams) }
}

/** A file for what git notes of one push. */
function traceFile({ repository, around }: Workspace): string {
  return join(repository.commonDir, 'dw', `push-${around.randomWord()}.trace`)
}

/** A push that no lock stands behind, by git itself. */
async function pushPlainly(
  workspace: Workspace,
  remote: string,
  request: Omit<DryPush, 'trace'>,
): Promise<void> {
  const args = ['push', '--porcelain', ...request.options, '--', remote, ...request.refspecs]
  // where it is ended in the middle, git's end by a signal is what can be said
  const hurry = { signal: request.signal, left: PUSH_LEFT }
  const result = await workspace.git.run(args, { foreground: true, hurry, asks: request.asks })
  if (result.status !== 0) throw gitError(args, result, lookAtPush(remote))
}

/** The branches with raw ids as their sources. */
async function plainSteps(workspace: Workspace, moves: readonly BranchMove[]): Promise<PlainStep[]> {
  const sources = moves.filter(({ flag }) => flag !== '-')
  const oids = await resolveNames(
    workspace.git,
    sources.map(({ from }) => from),
  )
  return moves.map(({ flag, to }, at) => {
    if (flag === '-') return { ref: to, to: null }
    const oid = oids[sources.indexOf(moves[at] as BranchMove)] ?? null
    if (oid === null) throw new DwError('DW_NOT_FOUND', `what is to be pushed to "${to}" is gone`)
    return { ref: to, to: oid }
  })
}

/** What the remote has now where something is replaced. */
async function oldValues(workspace: Workspace, moves: readonly BranchMove[]): Promise<Map<string, string>> {
  const refs = moves.filter(({ flag }) => flag !== '*').map(({ to }) => to)
  if (refs.length === 0) return new Map()
  const { arbiter } = requireSharing(workspace).sharing
  const { refs: found, said } = await listRemote(workspace.git, arbiter.address, refs)
  if (found === null) {
    workspace.around.signal.throwIfAborted()
    throw arbiter.offline(said)
  }
  return new Map([...found].filter(([ref]) => refs.includes(ref)))
}

/** What git was told to force is leased on what the remote has: nothing else is thrown away. */
function leased(step: PlainStep, moves: readonly BranchMove[], olds: ReadonlyMap<string, string>): PlainStep {
  const flag = moves.find(({ to }) => to === step.ref)?.flag
  const old = olds.get(step.ref)
  return (flag === '+' || flag === '-') && old !== undefined ? { ...step, lease: old } : step
}

function shortName(ref: string): string {
  return ref.replace(/^refs\/(?:heads|tags)\//, '')
}

function refuseRecords(moves: readonly BranchMove[]): void {
  const record = moves.find(({ to }) => /^refs\/dw(?:-local)?\//.test(to))
  if (record === undefined) return
  throw new DwError('DW_USAGE', `"${record.to}" is a record of git dw and is not pushed by hand`, {
    hints: ['exchange records with: git dw sync'],
  })
}

function noFence(workspace: Workspace, remote: string): DwError {
  const { shared } = workspace
  const message =
    shared === null
      ? 'the locks of this clone are not shared: nothing fences a push'
      : `"${remote}" does not decide about locks: a push there cannot be fenced`
  const hint =
    shared === null
      ? 'share them: git dw share'
      : `push to the one that does: git dw push ${shared.sharing.arbiter.name}`
  return new DwError('DW_REMOTE', message, {
    hints: [hint, `or push without a fence: git dw push --unfenced ${remote}`],
    details: { remote },
  })
}

function fencedAnyway(remote: string): DwError {
  return new DwError('DW_USAGE', `pushes to "${remote}" are fenced: --unfenced is for other remotes`, {
    hints: [`git dw push ${remote}`],
  })
}

function advisory(remote: string): DwError {
  return new DwError('DW_REMOTE', `"${remote}" has no --atomic: a push there cannot be fenced`, {
    hints: ['push without a fence: git push'],
    details: { remote },
  })
}
