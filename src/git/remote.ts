import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlobId } from '../domain/record.ts'
import { type Git, type GitOptions, type GitResult, gitError } from './exec.ts'
import { hasSentNothing } from './push-notes.ts'
import { saidBy } from './told-reason.ts'

/** A remote repository as it is called: its final URL, and how long a call may take, in milliseconds; a push of many refs takes longer. */
export interface RemoteAddress {
  readonly url: string
  readonly timeout: number
  /** Whether git may ask the person at the terminal for a password. */
  readonly asks: boolean
  /** Aborted when the user interrupts: a call then ends within seconds. */
  readonly signal: AbortSignal
}

/** One ref's step at the remote: only from `lease` (null: it must not be there), to `to` (null: deleted). */
export interface RemoteStep {
  readonly ref: string
  readonly lease: string | null
  readonly to: string | null
}

/** A branch or tag as it was pushed: git's own rules decide, unless a `lease` is given. */
export interface PlainStep {
  readonly ref: string
  readonly to: string | null
  readonly lease?: string
}

/**
 * What became of a push. `unsent`: the remote was never reached, nothing can land. `unclear`: it may have
 * landed, or may land still. `taken` are the refs that were accepted, for remotes without --atomic.
 */
export interface PushOutcome {
  readonly outcome: 'accepted' | 'refused' | 'unsent' | 'unclear'
  readonly taken: ReadonlySet<string>
  /** What git said; only ever shown. */
  readonly said: string
}

export interface PushOptions {
  readonly atomic: boolean
  /** A directory for a short-lived file in which git notes what it did. */
  readonly scratch: string
  readonly token: string
  /** Options of the user's own, such as `--push-option`. */
  readonly more?: readonly string[]
  readonly plain?: readonly PlainStep[]
}

/** Settings of the user's that would change what a call does (design §7, measured). */
const PROOF = [
  'core.hooksPath=/dev/null',
  'core.logAllRefUpdates=false',
  'push.pushOption=',
  'push.negotiate=false',
  'fetch.writeCommitGraph=false',
].flatMap((setting) => ['-c', setting])

/** What each ref of a push may take beyond the timeout of a call, in milliseconds. */
const EACH_REF = 100

const PUSH_FLAGS = [
  '--porcelain',
  '--no-verify',
  '--no-signed',
  '--no-follow-tags',
  '--recurse-submodules=no',
]
const FETCH_FLAGS = [
  '--quiet',
  '--prune',
  '--no-prune-tags',
  '--no-tags',
  '--refmap=',
  '--no-write-fetch-head',
  '--no-recurse-submodules',
  '--no-auto-maintenance',
]

/** Pushes `steps` in one go, to the URL, each with its lease (design §7, Calls). */
export async function pushSteps(
  git: Git,
  remote: RemoteAddress,
  steps: readonly RemoteStep[],
  options: PushOptions,
): Promise<PushOutcome> {
  const plain = options.plain ?? []
  const leases = [...steps, ...plain].flatMap(({ ref, lease }) =>
    lease === undefined ? [] : [`--force-with-lease=${ref}:${lease ?? ''}`],
  )
  const specs = [...steps, ...plain].map(({ ref, to }) => `${to ?? ''}:${ref}`)
  const flags = [...(options.atomic ? ['--atomic'] : ['--no-atomic']), ...PUSH_FLAGS, ...(options.more ?? [])]
  const trace = join(options.scratch, `push-${options.token}.trace`)
  const args = [...PROOF, ...asIs(remote), 'push', ...flags, ...leases, '--', remote.url, ...specs]
  try {
    // git compares each ref that is pushed with all there are, here and there
    const call = callOptions({ ...remote, timeout: remote.timeout + EACH_REF * specs.length }, PUSH_LEFT)
    const variables = { ...call.variables, GIT_TRACE2_EVENT: trace }
    const result = await git.run(args, { ...call, variables })
    const all = [...steps, ...plain]
    const told = outcomeOf(
      result,
      all.map(({ ref }) => ref),
    )
    if (told !== null) return told
    const { pid, status, stderr } = result
    // git leaves out what is there already, and packs nothing for a deletion
    const packs = all.every(({ to }) => to !== null) && all.some(({ to, lease }) => to !== lease)
    const isUnsent = await hasSentNothing(trace, { pid, status, packs })
    return { outcome: isUnsent ? 'unsent' : 'unclear', taken: new Set(), said: stderr }
  } finally {
    await rm(trace, { force: true }).catch(() => undefined)
  }
}

/**
 * Reads the porcelain lines (git-push(1), OUTPUT), one a ref. Only a refusal that git or the remote
 * reports ref by ref is one; anything less leaves open whether the push landed or still will, and without any
 * line it is not even known whether it was sent: null.
 */
function outcomeOf(result: GitResult, wanted: readonly string[]): PushOutcome | null {
  const lines = new Map<string, { flag: string; summary: string }>()
  for (const line of result.stdout.toString('utf8').split('\n')) {
    const match = /^([ +\-*=!])\t(.*):([^:\t]+)\t(.*)$/.exec(line)
    if (match) lines.set(match[3] ?? '', { flag: match[1] ?? '', summary: match[4] ?? '' })
  }
  const said = result.stderr
  const isTaken = (ref: string) => ' +-*='.includes(lines.get(ref)?.flag ?? '!')
  const taken = new Set(wanted.filter(isTaken))
  if (result.status === 0 && taken.size === wanted.length) return { outcome: 'accepted', taken, said }
  const refusals = [...lines.values()].filter(({ flag }) => flag === '!')
  const isCertain = ({ summary }: { summary: string }) => /^\[(?:remote )?rejected\]/.test(summary)
  if (refusals.length > 0 && refusals.every(isCertain)) return { outcome: 'refused', taken, said }
  return lines.size === 0 ? null : { outcome: 'unclear', taken: new Set(), said }
}

/** Fetches `refs/dw/*` to below `seen`, which then mirrors the remote. The result is for its exit status. */
export async function fetchRecords(git: Git, remote: RemoteAddress, seen: string): Promise<GitResult> {
  const args = [...PROOF, ...asIs(remote), 'fetch', ...FETCH_FLAGS, '--', remote.url, `+refs/dw/*:${seen}/*`]
  return git.run(args, callOptions(remote, leftToRead(remote)))
}

/** What stands at the remote under `pattern`; null when it cannot be read, with what git said. */
export async function listRemote(
  git: Git,
  remote: RemoteAddress,
  patterns: readonly string[],
): Promise<{ readonly refs: ReadonlyMap<string, BlobId> | null; readonly said: string }> {
  const result = await git.run(
    [...PROOF, ...asIs(remote), 'ls-remote', '--quiet', '--', remote.url, ...patterns],
    callOptions(remote, leftToRead(remote)),
  )
  if (result.status !== 0) return { refs: null, said: saidBy(result) }
  const lines = result.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '')
  const refs = lines.map((line): [string, BlobId] => {
    const [oid = '', ref = ''] = line.split('\t')
    return [ref, oid as BlobId]
  })
  return { refs: new Map(refs), said: result.stderr }
}

/** The exit status of `git remote get-url` where there is no such remote (git-remote(1), EXIT STATUS). */
const NO_SUCH_REMOTE = 2

/**
 * The URL that `git push <name>` would use, rewritten by the user's `url.*` settings; null where there is no such
 * remote. Throws DW_GIT where git does not tell.
 */
export async function pushUrlOf(git: Git, name: string): Promise<string | null> {
  const args = ['remote', 'get-url', '--push', '--', name]
  const result = await git.run(args)
  if (result.status === NO_SUCH_REMOTE) return null
  if (result.status !== 0) throw gitError(args, result)
  return result.stdout.toString('utf8').split('\n')[0] ?? null
}

/** Keeps git from rewriting a URL again that is final already: the longest match wins. */
function asIs({ url }: RemoteAddress): string[] {
  if (url.includes('=')) return []
  return [`url.${url}.insteadOf=${url}`, `url.${url}.pushInsteadOf=${url}`].flatMap((each) => ['-c', each])
}

/** What a push has left when the user interrupts, in milliseconds: enough to hear what became of it. */
export const PUSH_LEFT = 5000
/** The same of a read: one that is under way at a remote that is well ends by itself, with all it writes. */
const READ_LEFT = 1000

/** A read that is interrupted is not needed any more; one that starts afterwards is part of taking things back. */
function leftToRead({ signal }: RemoteAddress): number {
  return signal.aborted ? PUSH_LEFT : READ_LEFT
}

function callOptions(remote: RemoteAddress, left: number): GitOptions {
  return {
    timeout: remote.timeout,
    hurry: { signal: remote.signal, left },
    whole: isElsewhere(remote),
    foreground: remote.asks,
    asks: remote.asks,
  }
}

/** Whether what git starts only carries to another machine: of a remote on this one, a part is the remote itself. */
function isElsewhere({ url }: RemoteAddress): boolean {
  return /^(?:https?|git|ssh|git\+ssh|ssh\+git):\/\//.test(url) || /^[^/:]+:(?!:|\/\/)/.test(url)
}
