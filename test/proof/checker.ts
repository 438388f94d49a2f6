import { Arbiter } from './checker/arbiter.ts'
import { Calls } from './checker/calls.ts'
import { checkAcknowledged, checkLost, checkRemoval } from './checker/claims.ts'
import { checkFinal } from './checker/final.ts'
import { checkPush } from './checker/pushes.ts'
import { checkGuard, checkRecord } from './checker/records.ts'
import { checkAnswer, checkRefused } from './checker/refusals.ts'
import type { Report, Violation } from './checker/report.ts'
import type { Event, History } from './history.ts'

export type { Violation } from './checker/report.ts'

/**
 * Judges a run by what was seen from outside (design §1), without the product's own code:
 *
 * - two overlapping keys are never held by two sessions that could both push;
 * - an acknowledged claim is there until it is released, stolen, ended, or expired by the rule;
 * - a refused claim never appears;
 * - no branch lands with a revoked fence;
 * - no lease is taken from a session that renewed in time;
 * - fence and rev only grow, and no lock changes without its session's fence;
 * - what a session lost stays noted until it holds it again, or has ended;
 * - after a last sync all clones and the arbiter agree, ref by ref;
 * - a command says nothing that did not happen.
 *
 * An arbiter that was emptied answers for nothing until all is put back: then only the last sentences count.
 */
export function check(history: History): readonly Violation[] {
  const violations: Violation[] = []
  const report: Report = (sentence, what, at) => violations.push({ sentence, what, at })
  const calls = new Calls()
  const arbiter = new Arbiter(history)
  const whole = { history, calls, arbiter, report }
  for (const [at, event] of history.events.entries()) judge(whole, event, at)
  if (history.final !== null) {
    checkFinal(history, report)
    if (arbiter.wasEmptied) checkLost(whole)
  }
  return violations
}

/** All that a sentence may look at. */
export interface Whole {
  readonly history: History
  readonly calls: Calls
  readonly arbiter: Arbiter
  readonly report: Report
}

function judge(whole: Whole, event: Event, at: number): void {
  const { calls, arbiter } = whole
  switch (event.kind) {
    case 'called':
      calls.called(event.call, at)
      return
    case 'killed':
      calls.over(event.call, null, at)
      return
    case 'answered':
      calls.over(event.call, event.answer, at)
      checkAnswer(whole, event, at)
      checkAcknowledged(whole, event, at)
      checkRefused(whole, event, at)
      return
    case 'arbiter emptied':
      arbiter.empty(calls)
      return
    case 'clone moved':
      checkRecord(whole, event.clone, event.move, at)
      return
    case 'arbiter moved': {
      const { move } = event
      if (!arbiter.wasEmptied) {
        checkRecord(whole, 'the arbiter', move, at)
        checkGuard(whole, event, at)
        checkRemoval(whole, event, at)
        checkPush(whole, event, at)
      }
      arbiter.moved(event, at)
    }
  }
}
