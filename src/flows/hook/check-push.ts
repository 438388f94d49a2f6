import { DwError } from '../../domain/error.ts'
import { refusedFor, type Trespass } from '../../domain/trespass.ts'
import { type PushedRange, pushedPaths, pushedPathsOfShallow, shallowEdge } from '../../git/changed-paths.ts'
import { Git } from '../../git/exec.ts'
import type { Surroundings } from '../surroundings.ts'
import { corrupt, type Workspace } from '../workspace.ts'
import { lookAtArbiter } from './look-at-arbiter.ts'
import { meetPaths, myId, type OthersGround, readOthersGround } from './others-ground.ts'
import type { PushedRef } from './pushed-refs.ts'

/** A push as git tells a pre-push hook of it. */
export interface PushRequest {
  /** The remote's name, or its URL where it has none. */
  readonly remote: string
  readonly url: string
  /** What stood on the hook's stdin. */
  readonly refs: readonly PushedRef[]
  /** What was started before the repository was opened. */
  readonly early: EarlyPaths
}

/** The changed paths, on their way, for what the remote's name alone says of what it has. */
export interface EarlyPaths {
  readonly globs: readonly string[]
  readonly paths: Promise<Set<string> | null>
}

/** Starts to look for the paths of a push: that takes the longest, and most often needs no setting. */
export function startPaths(around: Surroundings, remote: string, refs: readonly PushedRef[]): EarlyPaths {
  const globs = globsOf(remote)
  const paths = pathsFor(around, rangeOf(refs, globs), undefined)
  // it is awaited later, or given up
  paths.catch(() => undefined)
  return { globs, paths }
}

/**
 * Refuses a push that changes what other live sessions hold (design §10): throws DW_LOCKED naming each path
 * or branch and its holder, DW_USAGE for refs that only git dw pushes, DW_CORRUPT_STATE for a lock that
 * cannot be read. What could not be checked is said, or refused, by `dw.prePushOffline`.
 */
export async function checkPush(workspace: Workspace, request: PushRequest): Promise<void> {
  const { settings, around } = workspace
  if (!settings.hooks) return
  const { refs } = request
  refuseOwnRefs(refs)
  const { prePushFresh: fresh, hookTimeout: timeout } = settings
  const arbiter = await lookAtArbiter(workspace, { fresh, timeout })
  if (arbiter.known === 'stale') unchecked(workspace, `the arbiter's locks are not known: ${arbiter.why}`)
  const [others, paths] = await Promise.all([readOthersGround(workspace), pathsOfPush(workspace, request)])
  if (paths === null) unchecked(workspace, 'what these commits change is not all in this partial clone')
  const branches = meetBranches(others, refs)
  const met = await meetPaths(workspace, others, paths ?? [])
  around.signal.throwIfAborted()
  const trespasses = [...branches, ...met.trespasses]
  if (trespasses.length > 0) {
    const what = `the push to "${request.remote}" is refused: others hold what it changes`
    throw refusedFor(what, trespasses, (met.ground ?? others.ground).vantage, whoHints(others))
  }
  const [damaged] = met.damaged
  if (damaged !== undefined) throw corrupt(damaged)
}

function refuseOwnRefs(refs: readonly PushedRef[]): void {
  const own = refs.filter(({ ref }) => ref === 'refs/dw' || ref.startsWith('refs/dw/'))
  const [first] = own
  if (first === undefined) return
  const more = own.length > 1 ? ` and ${own.length - 1} more` : ''
  throw new DwError('DW_USAGE', `"${first.ref}"${more}: refs under refs/dw are pushed by git dw alone`, {
    hints: ['share them with: git dw sync', 'push without them: name your branches'],
    details: { ref: first.ref },
  })
}

/** Says that a push is not fully checked, and that it goes on; throws where the user wants no such push. */
function unchecked(workspace: Workspace, why: string): void {
  if (workspace.settings.prePushOffline === 'deny') {
    throw new DwError('DW_BUSY', `the push is refused: ${why} (dw.prePushOffline is deny)`, {
      hints: ['try again when they can be seen'],
    })
  }
  workspace.around.say(`git dw: ${why}; the push is checked by what is known here`)
}

async function pathsOfPush(workspace: Workspace, request: PushRequest): Promise<Set<string> | null> {
  const { settings, around, repository } = workspace
  const remotes = [request.remote, ...settings.remotesAt(request.url)]
  const globs = [...new Set(remotes.flatMap((name) => [...globsOf(name), ...settings.fetchedInto(name)]))]
  const edge = await shallowEdge(repository.commonDir)
  const isEarly = edge === undefined && globs.every((glob) => request.early.globs.includes(glob))
  return isEarly ? request.early.paths : pathsFor(around, rangeOf(request.refs, globs), edge)
}

function rangeOf(refs: readonly PushedRef[], globs: readonly string[]): PushedRange {
  return { tips: refs.flatMap(({ to }) => to ?? []), known: refs.flatMap(({ from }) => from ?? []), globs }
}

async function pathsFor(
  around: Surroundings,
  range: PushedRange,
  edge: ReadonlySet<string> | undefined,
): Promise<Set<string> | null> {
  if (range.tips.length === 0) return new Set()
  // nothing is fetched to decide: newer git is told so, older git is left without a way to do it
  const env = { ...around.env, GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none' }
  const git = new Git(env, around.cwd, around.trace)
  return edge === undefined ? pushedPaths(git, range) : pushedPathsOfShallow(git, edge, range)
}

/** The refs that a remote of this name is fetched into by default. */
function globsOf(remote: string): string[] {
  return REMOTE_NAME.test(remote) ? [`refs/remotes/${remote}/*`] : []
}

/** What can be a remote's name and no URL. */
const REMOTE_NAME = /^[^:*?[\\]+$/

/** A push to, or a deletion of, a branch of a task that another live session holds. */
function meetBranches(others: OthersGround, refs: readonly PushedRef[]): Trespass[] {
  const me = myId(others.identity)
  return others.tasks.flatMap((holding): Trespass[] => {
    const { record, state } = holding
    if (record.branch === undefined || state !== 'live' || record.session === me) return []
    const pushed = refs.some(({ ref }) => ref === `refs/heads/${record.branch}`)
    return pushed ? [{ holding, paths: [], branch: record.branch }] : []
  })
}

/** Where nobody is known to push, the way to say who it is. */
function whoHints({ identity }: OthersGround): string[] {
  if (identity.who === 'session') return []
  if (identity.doubt !== undefined) return [`who you are is in doubt: ${identity.doubt.message}`]
  return ['if they are yours, say so: DW_SESSION=<session> git push …']
}
