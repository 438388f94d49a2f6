import type { Whole } from '../checker.ts'
import type { Event, RefMove } from '../history.ts'

type Moved = Extract<Event, { kind: 'arbiter moved' }>

/** Fence and rev only grow, and what a session lost stays noted until it holds that again, or has ended. */
export function checkRecord(
  { history, arbiter, report }: Whole,
  where: string,
  move: RefMove,
  at: number,
): void {
  const { ref, from, to } = move
  if (from === null || to === null || !ref.startsWith('refs/dw/')) return
  const [before, after] = [history.record(from), history.record(to)]
  if (before === null || after === null || before['rev'] === undefined) return
  const isAnother = before['kind'] === 'session' && before['createdAt'] !== after['createdAt']
  if (isAnother) return
  const isArbiter = where === 'the arbiter'
  const [old, rev] = [Number(before['rev']), Number(after['rev'])]
  if (isArbiter && rev <= old)
    report('growth', `the rev of ${ref} went from ${old} to ${rev} at ${where}`, at)
  const [was, is] = [arbiter.session(ref, from), arbiter.session(ref, to)]
  if (was === null || is === null) return
  if (is.fence < was.fence) {
    report('growth', `the fence of ${is.id} went from ${was.fence} to ${is.fence} at ${where}`, at)
  }
  if (!isArbiter || is.isOver) return
  for (const { lock, place } of was.revoked) {
    if (is.revoked.some((each) => each.lock === lock)) continue
    if (!arbiter.wasHeldAgain(lock))
      report('noted loss', `${is.id} does not know any more that it lost ${place}`, at)
  }
}

/**
 * No lock comes, goes or changes hands but with its session's record, which comes first, and its fence moves. A
 * server writes what is there already before what is new: one that is killed in between may leave a lock without
 * the record of a session of which it has never heard. Nobody holds such a lock.
 */
export function checkGuard({ arbiter, report }: Whole, { move, transaction, cut }: Moved, at: number): void {
  const sides = [arbiter.lock(move.ref, move.from), arbiter.lock(move.ref, move.to)]
  const [before, after] = sides
  const isSameHolder = before?.session === after?.session
  for (const lock of isSameHolder ? sides.slice(0, 1) : sides) {
    if (lock === null || lock === undefined) continue
    // what a session left that has ended guards nothing any more: whoever meets it may take it away
    if (move.to === null && arbiter.sessionOf(lock.session)?.isOver === true) continue
    const guard = arbiter.guard(transaction, lock.session)
    if (guard === null) {
      if (cut === true && arbiter.sessionOf(lock.session) === null) continue
      report('guard', `${lock.place} changed without the record of ${lock.session}`, at)
    } else if (guard.after <= guard.before) {
      report('guard', `${lock.place} changed, and the fence of ${lock.session} stayed at ${guard.after}`, at)
    }
  }
}
