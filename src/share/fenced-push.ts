import { DwError } from '../domain/error.ts'
import type { BlobId, Session, SessionId } from '../domain/record.ts'
import { movedFence } from '../domain/session.ts'
import type { PlainStep, RemoteStep } from '../git/remote.ts'
import { toldReason } from '../git/told-reason.ts'
import { activeRef, endedRef, META_REF, type RefName } from '../store/ref-names.ts'
import type { Entry } from '../store/store.ts'
import { lookAtPush } from './look-hints.ts'
import { reconcile } from './reconcile.ts'
import { whyNotNoted } from './refusals.ts'
import { MOST_LOST, settle } from './settle.ts'
import type { Sharing } from './sharing.ts'
import { syncRecords } from './sync.ts'
import { sessionOf } from './views.ts'

/** What is pushed, by whom, and who judges it. */
export interface FencedPush {
  readonly session: SessionId
  readonly branches: readonly PlainStep[]
  /** Options for git that the user gave. */
  readonly more: readonly string[]
  /**
   * Throws DW_LOST or DW_LOCKED when the push must not be. `agreed` is the session as the arbiter and this
   * clone agreed on it last, read before anything else; `local` as it stands here.
   */
  readonly check: (agreed: Session, local: Session) => Promise<void>
}

/** How often it is decided anew because the session moved. */
const ROUNDS = 20

/** Before it is decided anew although the session has not moved: a lock file stood in the way there, perhaps. In milliseconds. */
const PAUSE = { least: 100, most: 500 }

/**
 * Pushes branches together with the session's moved fence, in one atomic push: the arbiter refuses both when
 * the session is not exactly as it was when the locks were judged (design §7, git dw push 2 to 5). The
 * caller holds the mutex, so that this clone pushes the session from nowhere else. Returns the session.
 * Throws what `check` throws, DW_OFFLINE, DW_UNKNOWN_OUTCOME, DW_BUSY, DW_GIT for a branch that is refused.
 */
export async function fencedPush(sharing: Sharing, push: FencedPush): Promise<Session> {
  const { arbiter, side } = sharing
  const ref = activeRef(push.session)
  await syncRecords(sharing)
  let lost = 0
  let unexplained = 0
  for (let round = 1; round <= ROUNDS; round += 1) {
    sharing.runtime.signal.throwIfAborted()
    // the base is read once, before the checks: a sync in between brings a revocation, and moves it
    const { base, agreed, entry, local, meta } = await look(sharing, ref, push.session)
    await push.check(agreed, local)
    const moved = movedFence(local, sharing.timestamp())
    const change = { ref, from: entry, to: moved }
    const staged = side.store.stage([change])
    const next = staged.updates[0]?.to ?? null
    const steps: RemoteStep[] = [{ ref, lease: base, to: next }]
    await side.store.write(staged.bodies)
    const pushed = await arbiter.push(steps, meta, { plain: push.branches, more: push.more })
    if (pushed.outcome === 'unsent') throw arbiter.offline(pushed.said)
    const all = [...steps, ...push.branches.map(({ ref: branch, to }) => ({ ref: branch, lease: null, to }))]
    const landed =
      pushed.outcome === 'accepted' ||
      (pushed.outcome === 'unclear' && (await settle(sharing, all, [change], pushed)).outcome === 'landed')
    if (landed) {
      await follow(sharing, ref, { base, local: entry.oid, remote: next }).catch((error: unknown) => {
        if (!(error instanceof DwError)) throw error
        const why = `could not note it: ${whyNotNoted(error)}`
        sharing.runtime.say(`the push has landed, but this clone ${why}; git dw sync does`)
      })
      return moved
    }
    if (pushed.outcome === 'unclear') lost += 1
    const report = await syncRecords(sharing)
    if (lost > MOST_LOST) throw arbiter.breaksOff(pushed.said)
    const now = (await side.values([ref])).base.get(ref)
    const isKnown = now !== base || report.moved.includes(ref)
    unexplained = pushed.outcome === 'refused' && !isKnown ? unexplained + 1 : 0
    if (unexplained > 1) throw branchRefused(arbiter.name, pushed.said)
    const { sleep, random } = sharing.runtime
    if (unexplained > 0) await sleep(PAUSE.least + (PAUSE.most - PAUSE.least) * random())
  }
  throw new DwError('DW_BUSY', `others kept changing the record of ${push.session}`, { hints: ['try again'] })
}

/** The session on both sides. Throws DW_LOST when it does not live any more. */
async function look(sharing: Sharing, ref: RefName, id: SessionId) {
  const { side } = sharing
  const ended = endedRef(id)
  const { base: bases, local: locals } = await side.values([ref, ended, META_REF])
  // it wins over a live record, which an end that was cut short has left (design §3)
  if (bases.has(ended) || locals.has(ended)) throw gone()
  const base = bases.get(ref) ?? null
  const entry = (await side.store.read({ refs: [ref] })).get(ref)
  const local = entry?.content.ok ? sessionOf(entry.content.record) : null
  if (base === null || entry === undefined || local === null) throw gone()
  const agreed = sessionOf((await side.records([{ ref, oid: base }])).get(base))
  if (agreed === null) throw gone()
  return { base, agreed, entry: entry as Entry, local, meta: bases.get(META_REF) ?? null }
}

/** This clone follows: local first, then base; brought together with what moved here meanwhile. */
async function follow(
  sharing: Sharing,
  ref: RefName,
  was: { readonly base: BlobId; readonly local: BlobId; readonly remote: BlobId | null },
): Promise<void> {
  const { side } = sharing
  const to = was.remote
  const step = { ref, groups: [], local: { from: was.local, to }, base: { from: was.base, to } }
  if ((await side.follow([step])).size === 0) return
  const { base, local } = await side.values([ref])
  // another push of this clone has moved it since: the arbiter has what came after
  if ((base.get(ref) ?? null) !== was.base) return
  const view = { ref, base: base.get(ref) ?? null, local: local.get(ref) ?? null, remote: was.remote }
  await reconcile(side, new Map([[ref, view]]), sharing.timestamp())
}

function gone(): DwError {
  return new DwError('DW_LOST', 'the session has ended at the remote', {
    hints: ['see where you stand: git dw status'],
  })
}

function branchRefused(remote: string, said: string): DwError {
  const why = toldReason(said)
  return new DwError(
    'DW_GIT',
    `the remote "${remote}" does not take the branch${why === null ? '' : `: ${why}`}; your locks are in order`,
    {
      hints: ['get what others pushed, then try again: git pull', lookAtPush(remote)],
      details: { stderr: said },
    },
  )
}
