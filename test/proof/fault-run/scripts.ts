import type { Fault, Operation, Plan, Scene } from './plan.ts'

type Did = Extract<Scene, { kind: 'do' }>

const HOURS = 3600

/**
 * For each of the builds that are wrong on purpose, by its name in {@link file://../faults.ts}: what brings it to
 * light as a real program, in a few commands and without luck.
 */
export const SCRIPTS: Readonly<Record<string, Plan>> = {
  'a fence that does not move': script(does('claim', 'a'), does('claim', 'e')),

  // two pushes of the same session from the same state, of which the first is cut short after the session's record
  'records without a nonce': script(
    does('claim', 'x'),
    pass(-1),
    { ...does('claim', 'a'), fault: killedInCommit('remote', 'log') },
    does('claim', 'e'),
  ),

  'base moved before local': script(
    does('claim', 'x'),
    { ...does('claim', 'a'), fault: killedAfter('update-ref') },
    does('sync'),
  ),

  'local and base moved in one transaction': script(
    does('claim', 'x'),
    { ...does('claim', 'a'), fault: killedInCommit('clone', 'active') },
    does('sync'),
  ),

  'a lock pushed without its session': script(does('claim', 'a')),

  'a lock released without its session': script(does('claim', 'a'), does('release', 'a')),

  'locks committed before the session': script(does('claim', 'a', 1), does('sync'), does('steal', 'a')),

  // the first push is a dry run
  'a push that is tried again without being judged again': script(does('claim', 'a'), does('sync', '', 1), {
    ...does('push', 'a'),
    fault: held('push', 2, 'before'),
    meanwhile: [does('steal', 'a', 1)],
  }),

  'base and local read after the fetch': script(does('claim', 'a'), {
    ...does('sync'),
    fault: held('fetch', 1, 'after'),
    meanwhile: [does('claim', 'e')],
  }),

  'a revocation dropped in merging': script(
    does('claim', 'a', 1),
    does('steal', 'a'),
    does('beat', '', 1),
    does('sync', '', 1),
  ),

  'deletion believed from an empty arbiter': script(
    does('claim', 'a'),
    { kind: 'empty' },
    does('share again'),
    does('share again', '', 1),
  ),

  // by the other's clock, three hours ahead, it has been silent for eight
  'leases judged by the wall clock only': script(
    does('claim', 'e'),
    does('sync', '', 1),
    pass(320),
    does('claim', 'e', 1),
  ),
}

/** What the product alone goes through, how its commands end, and whether a server is killed amid a transaction. */
export interface SoundScript {
  readonly plan: Plan
  readonly ends: Readonly<Record<string, number>>
  readonly cut?: true
}

/** Ben's session, of which the remote has not heard, takes over Anna's lock, and comes no further than the lock. */
const HALF_TAKEN: readonly Scene[] = [
  does('claim', 'a', 1, 300),
  { ...does('sync'), seat: 'before' },
  pass(400),
  // git writes what is there already before what is new
  { ...does('claim', 'a'), fault: killedInCommit('remote', 'active') },
  does('sync', '', 1),
]

export const SOUND: Readonly<Record<string, SoundScript>> = {
  'a lock that is taken over stands without its new session, which comes back': {
    plan: script(
      ...HALF_TAKEN,
      does('sync'),
      { ...does('claim', 'a', 1), seat: 'another' },
      does('claim', 'a'),
      does('push', 'a'),
    ),
    ends: { 'claim: killed': 1, 'claim: DW_LOCKED': 1, 'push: done': 1 },
    cut: true,
  },
  'a lock that is taken over stands without its new session, and another takes it': {
    plan: script(
      ...HALF_TAKEN,
      { ...does('claim', 'a', 1), seat: 'another' },
      does('sync'),
      does('push', 'a'),
      {
        ...does('push', 'a', 1),
        seat: 'another',
      },
    ),
    ends: { 'claim: killed': 1, 'claim: done': 2, 'push: done': 1 },
    cut: true,
  },
  // the lock goes out with its session or not at all
  'a session moves here while a sync merges it, and a lock of it was given up without the remote': {
    plan: script(
      does('claim', 'a'),
      does('claim', 'e'),
      { ...does('release', 'a'), fault: { kind: 'no connection' } },
      does('steal', 'e', 1),
      { ...does('sync'), fault: held('update-ref', 1, 'before'), meanwhile: [does('beat')] },
    ),
    ends: { 'release: done': 1, 'steal: done': 1, 'beat: done': 1, 'sync: done': 1 },
  },
}

function script(...scenes: readonly Scene[]): Plan {
  return { seed: 0, clocks: [0, 3], remoteTimeout: 120, workers: [], scenes }
}

function does(kind: Operation['kind'], key = '', clone = 0, ttl = 8 * HOURS): Did {
  return { kind: 'do', clone, operation: { kind, keys: key === '' ? [] : [key], ttl } }
}

function pass(minutes: number): Scene {
  return { kind: 'pass', minutes }
}

function killedAfter(of: string): Fault {
  return { kind: 'killed at git', of, nth: 1, what: 'client dies after', after: 0 }
}

function killedInCommit(where: 'clone' | 'remote', at: 'active' | 'log'): Fault {
  return { kind: 'killed in a commit', where, at }
}

function held(of: string, nth: number, when: 'before' | 'after'): Fault {
  return { kind: 'held at git', of, nth, when }
}
