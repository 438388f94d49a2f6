/** The settings that decide how often a clone speaks to the arbiter, in seconds (design §5, docs/sharing.md). */
export interface Pacing {
  readonly heartbeatInterval: number
  readonly lockTtl: number
  readonly sessionTtl: number
}

/** What one clone's people and agents do, while they work. */
export interface Work {
  /** Commands of git dw an hour, each of which may heartbeat and start a background sync. */
  readonly commands: number
  /** Claims, releases, ends and fenced pushes an hour: each is one push. */
  readonly changes: number
  /** Which share of changes looks at the arbiter first: fenced pushes, steals, and what another holds. */
  readonly looks: number
}

/** What the arbiter is asked in a minute. */
export interface Load {
  readonly pushes: number
  readonly fetches: number
}

/** The defaults of the product. */
export const DEFAULTS: Pacing = { heartbeatInterval: 900, lockTtl: 7200, sessionTtl: 86_400 }

/** An agent at work: a command every two minutes, six changes an hour, three in ten look at the arbiter first. */
export const BUSY: Work = { commands: 30, changes: 6, looks: 0.3 }

/** Seconds between two heartbeats of a session that is heard from all the time. */
export function heartbeatPeriod({ heartbeatInterval, lockTtl, sessionTtl }: Pacing): number {
  return Math.min(heartbeatInterval, lockTtl / 4, sessionTtl / 4)
}

/** Seconds after which a command starts a background sync: a quarter of the shortest ttl. */
export function syncPeriod({ lockTtl, sessionTtl }: Pacing): number {
  return Math.min(lockTtl, sessionTtl) / 4
}

/**
 * Steps through `minutes` of `clones` that work at random moments: commands heartbeat when that is due, and
 * sync in the background when the last exchange is old enough; a sync fetches, and pushes where a heartbeat
 * waits. A change is a push at once, carries the heartbeat, and is no exchange of all records. `random` is from 0 to 1.
 */
export function simulate(
  clones: number,
  pacing: Pacing,
  work: Work,
  minutes: number,
  random: () => number,
): Load {
  let pushes = 0
  let fetches = 0
  const [beat, sync] = [heartbeatPeriod(pacing), syncPeriod(pacing)]
  const end = minutes * 60
  for (let clone = 0; clone < clones; clone += 1) {
    // a warm-up as long as the longest period, so that clones are not in step
    let heard = -random() * beat
    let exchanged = -random() * sync
    let waits = false
    let now = -Math.max(beat, sync)
    for (;;) {
      now += pause(work.commands, random)
      if (now >= end) break
      const counts = now >= 0 ? 1 : 0
      if (random() < work.changes / work.commands) {
        pushes += counts
        heard = now
        waits = false
        if (random() < work.looks) fetches += counts
      } else if (now - heard >= beat) {
        heard = now
        waits = true
      }
      if (now - exchanged >= sync) {
        fetches += counts
        if (waits) pushes += counts
        waits = false
        exchanged = now
      }
    }
  }
  return { pushes: pushes / minutes, fetches: fetches / minutes }
}

/** Seconds until the next of events that come `hourly` times an hour, at any moment alike. */
function pause(hourly: number, random: () => number): number {
  return (-Math.log(1 - random()) * 3600) / hourly
}

/** How many clones of such work keep within `limit` pushes a minute. */
export function clonesWithin(limit: number, pacing: Pacing, work: Work, random: () => number): number {
  const { pushes } = simulate(1000, pacing, work, 120, random)
  return Math.floor((limit * 1000) / pushes)
}

/** A generator that gives the same numbers every time (mulberry32). */
export function seeded(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
