import { join } from 'node:path'
import { formatDuration } from '../domain/duration.ts'
import { DwError } from '../domain/error.ts'
import type { BlobId } from '../domain/record.ts'
import type { Git } from '../git/exec.ts'
import {
  fetchRecords,
  listRemote,
  type PlainStep,
  type PushOutcome,
  pushSteps,
  type RemoteAddress,
  type RemoteStep,
} from '../git/remote.ts'
import { saidBy, toldReason } from '../git/told-reason.ts'
import { META_REF } from '../store/ref-names.ts'
import { lookAtPush, lookAtRemote } from './look-hints.ts'
import { type RemoteRefs, remoteRefs } from './remote-refs.ts'

/** The remote that decides (design §7), as this clone calls it. */
export interface ArbiterOptions {
  readonly name: string
  /** Null where git has no remote of that name any more; what git died of where it does not tell. */
  readonly address: RemoteAddress | DwError | null
  /** False for a server without --atomic: its locks are advisory. */
  readonly atomic: boolean
  readonly commonDir: string
  /** A new random word. */
  readonly nonce: () => string
  /** Says one line to the person watching. */
  readonly say: (line: string) => void
}

/** Calls to the arbiter; all of them go to its push URL. */
export class Arbiter {
  readonly name: string
  readonly atomic: boolean
  readonly refs: RemoteRefs
  readonly #git: Git
  readonly #options: ArbiterOptions

  constructor(git: Git, options: ArbiterOptions) {
    this.name = options.name
    this.atomic = options.atomic
    this.refs = remoteRefs(options.name)
    this.#git = git
    this.#options = options
  }

  /** Where it is. Throws DW_REMOTE where git has no remote of that name any more, DW_GIT where it does not tell. */
  get address(): RemoteAddress {
    const { address } = this.#options
    if (address instanceof DwError) throw address
    if (address !== null) return address
    throw new DwError('DW_REMOTE', `there is no remote "${this.name}" here, but the locks are shared there`, {
      hints: ['if it was renamed: git dw share <new name>', 'or share nothing any more: git dw share --off'],
      details: { remote: this.name },
    })
  }

  /**
   * One push of `steps`. `meta` is the blob that the arbiter's meta is known to have: it sends nothing, but
   * the push is refused where it is another, so that nothing is decided by a server that was reset.
   */
  async push(
    steps: readonly RemoteStep[],
    meta: BlobId | null,
    options: { readonly plain?: readonly PlainStep[]; readonly more?: readonly string[] } = {},
  ): Promise<PushOutcome> {
    const known = steps.some(({ ref }) => ref === META_REF) || meta === null
    const guarded = known ? steps : [...steps, { ref: META_REF, lease: meta, to: meta }]
    const { atomic, commonDir, nonce, say } = this.#options
    const how = { ...options, atomic, scratch: join(commonDir, 'dw'), token: nonce() }
    const { signal } = this.address
    const tell = () => say(`interrupted; waiting a moment for what "${this.name}" says to what was sent`)
    signal.addEventListener('abort', tell)
    try {
      return await this.#call(
        () => pushSteps(this.#git, this.address, guarded, how),
        ({ outcome }) => outcome === 'unsent',
      )
    } finally {
      signal.removeEventListener('abort', tell)
    }
  }

  /** What stands there under `refs/dw`, and at `more` refs. Throws DW_OFFLINE, DW_INTERRUPTED. */
  async list(more: readonly string[] = []): Promise<ReadonlyMap<string, BlobId>> {
    const { refs, said } = await this.#call(
      () => listRemote(this.#git, this.address, ['refs/dw/*', ...more]),
      (result) => result.refs === null,
    )
    if (refs === null) throw this.offline(said)
    return refs
  }

  /** Mirrors it to `seen`. Throws DW_OFFLINE, DW_INTERRUPTED. */
  async fetch(): Promise<void> {
    const result = await this.#call(
      () => fetchRecords(this.#git, this.address, this.refs.seen),
      ({ status }) => status !== 0,
    )
    if (result.status !== 0) throw this.offline(saidBy(result))
  }

  /** Calls it. Throws what the user interrupted it with where that came to nothing, and DW_REMOTE, DW_GIT. */
  async #call<T>(call: () => Promise<T>, isInVain: (result: T) => boolean): Promise<T> {
    const { signal } = this.address
    // what is called after an interruption takes back what was done before
    const isCalm = !signal.aborted
    const result = await call()
    if (isCalm && signal.aborted && isInVain(result)) throw signal.reason
    return result
  }

  /** DW_OFFLINE, with git's own words; without any for a call that took too long. */
  offline(said: string): DwError {
    return this.#away(said, lookAtRemote(this.name), ['without it: git dw claim --offline …'])
  }

  /** The same for a push of branches, which nothing stands in for. */
  pushedInVain(said: string): DwError {
    return this.#away(said, lookAtPush(this.name), [])
  }

  #away(said: string, look: string, otherwise: readonly string[]): DwError {
    const why = toldReason(said)
    const longer = formatDuration((this.address.timeout / 1000) * 2)
    const more = why === null ? [`give it more time: git config dw.remoteTimeout ${longer}`] : []
    const told = why ?? 'it did not answer in time'
    return new DwError('DW_OFFLINE', `the remote "${this.name}" cannot be reached: ${told}`, {
      hints: [look, ...more, 'then try again', ...otherwise],
      details: { remote: this.name, stderr: said },
    })
  }

  /** DW_UNKNOWN_OUTCOME: what was sent may have landed or not. */
  unknown(said: string): DwError {
    const why = toldReason(said)
    return new DwError(
      'DW_UNKNOWN_OUTCOME',
      `the remote "${this.name}" did not say what became of the change${why === null ? '' : `: ${why}`}`,
      {
        hints: ['find out, once it answers again: git dw sync', 'then look: git dw status'],
        details: { remote: this.name, stderr: said },
      },
    )
  }

  /**
   * DW_REMOTE for a push that it breaks off each time, although it answers and takes smaller ones: a limit of a
   * web server before it, mostly. Nothing of it has landed.
   */
  breaksOff(said: string): DwError {
    const why = toldReason(said) ?? 'it does not answer to it'
    return new DwError('DW_REMOTE', `the remote "${this.name}" does not take a push like this: ${why}`, {
      hints: [
        'push less at once: fewer keys, or a part of the commits',
        'or ask whoever runs it how large a push may be, then try again',
      ],
      details: { remote: this.name, stderr: said },
    })
  }

  /** DW_REMOTE_RESET: the absence of refs there means nothing any more. */
  reset(problem: string): DwError {
    return new DwError('DW_REMOTE_RESET', `the records on the remote "${this.name}" ${problem}`, {
      hints: [
        'find out who replaced them: a new server, or a push --mirror',
        'put back what this clone knows: git dw share --again',
      ],
      details: { remote: this.name },
    })
  }
}
