import { mergeIntoEnded, mergeLogs, mergeSessions } from '../domain/merge.ts'
import type { Timestamp } from '../domain/record.ts'
import { MAX_LOG_EVENTS } from '../store/codec.ts'
import { ACTIVE_REF, ENDED_REF, LOCKS_REF, type RefName } from '../store/ref-names.ts'
import { planLocks } from './plan-locks.ts'
import {
  type Becomes,
  isContested,
  isSame,
  type Plan,
  type ReadSide,
  recordOf,
  sessionOf,
  type View,
} from './views.ts'

const LOG = 'refs/dw/log/'

/**
 * Decides, ref by ref, what a sync does (design §7). `views` are all refs of both sides, also those that
 * agree; nothing is read but through `read`. `now` is what revocations of lost locks are dated.
 */
export function planSync(views: ReadonlyMap<RefName, View>, read: ReadSide, now: Timestamp): Plan {
  const steps = new Map<RefName, { view: View; becomes: Becomes }>()
  const unreadable: RefName[] = []
  for (const view of views.values()) {
    if (isSame(view)) continue
    const becomes = isContested(view) ? contested(view, views, read) : plain(view, views, read)
    if (becomes === null) unreadable.push(view.ref)
    else steps.set(view.ref, { view, becomes })
  }
  for (const view of views.values()) {
    if (view.ref.startsWith(`${ENDED_REF}/`)) uniteEnded(view, views, read, steps)
  }
  const lost = planLocks({ views, read, steps, unreadable, now })
  return { steps, lost, unreadable }
}

/** At most one side has changed it. Null for a record that was damaged here. */
function plain(view: View, views: ReadonlyMap<RefName, View>, read: ReadSide): Becomes | null {
  const { ref, base, local, remote } = view
  // logs that only one side has changed are not read at all
  if (local !== base && local !== remote && isBroken(view, 'local', read) && !ref.startsWith(LOG)) return null
  if (isEndBroken(view, views, read)) return null
  if (cameAfterItsEnd(view, views, read)) return 'nothing'
  // a session that has ended here does not live again because the arbiter has not heard of it
  const isOver = ref.startsWith(`${ACTIVE_REF}/`) && local === null && remote !== null
  if (isOver && views.get(endedTwin(ref))?.local) return 'local'
  return local === base ? 'remote' : 'local'
}

/** Both sides have changed it: by kind. Null when a record of it cannot be read: then it is left alone. */
function contested(view: View, views: ReadonlyMap<RefName, View>, read: ReadSide): Becomes | null {
  const { ref, local, remote } = view
  if (ref.startsWith(`${ACTIVE_REF}/`)) return contestedActive(view, views, read)
  // what cannot be read is never overwritten (design §4)
  if (isBroken(view, 'local', read)) return null
  if (ref.startsWith(`${LOCKS_REF}/`)) return 'remote'
  if (ref.startsWith(`${ENDED_REF}/`)) {
    return local === null || remote === null ? 'remote' : mergedSession(view, read)
  }
  if (!ref.startsWith(LOG)) return 'remote'
  if (local === null || remote === null) return local === null ? 'remote' : 'local'
  const [mine, theirs] = [read(view, 'local'), read(view, 'remote')]
  if (mine?.kind !== 'log' || theirs?.kind !== 'log') return null
  return { kind: 'log', events: mergeLogs(mine.events, theirs.events, MAX_LOG_EVENTS) }
}

/** Whether there is something on a side that cannot be read. */
function isBroken(view: View, side: 'local' | 'remote', read: ReadSide): boolean {
  return view[side] !== null && read(view, side) === null
}

function contestedActive(view: View, views: ReadonlyMap<RefName, View>, read: ReadSide): Becomes | null {
  if (isBroken(view, 'remote', read) || isEndBroken(view, views, read)) return null
  const ended = views.get(endedTwin(view.ref))
  if (cameAfterItsEnd(view, views, read)) return 'nothing'
  // ended wins, on whichever side (design §3)
  if (ended?.remote) return view.local === null ? 'local' : 'remote'
  if (isBroken(view, 'local', read)) return null
  if (view.local === null) return ended?.local ? 'local' : 'remote'
  return view.remote === null ? 'local' : mergedSession(view, read)
}

/** Whether a live record would go for an end whose record cannot be read here. */
function isEndBroken({ ref, local }: View, views: ReadonlyMap<RefName, View>, read: ReadSide): boolean {
  const ended = ref.startsWith(`${ACTIVE_REF}/`) && local === null ? views.get(endedTwin(ref)) : undefined
  // one that both sides have is not read
  return ended !== undefined && !isSame(ended) && isBroken(ended, 'local', read)
}

/**
 * Whether the arbiter has an older record than it had before of a session that has ended there: a push of its
 * first record, leased on there being none, was on its way meanwhile.
 */
export function cameAfterItsEnd(view: View, views: ReadonlyMap<RefName, View>, read: ReadSide): boolean {
  if (!view.ref.startsWith(`${ACTIVE_REF}/`) || !views.get(endedTwin(view.ref))?.remote) return false
  const [before, now] = [sessionOf(read(view, 'base')), sessionOf(read(view, 'remote'))]
  if (before === null || now === null || now.fence > before.fence) return false
  // heartbeats leave the fence as it is
  return now.fence < before.fence || now.lastActivity < before.lastActivity
}

function mergedSession(view: View, read: ReadSide): Becomes | null {
  const [base, local, remote] = (['base', 'local', 'remote'] as const).map((side) =>
    sessionOf(read(view, side)),
  )
  return local && remote ? mergeSessions({ base: base ?? null, local, remote }) : null
}

/** What the losing live record was noted on since, goes on in the ended one. */
function uniteEnded(
  view: View,
  views: ReadonlyMap<RefName, View>,
  read: ReadSide,
  steps: Map<RefName, { view: View; becomes: Becomes }>,
): void {
  const live = views.get(activeTwin(view.ref))
  if (live === undefined || !isContested(live)) return
  const becomes = steps.get(view.ref)?.becomes
  if (becomes === undefined) return
  const ended = sessionOf(recordOf(view, becomes, read))
  const isLocal = live.remote === null || cameAfterItsEnd(live, views, read)
  const loser = sessionOf(read(live, isLocal ? 'local' : 'remote'))
  if (ended === null || loser === null) return
  const united = mergeIntoEnded(ended, loser, sessionOf(read(live, 'base')))
  const isNews = united.revoked.length > ended.revoked.length || becomes !== 'remote'
  if (isNews) steps.set(view.ref, { view, becomes: united })
}

function endedTwin(active: RefName): RefName {
  return `${ENDED_REF}/${active.slice(ACTIVE_REF.length + 1)}`
}

function activeTwin(ended: RefName): RefName {
  return `${ACTIVE_REF}/${ended.slice(ENDED_REF.length + 1)}`
}
