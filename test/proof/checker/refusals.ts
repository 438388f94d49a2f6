import type { Whole } from '../checker.ts'
import type { Event } from '../history.ts'
import { isClaim } from './calls.ts'
import { covers } from './keys.ts'

type Answered = Extract<Event, { kind: 'answered' }>

/** What a command may end with where nothing is broken. */
const ORDINARY = new Set([
  'DW_LOCKED',
  'DW_LOST',
  'DW_NOT_OWNER',
  'DW_NOT_FOUND',
  'DW_NO_SESSION',
  'DW_BUSY',
  'DW_OFFLINE',
  'DW_UNKNOWN_OUTCOME',
  'DW_TIMEOUT',
])

/** And with what where something was broken on purpose. */
const BROKEN = new Set(['DW_GIT', 'DW_REMOTE'])

/** A command says nothing that did not happen, and breaks nowhere. */
export function checkAnswer({ calls, arbiter, report }: Whole, event: Answered, at: number): void {
  const { code, thrown, excused, said } = event.answer
  if (code === null || ORDINARY.has(code)) return
  if (excused === true && BROKEN.has(code)) return
  const made = calls.get(event.call)
  if (made !== undefined && isClaim(made.call) && mayHaveLanded(code)) return
  if (arbiter.wasEmptied && code === 'DW_REMOTE_RESET') return
  const kind = made?.call.kind ?? 'a command'
  report('answer', `${kind} said ${code}${(thrown ?? said === undefined) ? '' : `: ${thrown ?? said}`}`, at)
}

/** Whether a claim that ended so says that a lock may be there, or is, and how to find out. */
function mayHaveLanded(code: string): boolean {
  return code === 'DW_UNKNOWN_OUTCOME' || code === 'DW_GIT'
}

/** A refused claim leaves no lock, now or later. */
export function checkRefused({ calls, history, arbiter, report }: Whole, event: Answered, at: number): void {
  const made = calls.get(event.call)
  const { code } = event.answer
  if (made === undefined || !isClaim(made.call) || code === null || mayHaveLanded(code)) return
  const { session, claim, keys } = made.call
  // what stood before the arbiter was emptied is put back, whoever was told what meanwhile
  if (claim === undefined || session === null || arbiter.wasEmptied) return
  // another process of the same session may have been told that it holds it
  const others = (place: string) => calls.claimedBeside(made, place)
  const isIts = (lock: { session: string; claim: string; place: string } | null) =>
    lock !== null &&
    lock.session === session &&
    lock.claim === claim &&
    keys.some((key) => covers(key, lock.place)) &&
    !others(lock.place)
  const now = arbiter.locks().find(isIts)
  if (now !== undefined)
    report('refused', `the claim of ${session} was refused, and ${now.place} is there`, at)
  let isEmptied = false
  for (const later of history.events.slice(at)) {
    isEmptied ||= later.kind === 'arbiter emptied'
    if (later.kind !== 'arbiter moved' || later.move.to === null) continue
    const lock = arbiter.lock(later.move.ref, later.move.to)
    // what stood before comes back with a clone that has not heard of its end
    if (isIts(lock) && !(isEmptied && arbiter.hasStood(later.move.to)))
      report('refused', `the claim of ${session} was refused, and ${lock?.place} came later`, at)
  }
}
