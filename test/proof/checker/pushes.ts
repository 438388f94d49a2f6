import type { Whole } from '../checker.ts'
import type { Event } from '../history.ts'
import { covers, isOnLine } from './keys.ts'

type Moved = Extract<Event, { kind: 'arbiter moved' }>

/** A branch lands only with the fence of a session that lost nothing of what the branch touches. */
export function checkPush({ calls, arbiter, report }: Whole, event: Moved, at: number): void {
  const { move, transaction, call } = event
  const made = calls.get(call)
  if (!move.ref.startsWith('refs/heads/') || made?.call.kind !== 'push') return
  const { session, keys } = made.call
  if (session === null) return
  const guard = arbiter.guard(transaction, session)
  if (guard === null || guard.after <= guard.before) {
    report('revoked fence', `${move.ref} landed, and the fence of ${session} did not move`, at)
  }
  const record = arbiter.sessionOf(session)
  for (const key of keys) {
    // what it holds again is no loss any more
    const lost = record?.revoked.find(
      ({ place }) => isOnLine(place, key) && arbiter.heldBy(session, place) === undefined,
    )
    if (lost !== undefined && arbiter.heldBy(session, key) === undefined) {
      report('revoked fence', `${session} lost ${lost.place}, and ${move.ref} landed all the same`, at)
    }
    const other = arbiter.locks().find((lock) => lock.session !== session && isOnLine(lock.place, key))
    if (other !== undefined && believes(calls, session, key)) {
      report('revoked fence', `${move.ref} landed on ${key}, which ${other.session} holds`, at)
    }
  }
}

/** Whether the session was told that it holds `key`, and has let go of it neither since nor meanwhile. */
function believes(calls: Whole['calls'], session: string, key: string): boolean {
  let since: number | null = null
  for (const { call, answer, from } of calls.all()) {
    const isIts = call.session === session && (call.kind === 'claim' || call.kind === 'steal')
    if (isIts && answer?.code === null && call.keys.some((each) => covers(each, key))) since = from
  }
  return since !== null && !calls.gaveUp(session, key, since)
}
