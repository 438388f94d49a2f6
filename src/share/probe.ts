import { DwError } from '../domain/error.ts'
import type { BlobId } from '../domain/record.ts'
import type { PushOutcome, RemoteStep } from '../git/remote.ts'
import { toldReason } from '../git/told-reason.ts'
import type { GitStore } from '../store/git-store.ts'
import type { RefName } from '../store/ref-names.ts'
import type { Arbiter, ArbiterOptions } from './arbiter.ts'
import { lookAtRemote } from './look-hints.ts'

/** What a remote can do of what locks need (design §7). */
export interface Probe {
  /** It takes records under `refs/dw`, and shows them. */
  readonly takes: boolean
  readonly shows: boolean
  /** Several refs are changed all or none. */
  readonly atomic: boolean
  /** A change that is leased on another value than the remote has is refused. */
  readonly refusesStale: boolean
  /** A record can be replaced, and deleted. */
  readonly replaces: boolean
  readonly deletes: boolean
  /** What git said to what it refused; only ever shown. */
  readonly said: string
}

/** Makes the arbiter of given options; the probe asks with and without --atomic. */
export type MakeArbiter = (options: Pick<ArbiterOptions, 'atomic'>) => Arbiter

/**
 * Tries all of it out on a ref of its own, `refs/dw/probe/<token>`, which is gone afterwards where the
 * remote deletes. Throws DW_REMOTE when the remote cannot be reached.
 */
export async function probe(make: MakeArbiter, store: GitStore, token: string): Promise<Probe> {
  const ref: RefName = `refs/dw/probe/${token}`
  const { updates, bodies } = store.stage(
    ['one', 'two'].map((name) => ({
      ref,
      from: null,
      to: { kind: 'meta' as const, schema: 1, minReader: 1, id: `${name}-${token}` },
    })),
  )
  await store.write(bodies)
  const [one = null, two = null] = updates.map(({ to }) => to)
  const create: RemoteStep = { ref, lease: null, to: one }
  const strict = await make({ atomic: true }).push([create], null)
  const atomic = strict.outcome === 'accepted'
  const arbiter = make({ atomic })
  const first = strict.outcome === 'unsent' ? await arbiter.push([create], null) : strict
  if (first.outcome === 'unsent' || first.outcome === 'unclear') throw unreachable(arbiter, first)
  if (first.outcome === 'refused') {
    return {
      takes: false,
      shows: false,
      atomic,
      refusesStale: false,
      replaces: false,
      deletes: false,
      said: first.said,
    }
  }
  let now: BlobId | null = one
  const remove = () => arbiter.push([{ ref, lease: now, to: null }], null)
  const tried = async () => {
    const shows = (await arbiter.list()).get(ref) === one
    const stale = await arbiter.push([{ ref, lease: two, to: two }], null)
    const replaced = await arbiter.push([{ ref, lease: one, to: two }], null)
    if (replaced.outcome === 'accepted') now = two
    // what came to nothing because the user interrupts says nothing of the remote
    arbiter.address.signal.throwIfAborted()
    return { shows, stale, replaced }
  }
  const { shows, stale, replaced } = await tried().catch(async (error: unknown) => {
    await remove().catch(() => undefined)
    throw error
  })
  const deleted = await remove()
  if (deleted.outcome !== 'accepted') arbiter.address.signal.throwIfAborted()
  return {
    takes: true,
    shows,
    atomic,
    refusesStale: stale.outcome === 'refused',
    replaces: replaced.outcome === 'accepted',
    deletes: deleted.outcome === 'accepted',
    said: [replaced, deleted].find(({ outcome }) => outcome !== 'accepted')?.said ?? '',
  }
}

function unreachable(arbiter: Arbiter, { said }: PushOutcome): DwError {
  const why = toldReason(said) ?? 'it did not answer in time'
  return new DwError('DW_REMOTE', `the remote "${arbiter.name}" cannot be used: ${why}`, {
    hints: [lookAtRemote(arbiter.name), 'or share through another: git dw share <remote>'],
    details: { remote: arbiter.name, stderr: said },
  })
}
